/*
 * WASI: an open file, and the attributes of files and directories. Runs in the
 * confined child, of a call that was granted directories. Files are read and
 * written here, by the descriptors that the broker gave; what takes a path, and
 * all of directories, is asked of the broker.
 */
#include "config.h"

#include "guest/wasi_call.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/files.h"
#include "guest/io.h"
#include "sandbox/call.h"

/* Several buffers up to this size together are one system call and a copy:
 * cheaper than a call for each, and a write that nothing comes between. */
#define TOGETHER_MAX FRAME_DATA_MAX

enum wasi_errno
wasi_errno_of(int error)
{
	/* Names that Linux has not. */
	enum { ESUCCESS = 0, ENOTCAPABLE = EHWPOISON + 1 };
	static const uint8_t table[ENOTCAPABLE + 1] = {
#define WASI_ERRNO(id) [E##id] = WASI_E##id,
#include "guest/wasi_errno.def"
#undef WASI_ERRNO
	};

	if (error == 0)
		return WASI_ESUCCESS;
	if (error < 0 || error >= ENOTCAPABLE || table[error] == 0)
		return WASI_EIO;
	return (enum wasi_errno)table[error];
}

/* FIFOs have no type. */
enum wasi_filetype
wasi_filetype_of(uint32_t type)
{
	switch (type) {
	case S_IFBLK:
		return WASI_FILETYPE_BLOCK_DEVICE;
	case S_IFCHR:
		return WASI_FILETYPE_CHARACTER_DEVICE;
	case S_IFDIR:
		return WASI_FILETYPE_DIRECTORY;
	case S_IFREG:
		return WASI_FILETYPE_REGULAR_FILE;
	case S_IFLNK:
		return WASI_FILETYPE_SYMBOLIC_LINK;
	case S_IFSOCK:
		return WASI_FILETYPE_SOCKET_STREAM;
	default:
		return WASI_FILETYPE_UNKNOWN;
	}
}

void
wasi_file_close(struct wasi_fd *fd)
{
	struct broker_request r = {
		.op = BROKER_OP_CLOSE, .dir[0] = fd->handle,
	};
	struct files_answer a;

	if (fd->kind == WASI_FD_FILE || fd->kind == WASI_FD_SOCKET)
		close((int)fd->handle);
	else if (fd->kind == WASI_FD_DIR || fd->kind == WASI_FD_LISTENER)
		files_ask(&r, NULL, 0, -1, &a);
}

/* ---- reading and writing ----------------------------------------------- */

static ssize_t
read_at(const struct wasi_fd *fd, void *data, size_t len, int64_t offset)
{
	return offset == -1 ? read((int)fd->handle, data, len) :
		pread((int)fd->handle, data, len, offset);
}

static ssize_t
write_at(const struct wasi_fd *fd, const void *data, size_t len, int64_t offset)
{
	return offset == -1 ? write((int)fd->handle, data, len) :
		pwrite((int)fd->handle, data, len, offset);
}

static bool
iovs_go_together(const struct wasi_iovs *iovs)
{
	return iovs->count > 1 && iovs->total <= TOGETHER_MAX;
}

static enum wasi_errno
read_together(struct wasi_call *c, const struct wasi_fd *fd,
	const struct wasi_iovs *iovs, int64_t offset, uint32_t *done)
{
	uint8_t *from = guest_io_gather(c->w->io, iovs->total);
	ssize_t n = read_at(fd, from, iovs->total, offset);
	size_t left = n == -1 ? 0 : (size_t)n;

	if (n == -1)
		return wasi_errno_of(errno);
	for (uint32_t i = 0; left > 0; i++) {
		size_t len = iovs->v[i].len < left ? iovs->v[i].len : left;

		memcpy(iovs->v[i].data, from, len);
		from += len;
		left -= len;
	}
	*done = (uint32_t)n;
	return WASI_ESUCCESS;
}

static enum wasi_errno
write_together(struct wasi_call *c, const struct wasi_fd *fd,
	const struct wasi_iovs *iovs, int64_t offset, uint32_t *done)
{
	uint8_t *gathered = guest_io_gather(c->w->io, iovs->total);
	size_t len = 0;
	ssize_t n;

	for (uint32_t i = 0; i < iovs->count; i++) {
		memcpy(gathered + len, iovs->v[i].data, iovs->v[i].len);
		len += iovs->v[i].len;
	}
	n = write_at(fd, gathered, len, offset);
	if (n == -1)
		return wasi_errno_of(errno);
	*done = (uint32_t)n;
	return WASI_ESUCCESS;
}

/*
 * One system call per buffer, until one is short. A FIFO is not asked a second
 * time, which could block although there was something. An error behind bytes
 * that went well comes with the next call.
 */
static enum wasi_errno
transfer_each(const struct wasi_fd *fd, const struct wasi_iovs *iovs,
	int64_t offset, bool is_write, uint32_t *done)
{
	*done = 0;
	for (uint32_t i = 0; i < iovs->count; i++) {
		const struct wasi_buffer *b = &iovs->v[i];
		int64_t at = offset == -1 ? -1 : offset + *done;
		ssize_t n = is_write ? write_at(fd, b->data, b->len, at) :
			read_at(fd, b->data, b->len, at);

		if (n == -1 && *done == 0)
			return wasi_errno_of(errno);
		if (n > 0)
			*done += (uint32_t)n;
		if (n < (ssize_t)b->len ||
		    fd->filetype != WASI_FILETYPE_REGULAR_FILE)
			break;
	}
	return WASI_ESUCCESS;
}

