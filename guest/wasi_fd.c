/*
 * WASI: what is done with a descriptor. Runs in the confined child. Standard
 * streams are read and written by guest/io.h, never buffered here; files of
 * granted directories, and sockets, by wasi_file.c.
 */
#include "config.h"

#include "guest/wasi_call.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/files.h"
#include "guest/io.h"
#include "sandbox/call.h"

/* Several buffers up to this size together leave as one write, so that a line
 * which a program put together from pieces arrives in one piece. */
#define GATHER_MAX 4096

/* ---- reading and writing ----------------------------------------------- */

/* What reading and writing begin with: buffers, and a place for how many bytes
 * it was. */
static enum wasi_errno
load_iovs(struct wasi_call *c, const uint64_t *args, uint64_t done_addr,
	struct wasi_iovs *iovs)
{
	enum wasi_errno e = wasi_iovs_load(c, arg_u32(args[1]),
		arg_u32(args[2]), iovs);

	if (e == 0 && wasi_mem(c, arg_u32(done_addr), 1, 4) == NULL)
		e = WASI_EFAULT;
	return e;
}

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
		e = load_iovs(c, args, args[3], &iovs);
	if (e == 0 && fd->kind != WASI_FD_STREAM)
		e = wasi_file_write(c, fd, &iovs, -1, &iovs.total);
	if (e != 0)
		return e;
	if (fd->kind == WASI_FD_STREAM &&
	    write_iovs(c->w->io, fd->stream, &iovs) == -1) {
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
	    (w->call->tty & 1) == 0)
		return read_iovs_whole(w->io, iovs);
	return read_iovs(w->io, iovs);
}

static enum wasi_errno
read_stream(struct wasi_call *c, const struct wasi_fd *fd,
	const struct wasi_iovs *iovs, uint32_t *done)
{
	if (iovs->total > 0 && (fd->flags & WASI_FDFLAG_NONBLOCK) != 0 &&
	    !wasi_is_deterministic(c->w) &&
	    !guest_io_wait(c->w->io, 0, true))
		return WASI_EAGAIN;
	*done = read_input(c->w, iovs);
	return WASI_ESUCCESS;
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
	if (e == 0 && fd->kind == WASI_FD_LISTENER)
		e = WASI_EBADF;
	if (e == 0)
		e = load_iovs(c, args, args[3], &iovs);
	if (e != 0)
		return e;
	e = fd->kind == WASI_FD_STREAM ? read_stream(c, fd, &iovs, &nread) :
		wasi_file_read(c, fd, &iovs, -1, &nread);
	return e != 0 ? e : wasi_mem_store(c, arg_u32(args[3]), &nread, 4);
}

/* (fd, iovs, iovs_len, offset, n): fd_pread and fd_pwrite */
static enum wasi_errno
transfer_at(struct wasi_call *c, const uint64_t *args, uint64_t right,
	enum wasi_errno (*transfer)(struct wasi_call *, const struct wasi_fd *,
		const struct wasi_iovs *, int64_t, uint32_t *))
{
	struct wasi_iovs iovs;
	struct wasi_fd *fd;
	enum wasi_errno e;
	uint32_t done;

	e = wasi_fd_get_file(c->w, args[0], right | WASI_RIGHT_FD_SEEK,
		WASI_ESPIPE, &fd);
	if (e == 0 && args[3] > INT64_MAX)
		e = WASI_EINVAL;
	if (e == 0)
		e = load_iovs(c, args, args[4], &iovs);
	if (e == 0)
		e = transfer(c, fd, &iovs, (int64_t)args[3], &done);
	return e != 0 ? e : wasi_mem_store(c, arg_u32(args[4]), &done, 4);
}

/* (fd, iovs, iovs_len, offset, nread) */
enum wasi_errno
wasi_fd_pread(struct wasi_call *c, const uint64_t *args)
{
	return transfer_at(c, args, WASI_RIGHT_FD_READ, wasi_file_read);
}

/* (fd, iovs, iovs_len, offset, nwritten) */
enum wasi_errno
wasi_fd_pwrite(struct wasi_call *c, const uint64_t *args)
{
	return transfer_at(c, args, WASI_RIGHT_FD_WRITE, wasi_file_write);
}

/* ---- attributes -------------------------------------------------------- */

/* What is known of a stream: not its size, not its times, nothing of the
 * host's file behind it. Inodes tell the streams apart. */
static enum wasi_errno
load_stat(struct wasi_call *c, uint64_t arg, struct broker_stat *stat)
{
	struct wasi_fd *fd;
	enum wasi_errno e;

	e = wasi_fd_get_for(c->w, arg_u32(arg), WASI_RIGHT_FD_FILESTAT_GET,
		&fd);
	if (e != 0)
		return e;
	if (fd->kind != WASI_FD_STREAM)
		return wasi_fd_stat(fd, stat);
	*stat = (struct broker_stat){
		.ino = (uint64_t)fd->stream + 1,
		.type = (c->w->call->tty >> fd->stream & 1) != 0 ?
			S_IFCHR : 0,
		.nlink = 1,
	};
	return WASI_ESUCCESS;
}

/* (fd, filestat) */
enum wasi_errno
wasi_fd_filestat_get(struct wasi_call *c, const uint64_t *args)
{
	struct broker_stat stat;
	enum wasi_errno e = load_stat(c, args[0], &stat);

	return e != 0 ? e : wasi_stat_store(c, args[1], &stat);
}

enum wasi_errno
wasi_fd_filestat_get_unstable(struct wasi_call *c, const uint64_t *args)
{
	struct broker_stat stat;
	enum wasi_errno e = load_stat(c, args[0], &stat);

	return e != 0 ? e : wasi_stat_store_unstable(c, args[1], &stat);
}

