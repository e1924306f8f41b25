/*
 * WASI: the descriptor table and what is done with a descriptor. Runs in the
 * confined child. There are the three standard streams and nothing else;
 * reading and writing goes to guest/io.h, never buffered here.
 */
#include "guest/wasi_call.h"

#include <string.h>

#include "guest/io.h"
#include "sandbox/call.h"

/* What can be done with each stream. wasi-libc takes a character device
 * without the rights to seek and tell for a terminal. */
#define RIGHTS_STREAM (WASI_RIGHT_FD_FDSTAT_SET_FLAGS | \
	WASI_RIGHT_FD_FILESTAT_GET | WASI_RIGHT_POLL_FD_READWRITE)

static uint64_t
stream_rights(unsigned stream)
{
	return RIGHTS_STREAM |
		(stream == 0 ? WASI_RIGHT_FD_READ : WASI_RIGHT_FD_WRITE);
}

#define STDIN 0

#define FDFLAGS_SETTABLE (WASI_FDFLAG_APPEND | WASI_FDFLAG_NONBLOCK)

/* Several buffers up to this size together leave as one write, so that a line
 * which a program put together from pieces arrives in one piece. */
#define GATHER_MAX 4096

void
wasi_fd_init(struct wasi *w)
{
	for (uint8_t i = 0; i < WASI_FDS; i++)
		w->fds[i] = (struct wasi_fd){
			.open = (w->call->closed >> i & 1) == 0,
			.stream = i, .rights = stream_rights(i),
		};
}

struct wasi_fd *
wasi_fd_get(struct wasi *w, uint32_t fd)
{
	if (fd >= WASI_FDS || !w->fds[fd].open)
		return NULL;
	return &w->fds[fd];
}

enum wasi_errno
wasi_fd_get_for(struct wasi *w, uint32_t fd, uint64_t rights,
	struct wasi_fd **out)
{
	struct wasi_fd *f = wasi_fd_get(w, fd);

	if (f == NULL || (rights & ~stream_rights(f->stream)) != 0)
		return WASI_EBADF;
	if ((rights & ~f->rights) != 0)
		return WASI_ENOTCAPABLE;
	*out = f;
	return WASI_ESUCCESS;
}

/* What no stream can do: WASI_EBADF if it is not even open, or e. */
static enum wasi_errno
refuse(struct wasi_call *c, uint64_t fd, enum wasi_errno e)
{
	return wasi_fd_get(c->w, arg_u32(fd)) == NULL ? WASI_EBADF : e;
}

static enum wasi_filetype
stream_filetype(const struct wasi *w, unsigned stream)
{
	return (w->call->tty >> stream & 1) != 0 ?
		WASI_FILETYPE_CHARACTER_DEVICE : WASI_FILETYPE_UNKNOWN;
}

/* ---- reading and writing ----------------------------------------------- */

/* 0, or -1 when the output limit is passed. */
static int
write_iovs(struct guest_io *io, int stream, const struct wasi_iovs *iovs)
{
	size_t at = 0;

	if (iovs->count > 1 && iovs->total <= GATHER_MAX) {
		uint8_t *gathered = guest_io_gather(io, iovs->total);

		for (uint32_t i = 0; i < iovs->count; i++) {
			memcpy(gathered + at, iovs->v[i].data, iovs->v[i].len);
			at += iovs->v[i].len;
		}
		return guest_io_write(io, stream, gathered, at);
	}
	for (uint32_t i = 0; i < iovs->count; i++)
		if (guest_io_write(io, stream, iovs->v[i].data,
		    iovs->v[i].len) == -1)
			return -1;
	return 0;
}

/* (fd, iovs, iovs_len, nwritten) */
enum wasi_errno
wasi_fd_write(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_iovs iovs;
	struct wasi_fd *fd;
	enum wasi_errno e;

	e = wasi_fd_get_for(c->w, arg_u32(args[0]), WASI_RIGHT_FD_WRITE, &fd);
	if (e == 0)
		e = wasi_iovs_load(c, arg_u32(args[1]), arg_u32(args[2]), &iovs);
	if (e == 0 && wasi_mem(c, arg_u32(args[3]), 1, 4) == NULL)
		e = WASI_EFAULT;
	if (e != 0)
		return e;
	if (write_iovs(c->w->io, fd->stream, &iovs) == -1) {
		c->w->output_exceeded = true;
		c->end = VM_EXIT;
		return WASI_EFBIG;
	}
	return wasi_mem_store(c, arg_u32(args[3]), &iovs.total, 4);
}

