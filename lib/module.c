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
#include "lib/error.h"
#include "proto/proto.h"

#define MODULE_FEW (64u << 10)

#define MODULE_MAX ((uint64_t)1 << 30)	/* more than any daemon takes */

/* Sealed, it is used as it is. Both keep errno. */
static int
module_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW |
		F_SEAL_SHRINK | F_SEAL_SEAL);
}

static int
module_memfd(void)
{
	return memfd_create("module", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

/* All that can be read. -1 with errno. */
static int
module_copy(int from, int to)
{
	char data[65536];
	uint64_t total = 0;
	ssize_t n;

	while ((n = read(from, data, sizeof(data))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 || fd_write_all(to, data, (size_t)n) == -1)
			return -1;
		total += (uint64_t)n;
		if (total > MODULE_MAX) {
			errno = EFBIG;
			return -1;
		}
	}
	return 0;
}

int
wasmd_module_copy(int fd, struct wasmd_error *error)
{
	struct err err = ERR_NONE;
	int copy = module_memfd();

	if (copy != -1 && module_copy(fd, copy) == 0 && module_seal(copy) == 0)
		return copy;
	err_set(&err, PROTO_ERROR_INTERNAL, "cannot read the module: %s",
		strerror(errno));
	fd_close(&copy);
	return error_give(error, &err);
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
	m->own = module_memfd();
	if (m->own != -1 && fd_write_all(m->own, bytes, len) == 0 &&
	    module_seal(m->own) == 0) {
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
