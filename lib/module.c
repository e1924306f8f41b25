/* A module's bytes on their way to the daemon. */
#include "config.h"

#include "lib/module.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "proto/proto.h"

#define MODULE_FEW (64u << 10)

/* Sealed, it is used as it is. */
static int
module_fill(int fd, const void *bytes, size_t len)
{
	return fd == -1 || fd_write_all(fd, bytes, len) == -1 ? -1 :
		fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW |
			F_SEAL_SHRINK | F_SEAL_SEAL);
}

int
module_open(struct module *m, const void *bytes, size_t len, int fd,
	struct err *err)
{
	*m = MODULE_NONE;
	if (bytes == NULL) {
		m->fd = fd;
		return 0;
	}
	if (len <= MODULE_FEW)
		return 0;
	m->own = memfd_create("module", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (module_fill(m->own, bytes, len) == 0) {
		m->fd = m->own;
		return 0;
	}
	err_set(err, PROTO_ERROR_INTERNAL, "cannot pass the module: %s",
		strerror(errno));
	module_close(m);
	return -1;
}

void
module_close(struct module *m)
{
	fd_close(&m->own);
}
