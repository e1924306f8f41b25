/*
 * WASI: sockets that the client named, and the connections that they accept.
 * Runs in the confined child. A connection is read and written here like a file;
 * what needs more than that is asked of the broker, which also has the sockets
 * that listen.
 */
#include "guest/wasi_call.h"

#include "guest/files.h"

/* ---- opening ----------------------------------------------------------- */

static void
fill_fd(struct wasi_fd *fd, enum wasi_fd_kind kind, uint32_t handle)
{
	const uint64_t rights = wasi_rights_of(kind);

	*fd = (struct wasi_fd){
		.kind = (uint8_t)kind,
		.filetype = WASI_FILETYPE_SOCKET_STREAM,
		.handle = handle,
		.rights = rights,
		.inheriting = kind == WASI_FD_LISTENER ?
			wasi_rights_of(WASI_FD_SOCKET) : 0,
		.had = rights,
	};
}

int
wasi_sock_open(struct wasi_fd *fd, uint32_t n)
{
	struct broker_request r = { .op = BROKER_OP_SOCKET, .dir[0] = n };
	struct files_answer a;

	if (files_ask(&r, NULL, 0, -1, &a) != 0)
		return -1;
	if (a.fd != -1)
		fill_fd(fd, WASI_FD_SOCKET, (uint32_t)a.fd);
	else
		fill_fd(fd, WASI_FD_LISTENER, a.head.dir);
	return 0;
}

/* A socket of this kind with these rights; e: what is said of one of the other
 * kind. */
static enum wasi_errno
get_socket(struct wasi_call *c, uint64_t arg, enum wasi_fd_kind kind,
	enum wasi_errno e, struct wasi_fd **fd)
{
	struct wasi_fd *f = wasi_fd_get(c->w, arg_u32(arg));

	if (f == NULL)
		return WASI_EBADF;
	if (f->kind != WASI_FD_SOCKET && f->kind != WASI_FD_LISTENER)
		return WASI_ENOTSOCK;
	*fd = f;
	return f->kind == kind ? WASI_ESUCCESS : e;
}

static enum wasi_errno
check_right(const struct wasi_fd *fd, uint64_t right)
{
	return (fd->rights & right) != 0 ? WASI_ESUCCESS : WASI_ENOTCAPABLE;
}

/* ---- accepting --------------------------------------------------------- */

/* Everything that can be wrong before there is a connection to lose. */
static enum wasi_errno
accept_check(struct wasi_call *c, const uint64_t *args, struct wasi_fd **fd)
{
	enum wasi_errno e = get_socket(c, args[0], WASI_FD_LISTENER,
		WASI_EINVAL, fd);

	if (e == 0)
		e = check_right(*fd, WASI_RIGHT_SOCK_ACCEPT);
	if (e == 0 && (arg_u32(args[1]) & ~(uint32_t)WASI_FDFLAG_NONBLOCK) != 0)
		e = WASI_EINVAL;
	if (e == 0 && wasi_mem(c, arg_u32(args[2]), 1, 4) == NULL)
		e = WASI_EFAULT;
	return e;
}

/* (fd, flags, connection): flags are those of the connection */
enum wasi_errno
wasi_sock_accept(struct wasi_call *c, const uint64_t *args)
{
	struct broker_request r = { .op = BROKER_OP_ACCEPT };
	uint32_t fd = wasi_fd_free(c->w);
	struct wasi_fd *listener, *conn;
	struct files_answer a;
	enum wasi_errno e;
	int error;

	e = accept_check(c, args, &listener);
	if (e != 0 || fd == UINT32_MAX)
		return e != 0 ? e : WASI_EMFILE;
	r.dir[0] = listener->handle;
	r.flags = (listener->flags & WASI_FDFLAG_NONBLOCK) != 0 ?
		BROKER_NONBLOCK : 0;
	error = files_ask(&r, NULL, 0, -1, &a);
	if (error != 0 || a.fd == -1)
		return error != 0 ? wasi_errno_of(error) : WASI_EIO;
	conn = &c->w->fds[fd];
	fill_fd(conn, WASI_FD_SOCKET, (uint32_t)a.fd);
	conn->rights &= listener->inheriting;
	conn->had = conn->rights;
	e = wasi_fd_set_flags(conn, arg_u32(args[1]));
	if (e != 0) {
		wasi_file_close(conn);
		conn->kind = WASI_FD_CLOSED;
		return e;
	}
	return wasi_mem_store(c, arg_u32(args[2]), &fd, sizeof(fd));
}

/* ---- receiving and sending --------------------------------------------- */

/* Until every buffer is full or nothing more comes. What came before an error
 * counts; the error comes again. */