/* What a system call says of success. */
static enum wasi_errno
result(int r)
{
	return r == -1 ? wasi_errno_of(errno) : WASI_ESUCCESS;
}

/* (fd, size): of a stream as ftruncate(2) of a pipe */
enum wasi_errno
wasi_fd_filestat_set_size(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_fd *fd;
	enum wasi_errno e;

	e = wasi_fd_get_file(c->w, args[0], WASI_RIGHT_FD_FILESTAT_SET_SIZE,
		WASI_EINVAL, &fd);
	if (e != 0)
		return e;
	return args[1] > INT64_MAX ? WASI_EINVAL :
		result(ftruncate((int)fd->handle, (off_t)args[1]));
}

/* (fd, offset, len) */
enum wasi_errno
wasi_fd_allocate(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_fd *fd;
	enum wasi_errno e;

	e = wasi_fd_get_file(c->w, args[0], WASI_RIGHT_FD_ALLOCATE,
		args[2] == 0 ? WASI_EINVAL : WASI_ESPIPE, &fd);
	if (e != 0)
		return e;
	return args[1] > INT64_MAX || args[2] > INT64_MAX ? WASI_EINVAL :
		result(fallocate((int)fd->handle, 0, (off_t)args[1],
			(off_t)args[2]));
}

/* (fd, offset, len, advice): taken, and not acted on */
enum wasi_errno
wasi_fd_advise(struct wasi_call *c, const uint64_t *args)
{
	bool exists = arg_u32(args[3]) < WASI_ADVICE_COUNT;
	struct wasi_fd *fd;
	enum wasi_errno e;

	e = wasi_fd_get_file(c->w, args[0], WASI_RIGHT_FD_ADVISE,
		exists ? WASI_ESPIPE : WASI_EINVAL, &fd);
	return e != 0 || exists ? e : WASI_EINVAL;
}

/* A stream as fsync(2) of a pipe; programs that sync their output know this
 * answer. */
static enum wasi_errno
sync_fd(struct wasi_call *c, uint64_t arg, uint64_t right, int (*sync)(int fd))
{
	struct broker_request r = { .op = BROKER_OP_SYNC };
	struct files_answer a;
	struct wasi_fd *fd;
	enum wasi_errno e;

	e = wasi_fd_get_file(c->w, arg, right, WASI_EINVAL, &fd);
	if (e != 0)
		return e;
	if (fd->kind == WASI_FD_FILE)
		return result(sync((int)fd->handle));
	r.dir[0] = fd->handle;
	return wasi_errno_of(files_ask(&r, NULL, 0, -1, &a));
}

/* (fd) */
enum wasi_errno
wasi_fd_sync(struct wasi_call *c, const uint64_t *args)
{
	return sync_fd(c, args[0], WASI_RIGHT_FD_SYNC, fsync);
}

/* (fd) */
enum wasi_errno
wasi_fd_datasync(struct wasi_call *c, const uint64_t *args)
{
	return sync_fd(c, args[0], WASI_RIGHT_FD_DATASYNC, fdatasync);
}

/* ---- offsets, which streams have not ----------------------------------- */

static const int whence_preview1[WASI_WHENCE_COUNT] = {
	SEEK_SET, SEEK_CUR, SEEK_END,
};
static const int whence_unstable[WASI_WHENCE_COUNT] = {
	SEEK_CUR, SEEK_END, SEEK_SET,
};

/* Asking where it is takes either of two rights, moving takes one. */
static enum wasi_errno
seek_file(struct wasi_call *c, uint64_t arg, int64_t offset, int whence,
	uint64_t addr)
{
	bool asks = offset == 0 && whence == SEEK_CUR;
	struct wasi_fd *fd;
	enum wasi_errno e;
	uint64_t at;
	off_t r;

	e = wasi_fd_get_file(c->w, arg, WASI_RIGHT_FD_SEEK, WASI_ESPIPE, &fd);
	if (e == WASI_ENOTCAPABLE && asks)
		e = wasi_fd_get_file(c->w, arg, WASI_RIGHT_FD_TELL,
			WASI_ESPIPE, &fd);
	if (e == 0 && wasi_mem(c, arg_u32(addr), 1, sizeof(at)) == NULL)
		e = WASI_EFAULT;
	if (e != 0)
		return e;
	r = lseek((int)fd->handle, offset, whence);
	if (r == -1)
		return wasi_errno_of(errno);
	at = (uint64_t)r;
	return wasi_mem_store(c, arg_u32(addr), &at, sizeof(at));
}

/* (fd, offset, whence, newoffset) */
static enum wasi_errno
seek(struct wasi_call *c, const uint64_t *args,
	const int whence[WASI_WHENCE_COUNT])
{
	if (arg_u32(args[2]) >= WASI_WHENCE_COUNT)
		return wasi_fd_get(c->w, arg_u32(args[0])) == NULL ?
			WASI_EBADF : WASI_EINVAL;
	return seek_file(c, args[0], (int64_t)args[1],
		whence[arg_u32(args[2])], args[3]);
}

enum wasi_errno
wasi_fd_seek(struct wasi_call *c, const uint64_t *args)
{
	return seek(c, args, whence_preview1);
}

enum wasi_errno
wasi_fd_seek_unstable(struct wasi_call *c, const uint64_t *args)
{
	return seek(c, args, whence_unstable);
}

/* (fd, offset) */
enum wasi_errno
wasi_fd_tell(struct wasi_call *c, const uint64_t *args)
{
	return seek_file(c, args[0], 0, SEEK_CUR, args[1]);
}
