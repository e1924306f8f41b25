/* WASI: sockets, of which the guest has none. Runs in the confined child. */
#include "guest/wasi_call.h"

/* (fd, ...) */
enum wasi_errno
wasi_sock_refuse(struct wasi_call *c, const uint64_t *args)
{
	return wasi_fd_get(c->w, arg_u32(args[0])) == NULL ?
		WASI_EBADF : WASI_ENOTSOCK;
}
