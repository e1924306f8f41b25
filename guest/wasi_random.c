/* WASI: randomness, from the kernel or made up. Runs in the confined child. */
#include "guest/wasi_call.h"

#include <errno.h>
#include <sys/random.h>

/* (buf, buf_len) */
enum wasi_errno
wasi_random_get(struct wasi_call *c, const uint64_t *args)
{
	size_t left = arg_u32(args[1]);
	uint8_t *buf = wasi_mem(c, arg_u32(args[0]), left, 1);
	ssize_t n;

	if (buf == NULL)
		return WASI_EFAULT;
	if (wasi_is_deterministic(c->w)) {
		wasi_virtual_random(&c->w->virtual, buf, left);
		return WASI_ESUCCESS;
	}
	while (left > 0) {
		n = getrandom(buf, left, 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return WASI_EIO;
		buf += n;
		left -= (size_t)n;
	}
	return WASI_ESUCCESS;
}
