/* A module's bytes on their way to the daemon. */
#include "config.h"

#include "lib/module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "lib/wasmd.h"
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

void
module_close(struct module *m)
{
	free(m->copy);
	m->copy = NULL;
	fd_close(&m->own);
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
	m->bytes = bytes;
	m->len = len;
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

static int
module_check_inline(uint64_t len, struct err *err)
{
	return len <= WASMD_INLINE_MAX ? 0 : err_set(err, PROTO_ERROR_TOO_LARGE,
		"a module of more than %d bytes has to be put before it is "
		"submitted to another machine", WASMD_INLINE_MAX);
}

static int
module_read(struct module *m, int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_set(err, PROTO_ERROR_USAGE,
			"cannot read the module: %s", strerror(errno));
	if (module_check_inline((uint64_t)st.st_size, err) == -1)
		return -1;
	m->bytes = m->copy = malloc((size_t)st.st_size + 1);
	if (m->copy == NULL)
		return err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
	m->len = (size_t)st.st_size;
	if (pread(fd, m->copy, m->len, 0) == st.st_size)
		return 0;
	module_close(m);
	return err_set(err, PROTO_ERROR_INTERNAL, "cannot read the module: %s",
		strerror(errno));
}

int
module_open_bytes(struct module *m, const void *bytes, size_t len, int fd,
	struct err *err)
{
	*m = MODULE_NONE;
	if (bytes == NULL)
		return module_read(m, fd, err);
	m->bytes = bytes;
	m->len = len;
	return module_check_inline(len, err);
}