enum wasi_errno
wasi_file_read(struct wasi_call *c, const struct wasi_fd *fd,
	const struct wasi_iovs *iovs, int64_t offset, uint32_t *done)
{
	if (iovs_go_together(iovs))
		return read_together(c, fd, iovs, offset, done);
	return transfer_each(fd, iovs, offset, false, done);
}

enum wasi_errno
wasi_file_write(struct wasi_call *c, const struct wasi_fd *fd,
	const struct wasi_iovs *iovs, int64_t offset, uint32_t *done)
{
	if (iovs_go_together(iovs))
		return write_together(c, fd, iovs, offset, done);
	return transfer_each(fd, iovs, offset, true, done);
}

uint64_t
wasi_file_left(const struct wasi_fd *fd)
{
	off_t at = lseek((int)fd->handle, 0, SEEK_CUR);
	struct broker_stat st;

	if (at == -1 || files_stat((int)fd->handle, &st) == -1 ||
	    st.size < (uint64_t)at)
		return 0;
	return st.size - (uint64_t)at;
}

/* ---- attributes -------------------------------------------------------- */

enum wasi_errno
wasi_fd_stat(const struct wasi_fd *fd, struct broker_stat *st)
{
	struct broker_request r = {
		.op = BROKER_OP_STAT, .dir[0] = fd->handle,
	};
	const struct files_path itself = { "", 0 };
	struct files_answer a;
	int error;

	if (fd->kind == WASI_FD_LISTENER) {
		*st = (struct broker_stat){ .nlink = 1, .type = S_IFSOCK };
		return WASI_ESUCCESS;
	}
	if (fd->kind != WASI_FD_DIR)
		return files_stat((int)fd->handle, st) == -1 ?
			wasi_errno_of(errno) : WASI_ESUCCESS;
	error = files_ask(&r, &itself, 1, -1, &a);
	*st = a.head.stat;
	return wasi_errno_of(error);
}

enum wasi_errno
wasi_stat_store(struct wasi_call *c, uint64_t addr,
	const struct broker_stat *st)
{
	const struct wasi_filestat stat = {
		.dev = st->dev, .ino = st->ino,
		.filetype = wasi_filetype_of(st->type),
		.nlink = st->nlink, .size = st->size,
		.atim = st->atime, .mtim = st->mtime, .ctim = st->ctime,
	};

	return wasi_mem_store(c, arg_u32(addr), &stat, sizeof(stat));
}

enum wasi_errno
wasi_stat_store_unstable(struct wasi_call *c, uint64_t addr,
	const struct broker_stat *st)
{
	const struct wasi_filestat_unstable stat = {
		.dev = st->dev, .ino = st->ino,
		.filetype = wasi_filetype_of(st->type),
		.nlink = (uint32_t)st->nlink, .size = st->size,
		.atim = st->atime, .mtim = st->mtime, .ctim = st->ctime,
	};

	return wasi_mem_store(c, arg_u32(addr), &stat, sizeof(stat));
}

enum wasi_errno
wasi_time_flags(uint64_t fstflags, uint32_t *flags)
{
	const uint32_t f = arg_u32(fstflags);
	const uint32_t atime = WASI_FSTFLAG_ATIM | WASI_FSTFLAG_ATIM_NOW;
	const uint32_t mtime = WASI_FSTFLAG_MTIM | WASI_FSTFLAG_MTIM_NOW;

	if ((f & ~(atime | mtime)) != 0 || (f & atime) == atime ||
	    (f & mtime) == mtime)
		return WASI_EINVAL;
	*flags = ((f & WASI_FSTFLAG_ATIM) != 0 ? BROKER_ATIME : 0) |
		((f & WASI_FSTFLAG_ATIM_NOW) != 0 ? BROKER_ATIME_NOW : 0) |
		((f & WASI_FSTFLAG_MTIM) != 0 ? BROKER_MTIME : 0) |
		((f & WASI_FSTFLAG_MTIM_NOW) != 0 ? BROKER_MTIME_NOW : 0);
	return WASI_ESUCCESS;
}

/* (fd, atim, mtim, flags) */
enum wasi_errno
wasi_fd_filestat_set_times(struct wasi_call *c, const uint64_t *args)
{
	struct broker_request r = { .number = { args[1], args[2] } };
	const struct files_path itself = { "", 0 };
	struct files_answer a;
	struct wasi_fd *fd;
	enum wasi_errno e;
	bool is_dir;

	e = wasi_fd_get_file(c->w, args[0], WASI_RIGHT_FD_FILESTAT_SET_TIMES,
		WASI_ENOTSUP, &fd);
	if (e == 0)
		e = wasi_time_flags(args[3], &r.flags);
	if (e != 0)
		return e;
	is_dir = fd->kind == WASI_FD_DIR;
	r.op = is_dir ? BROKER_OP_TIMES : BROKER_OP_FILE_TIMES;
	r.dir[0] = is_dir ? fd->handle : 0;
	return wasi_errno_of(files_ask(&r, &itself, is_dir ? 1 : 0,
		is_dir ? -1 : (int)fd->handle, &a));
}