/* Block for the first byte only: then take what is there. */
static uint32_t
read_iovs(struct guest_io *io, const struct wasi_iovs *iovs)
{
	uint32_t total = 0;
	size_t n, ready;

	for (uint32_t i = 0; i < iovs->count; i++) {
		if (i > 0 && (!guest_io_readable(io, &ready) || ready == 0))
			break;
		n = guest_io_read(io, iovs->v[i].data, iovs->v[i].len);
		total += (uint32_t)n;
		if (n < iovs->v[i].len)
			break;
	}
	return total;
}

/* Every byte that there is room for, but at the end of input: how many come at
 * once is a matter of time. From a terminal they come in lines. */
static uint32_t
read_iovs_whole(struct guest_io *io, const struct wasi_iovs *iovs)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < iovs->count; i++) {
		uint32_t at = 0;
		size_t n = 1;

		for (; at < iovs->v[i].len && n > 0; at += (uint32_t)n)
			n = guest_io_read(io, iovs->v[i].data + at,
				iovs->v[i].len - at);
		total += at;
		if (n == 0)
			break;
	}
	return total;
}

static uint32_t
read_input(struct wasi *w, const struct wasi_iovs *iovs)
{
	if (wasi_is_deterministic(w) &&
	    stream_filetype(w, STDIN) != WASI_FILETYPE_CHARACTER_DEVICE)
		return read_iovs_whole(w->io, iovs);
	return read_iovs(w->io, iovs);
}

/* (fd, iovs, iovs_len, nread) */
enum wasi_errno
wasi_fd_read(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_iovs iovs;
	struct wasi_fd *fd;
	enum wasi_errno e;
	uint32_t nread;

	e = wasi_fd_get_for(c->w, arg_u32(args[0]), WASI_RIGHT_FD_READ, &fd);
	if (e == 0)
		e = wasi_iovs_load(c, arg_u32(args[1]), arg_u32(args[2]), &iovs);
	if (e == 0 && wasi_mem(c, arg_u32(args[3]), 1, 4) == NULL)
		e = WASI_EFAULT;
	if (e != 0)
		return e;
	if (iovs.total > 0 && (fd->flags & WASI_FDFLAG_NONBLOCK) != 0 &&
	    !wasi_is_deterministic(c->w) &&
	    !guest_io_wait(c->w->io, 0, true))
		return WASI_EAGAIN;
	nread = read_input(c->w, &iovs);
	return wasi_mem_store(c, arg_u32(args[3]), &nread, 4);
}

/* ---- the table --------------------------------------------------------- */

/* (fd) */
enum wasi_errno
wasi_fd_close(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_fd *fd = wasi_fd_get(c->w, arg_u32(args[0]));

	if (fd == NULL)
		return WASI_EBADF;
	fd->open = false;
	return WASI_ESUCCESS;
}

/* (fd, to): both must be open */
enum wasi_errno
wasi_fd_renumber(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_fd *from = wasi_fd_get(c->w, arg_u32(args[0]));
	struct wasi_fd *to = wasi_fd_get(c->w, arg_u32(args[1]));

	if (from == NULL || to == NULL)
		return WASI_EBADF;
	if (from != to) {
		*to = *from;
		from->open = false;
	}
	return WASI_ESUCCESS;
}

/* (fd, fdstat) */
enum wasi_errno
wasi_fd_fdstat_get(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_fd *fd = wasi_fd_get(c->w, arg_u32(args[0]));
	struct wasi_fdstat stat = { 0 };

	if (fd == NULL)
		return WASI_EBADF;
	stat.filetype = stream_filetype(c->w, fd->stream);
	stat.flags = fd->flags;
	stat.rights_base = fd->rights;
	return wasi_mem_store(c, arg_u32(args[1]), &stat, sizeof(stat));
}

/* (fd, flags) */
enum wasi_errno
wasi_fd_fdstat_set_flags(struct wasi_call *c, const uint64_t *args)
{
	uint32_t flags = arg_u32(args[1]);
	struct wasi_fd *fd;
	enum wasi_errno e;

	e = wasi_fd_get_for(c->w, arg_u32(args[0]),
		WASI_RIGHT_FD_FDSTAT_SET_FLAGS, &fd);
	if (e != 0)
		return e;
	if ((flags & ~(uint32_t)FDFLAGS_SETTABLE) != 0)
		return WASI_EINVAL;
	fd->flags = (uint16_t)flags;
	return WASI_ESUCCESS;
}

/* (fd, rights_base, rights_inheriting): rights are only ever given away, and
 * nothing can be inherited from a stream */
enum wasi_errno
wasi_fd_fdstat_set_rights(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_fd *fd = wasi_fd_get(c->w, arg_u32(args[0]));

	if (fd == NULL)
		return WASI_EBADF;
	if ((args[1] & ~fd->rights) != 0 || args[2] != 0)
		return WASI_ENOTCAPABLE;
	fd->rights = args[1];
	return WASI_ESUCCESS;
}

/* ---- attributes -------------------------------------------------------- */