static enum wasi_errno
receive_all(struct wasi_call *c, const struct wasi_fd *fd,
	const struct wasi_iovs *iovs, uint32_t *done)
{
	enum wasi_errno e = WASI_ESUCCESS;
	uint32_t n = 1;

	*done = 0;
	for (uint32_t i = 0; i < iovs->count && e == 0 && n > 0; i++) {
		struct wasi_buffer rest = iovs->v[i];
		const struct wasi_iovs one = {
			.count = 1, .total = rest.len, .v = &rest,
		};

		while (rest.len > 0 && n > 0) {
			e = wasi_file_read(c, fd, &one, -1, &n);
			if (e != 0)
				break;
			rest.data += n;
			rest.len -= n;
			*done += n;
		}
	}
	return *done > 0 ? WASI_ESUCCESS : e;
}

/* (fd, iovs, iovs_len, flags, nread, oflags): to look at bytes that then remain
 * takes a call that there is none of here */
enum wasi_errno
wasi_sock_recv(struct wasi_call *c, const uint64_t *args)
{
	const uint32_t flags = arg_u32(args[3]);
	const uint16_t oflags = 0;
	struct wasi_iovs iovs;
	struct wasi_fd *fd;
	enum wasi_errno e;
	uint32_t done;

	e = get_socket(c, args[0], WASI_FD_SOCKET, WASI_ENOTCONN, &fd);
	if (e == 0)
		e = check_right(fd, WASI_RIGHT_FD_READ);
	if (e == 0 && (flags & ~(uint32_t)(WASI_RIFLAG_PEEK |
	    WASI_RIFLAG_WAITALL)) != 0)
		e = WASI_EINVAL;
	if (e == 0 && (flags & WASI_RIFLAG_PEEK) != 0)
		e = WASI_ENOTSUP;
	if (e == 0)
		e = wasi_iovs_load(c, arg_u32(args[1]), arg_u32(args[2]), &iovs);
	if (e == 0 && (wasi_mem(c, arg_u32(args[4]), 1, 4) == NULL ||
	    wasi_mem(c, arg_u32(args[5]), 1, sizeof(oflags)) == NULL))
		e = WASI_EFAULT;
	if (e == 0)
		e = (flags & WASI_RIFLAG_WAITALL) != 0 ?
			receive_all(c, fd, &iovs, &done) :
			wasi_file_read(c, fd, &iovs, -1, &done);
	if (e == 0)
		e = wasi_mem_store(c, arg_u32(args[4]), &done, sizeof(done));
	return e != 0 ? e : wasi_mem_store(c, arg_u32(args[5]), &oflags,
		sizeof(oflags));
}

/* (fd, iovs, iovs_len, flags, nwritten): there are no flags yet */
enum wasi_errno
wasi_sock_send(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_iovs iovs;
	struct wasi_fd *fd;
	enum wasi_errno e;
	uint32_t done;

	e = get_socket(c, args[0], WASI_FD_SOCKET, WASI_ENOTCONN, &fd);
	if (e == 0)
		e = check_right(fd, WASI_RIGHT_FD_WRITE);
	if (e == 0 && arg_u32(args[3]) != 0)
		e = WASI_EINVAL;
	if (e == 0)
		e = wasi_iovs_load(c, arg_u32(args[1]), arg_u32(args[2]), &iovs);
	if (e == 0 && wasi_mem(c, arg_u32(args[4]), 1, 4) == NULL)
		e = WASI_EFAULT;
	if (e == 0)
		e = wasi_file_write(c, fd, &iovs, -1, &done);
	return e != 0 ? e : wasi_mem_store(c, arg_u32(args[4]), &done,
		sizeof(done));
}

/* ---- shutting down ----------------------------------------------------- */

/* (fd, how) */
enum wasi_errno
wasi_sock_shutdown(struct wasi_call *c, const uint64_t *args)
{
	struct broker_request r = { .op = BROKER_OP_SHUTDOWN };
	const uint32_t how = arg_u32(args[1]);
	struct files_answer a;
	struct wasi_fd *fd;
	enum wasi_errno e;

	e = get_socket(c, args[0], WASI_FD_SOCKET, WASI_ENOTCONN, &fd);
	if (e == 0)
		e = check_right(fd, WASI_RIGHT_SOCK_SHUTDOWN);
	if (e == 0 && (how == 0 ||
	    (how & ~(uint32_t)(WASI_SDFLAG_RD | WASI_SDFLAG_WR)) != 0))
		e = WASI_EINVAL;
	if (e != 0)
		return e;
	r.flags = ((how & WASI_SDFLAG_RD) != 0 ? BROKER_READ : 0) |
		((how & WASI_SDFLAG_WR) != 0 ? BROKER_WRITE : 0);
	return wasi_errno_of(files_ask(&r, NULL, 0, (int)fd->handle, &a));
}