/* What is known of a stream: not its size, not its times, nothing of the
 * host's file behind it. Inodes tell the streams apart. */
static enum wasi_errno
stream_stat(struct wasi_call *c, uint64_t arg, struct wasi_filestat *stat)
{
	struct wasi_fd *fd;
	enum wasi_errno e;

	e = wasi_fd_get_for(c->w, arg_u32(arg), WASI_RIGHT_FD_FILESTAT_GET,
		&fd);
	if (e != 0)
		return e;
	*stat = (struct wasi_filestat){
		.ino = (uint64_t)fd->stream + 1,
		.filetype = stream_filetype(c->w, fd->stream),
		.nlink = 1,
	};
	return WASI_ESUCCESS;
}

/* (fd, filestat) */
enum wasi_errno
wasi_fd_filestat_get(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_filestat stat;
	enum wasi_errno e = stream_stat(c, args[0], &stat);

	if (e != 0)
		return e;
	return wasi_mem_store(c, arg_u32(args[1]), &stat, sizeof(stat));
}

enum wasi_errno
wasi_fd_filestat_get_unstable(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_filestat_unstable old = { 0 };
	struct wasi_filestat stat;
	enum wasi_errno e = stream_stat(c, args[0], &stat);

	if (e != 0)
		return e;
	old.ino = stat.ino;
	old.filetype = stat.filetype;
	old.nlink = (uint32_t)stat.nlink;
	return wasi_mem_store(c, arg_u32(args[1]), &old, sizeof(old));
}

/* (fd, size): as ftruncate(2) of a pipe */
enum wasi_errno
wasi_fd_filestat_set_size(struct wasi_call *c, const uint64_t *args)
{
	return refuse(c, args[0], WASI_EINVAL);
}

/* (fd, atim, mtim, flags) */
enum wasi_errno
wasi_fd_filestat_set_times(struct wasi_call *c, const uint64_t *args)
{
	return refuse(c, args[0], WASI_ENOTSUP);
}

/* (fd): fd_sync and fd_datasync, as fsync(2) of a pipe; programs that sync
 * their output know this answer */
enum wasi_errno
wasi_fd_sync(struct wasi_call *c, const uint64_t *args)
{
	return refuse(c, args[0], WASI_EINVAL);
}

/* ---- offsets, which streams have not ----------------------------------- */

/* (fd, offset, whence, newoffset): the numbers of whence differ between the
 * interfaces, their range does not */
enum wasi_errno
wasi_fd_seek(struct wasi_call *c, const uint64_t *args)
{
	if (arg_u32(args[2]) >= WASI_WHENCE_COUNT)
		return refuse(c, args[0], WASI_EINVAL);
	return refuse(c, args[0], WASI_ESPIPE);
}

/* (fd, offset) */
enum wasi_errno
wasi_fd_tell(struct wasi_call *c, const uint64_t *args)
{
	return refuse(c, args[0], WASI_ESPIPE);
}

/* (fd, iovs, iovs_len, offset, nread) */
enum wasi_errno
wasi_fd_pread(struct wasi_call *c, const uint64_t *args)
{
	return refuse(c, args[0], WASI_ESPIPE);
}

/* (fd, iovs, iovs_len, offset, nwritten) */
enum wasi_errno
wasi_fd_pwrite(struct wasi_call *c, const uint64_t *args)
{
	return refuse(c, args[0], WASI_ESPIPE);
}

/* (fd, offset, len, advice) */
enum wasi_errno
wasi_fd_advise(struct wasi_call *c, const uint64_t *args)
{
	if (arg_u32(args[3]) >= WASI_ADVICE_COUNT)
		return refuse(c, args[0], WASI_EINVAL);
	return refuse(c, args[0], WASI_ESPIPE);
}

/* (fd, offset, len) */
enum wasi_errno
wasi_fd_allocate(struct wasi_call *c, const uint64_t *args)
{
	if (args[2] == 0)
		return refuse(c, args[0], WASI_EINVAL);
	return refuse(c, args[0], WASI_ESPIPE);
}

/* ---- directories, which no descriptor is ------------------------------- */

/* (fd, buf, buf_len, cookie, bufused) */
enum wasi_errno
wasi_fd_readdir(struct wasi_call *c, const uint64_t *args)
{
	return refuse(c, args[0], WASI_ENOTDIR);
}

/* (fd, prestat): WASI_EBADF also ends wasi-libc's search for directories that
 * were opened for it, which begins at 3 */
enum wasi_errno
wasi_fd_prestat_get(struct wasi_call *c, const uint64_t *args)
{
	return WASI_EBADF;
}

/* (fd, path, path_len) */
enum wasi_errno
wasi_fd_prestat_dir_name(struct wasi_call *c, const uint64_t *args)
{
	return WASI_EBADF;
}
