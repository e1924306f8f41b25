/*
 * WASI: the table of descriptors, their flags and rights, and what was opened
 * for the guest. Runs in the confined child. The three standard streams are
 * always there at first; files, directories and sockets only in a call that was
 * granted some, which has a table with room for them.
 */
#include "guest/wasi_call.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "guest/files.h"
#include "guest/hot.h"
#include "sandbox/call.h"

/* What can be done with each stream. wasi-libc takes a character device
 * without the rights to seek and tell for a terminal. */
#define RIGHTS_STREAM (WASI_RIGHT_FD_FDSTAT_SET_FLAGS | \
	WASI_RIGHT_FD_FILESTAT_GET | WASI_RIGHT_POLL_FD_READWRITE)

#define RIGHTS_FILE (WASI_RIGHT_FD_DATASYNC | WASI_RIGHT_FD_READ | \
	WASI_RIGHT_FD_SEEK | WASI_RIGHT_FD_FDSTAT_SET_FLAGS | \
	WASI_RIGHT_FD_SYNC | WASI_RIGHT_FD_TELL | WASI_RIGHT_FD_WRITE | \
	WASI_RIGHT_FD_ADVISE | WASI_RIGHT_FD_ALLOCATE | \
	WASI_RIGHT_FD_FILESTAT_GET | WASI_RIGHT_FD_FILESTAT_SET_SIZE | \
	WASI_RIGHT_FD_FILESTAT_SET_TIMES | WASI_RIGHT_POLL_FD_READWRITE)

#define RIGHTS_DIR (WASI_RIGHT_FD_DATASYNC | \
	WASI_RIGHT_FD_FDSTAT_SET_FLAGS | WASI_RIGHT_FD_SYNC | \
	WASI_RIGHT_PATH_CREATE_DIRECTORY | WASI_RIGHT_PATH_CREATE_FILE | \
	WASI_RIGHT_PATH_LINK_SOURCE | WASI_RIGHT_PATH_LINK_TARGET | \
	WASI_RIGHT_PATH_OPEN | WASI_RIGHT_FD_READDIR | \
	WASI_RIGHT_PATH_READLINK | WASI_RIGHT_PATH_RENAME_SOURCE | \
	WASI_RIGHT_PATH_RENAME_TARGET | WASI_RIGHT_PATH_FILESTAT_GET | \
	WASI_RIGHT_PATH_FILESTAT_SET_SIZE | \
	WASI_RIGHT_PATH_FILESTAT_SET_TIMES | WASI_RIGHT_FD_FILESTAT_GET | \
	WASI_RIGHT_FD_FILESTAT_SET_TIMES | WASI_RIGHT_PATH_SYMLINK | \
	WASI_RIGHT_PATH_REMOVE_DIRECTORY | WASI_RIGHT_PATH_UNLINK_FILE)

#define RIGHTS_SOCKET (WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE | \
	WASI_RIGHT_FD_FDSTAT_SET_FLAGS | WASI_RIGHT_FD_FILESTAT_GET | \
	WASI_RIGHT_POLL_FD_READWRITE | WASI_RIGHT_SOCK_SHUTDOWN)

/* A program that waits for a connection polls for reading. */
#define RIGHTS_LISTENER (WASI_RIGHT_FD_READ | \
	WASI_RIGHT_FD_FDSTAT_SET_FLAGS | WASI_RIGHT_FD_FILESTAT_GET | \
	WASI_RIGHT_POLL_FD_READWRITE | WASI_RIGHT_SOCK_ACCEPT)

#define FDFLAGS_SETTABLE (WASI_FDFLAG_APPEND | WASI_FDFLAG_NONBLOCK)

#define TABLE_FDS (WASI_STREAMS + FILE_FD_END - FILE_FD)

/* Of a call that was granted something. */
static struct {
	struct wasi_fd fds[TABLE_FDS];
	struct grant {
		const char *name;
		uint32_t len;
	} grants[BROKER_GRANTS_MAX];
	char names[BROKER_GRANTS_MAX * BROKER_NAME_MAX];
} table GUEST_COLD;

uint64_t
wasi_rights_of(enum wasi_fd_kind kind)
{
	switch (kind) {
	case WASI_FD_DIR:
		return RIGHTS_DIR;
	case WASI_FD_SOCKET:
		return RIGHTS_SOCKET;
	case WASI_FD_LISTENER:
		return RIGHTS_LISTENER;
	default:
		return RIGHTS_FILE;
	}
}

static uint64_t
stream_rights(unsigned stream)
{
	return RIGHTS_STREAM |
		(stream == 0 ? WASI_RIGHT_FD_READ : WASI_RIGHT_FD_WRITE);
}

/* ---- the start --------------------------------------------------------- */

static void
grant_add(struct wasi_fd *fd, uint32_t i, const struct broker_grant *g,
	const uint8_t *name)
{
	char *to = i == 0 ? table.names :
		(char *)table.grants[i - 1].name + table.grants[i - 1].len;

	memcpy(to, name, g->name_len);
	table.grants[i] = (struct grant){ to, g->name_len };
	*fd = (struct wasi_fd){
		.kind = WASI_FD_DIR,
		.filetype = WASI_FILETYPE_DIRECTORY,
		.grant = (uint8_t)(i + 1),
		.handle = g->dir,
		.rights = RIGHTS_DIR,
		.inheriting = WASI_RIGHTS_ALL,
		.had = RIGHTS_DIR,
	};
}

/* Ask the broker what the guest is to find, from descriptor 3 on: sockets, then
 * directories. */
static int
table_open_grants(struct wasi *w)
{
	struct broker_request r = { .op = BROKER_OP_GRANTS };
	struct broker_grant g;
	struct files_answer a;
	uint32_t first;

	if (files_ask(&r, NULL, 0, -1, &a) != 0 ||
	    a.head.sockets > BROKER_SOCKETS_MAX ||
	    WASI_STREAMS + a.head.sockets > w->nfds)
		return -1;
	first = WASI_STREAMS + a.head.sockets;
	for (uint32_t i = 0, at = 0; at < a.head.len; i++) {
		if (a.head.len - at < sizeof(g))
			return -1;
		memcpy(&g, a.data + at, sizeof(g));
		at += sizeof(g);
		if (i == BROKER_GRANTS_MAX || first + i == w->nfds ||
		    g.name_len > BROKER_NAME_MAX || g.name_len > a.head.len - at)
			return -1;
		grant_add(&w->fds[first + i], i, &g, a.data + at);
		at += g.name_len;
	}
	for (uint32_t fd = WASI_STREAMS; fd < first; fd++)
		if (wasi_sock_open(&w->fds[fd], fd - WASI_STREAMS) == -1)
			return -1;
	return 0;
}

int
wasi_fd_init(struct wasi *w)
{
	uint32_t files = w->call->files;

	w->fds = files > 0 ? table.fds : w->streams;
	w->nfds = WASI_STREAMS;
	for (uint8_t i = 0; i < WASI_STREAMS; i++)
		w->fds[i] = (struct wasi_fd){
			.kind = (w->call->closed >> i & 1) == 0 ?
				WASI_FD_STREAM : WASI_FD_CLOSED,
			.stream = i,
			.rights = stream_rights(i), .had = stream_rights(i),
		};
	if (files == 0)
		return 0;
	w->nfds += files < TABLE_FDS - WASI_STREAMS ? files :
		TABLE_FDS - WASI_STREAMS;
	return table_open_grants(w);
}

/* ---- looking up -------------------------------------------------------- */

struct wasi_fd *
wasi_fd_get(struct wasi *w, uint32_t fd)
{
	if (fd >= w->nfds || w->fds[fd].kind == WASI_FD_CLOSED)
		return NULL;
	return &w->fds[fd];
}

/* Why a descriptor has not all of these rights. */
static enum wasi_errno
lacking(const struct wasi_fd *f, uint64_t rights)
{
	uint64_t lacks = rights & ~f->rights;

	switch ((enum wasi_fd_kind)f->kind) {
	case WASI_FD_STREAM:
		return (rights & ~stream_rights(f->stream)) != 0 ?
			WASI_EBADF : WASI_ENOTCAPABLE;
	case WASI_FD_DIR:
		return (rights & ~(uint64_t)RIGHTS_DIR) != 0 ?
			WASI_EISDIR : WASI_ENOTCAPABLE;
	default:
		break;
	}
	if ((rights & ~(uint64_t)RIGHTS_FILE) != 0)
		return WASI_ENOTDIR;
	/* As of a descriptor that was opened for the other direction. */
	return (lacks & ~f->had &
		(WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE)) != 0 ?
		WASI_EBADF : WASI_ENOTCAPABLE;
}

enum wasi_errno
wasi_fd_get_for(struct wasi *w, uint32_t fd, uint64_t rights,
	struct wasi_fd **out)
{
	struct wasi_fd *f = wasi_fd_get(w, fd);

	if (f == NULL)
		return WASI_EBADF;
	if ((rights & ~f->rights) != 0)
		return lacking(f, rights);
	*out = f;
	return WASI_ESUCCESS;
}

enum wasi_errno
wasi_fd_get_file(struct wasi *w, uint64_t fd, uint64_t rights,
	enum wasi_errno e, struct wasi_fd **out)
{
	struct wasi_fd *f = wasi_fd_get(w, arg_u32(fd));

	if (f != NULL && (f->kind == WASI_FD_STREAM ||
	    f->kind == WASI_FD_SOCKET || f->kind == WASI_FD_LISTENER))
		return e;
	return wasi_fd_get_for(w, arg_u32(fd), rights, out);
}

uint32_t
wasi_fd_free(const struct wasi *w)
{
	for (uint32_t fd = 0; fd < w->nfds; fd++)
		if (w->fds[fd].kind == WASI_FD_CLOSED)
			return fd;
	return UINT32_MAX;
}

/* ---- closing and moving ------------------------------------------------ */

/* (fd) */
enum wasi_errno
wasi_fd_close(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_fd *fd = wasi_fd_get(c->w, arg_u32(args[0]));

	if (fd == NULL)
		return WASI_EBADF;
	wasi_file_close(fd);
	fd->kind = WASI_FD_CLOSED;
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
		wasi_file_close(to);
		*to = *from;
		from->kind = WASI_FD_CLOSED;
	}
	return WASI_ESUCCESS;
}

/* ---- flags and rights -------------------------------------------------- */

static enum wasi_filetype
fd_filetype(const struct wasi *w, const struct wasi_fd *fd)
{
	if (fd->kind != WASI_FD_STREAM)
		return (enum wasi_filetype)fd->filetype;
	return (w->call->tty >> fd->stream & 1) != 0 ?
		WASI_FILETYPE_CHARACTER_DEVICE : WASI_FILETYPE_UNKNOWN;
}

/* (fd, fdstat) */
enum wasi_errno
wasi_fd_fdstat_get(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_fd *fd = wasi_fd_get(c->w, arg_u32(args[0]));
	struct wasi_fdstat stat = { 0 };

	if (fd == NULL)
		return WASI_EBADF;
	stat.filetype = fd_filetype(c->w, fd);
	stat.flags = fd->flags;
	stat.rights_base = fd->rights;
	stat.rights_inheriting = fd->inheriting;
	return wasi_mem_store(c, arg_u32(args[1]), &stat, sizeof(stat));
}

enum wasi_errno
wasi_fd_set_flags(struct wasi_fd *fd, uint32_t flags)
{
	int host;

	if (((flags ^ fd->flags) & ~(uint32_t)FDFLAGS_SETTABLE) != 0)
		return WASI_EINVAL;
	host = ((flags & WASI_FDFLAG_APPEND) != 0 ? O_APPEND : 0) |
		((flags & WASI_FDFLAG_NONBLOCK) != 0 ? O_NONBLOCK : 0);
	if ((fd->kind == WASI_FD_FILE || fd->kind == WASI_FD_SOCKET) &&
	    fcntl((int)fd->handle, F_SETFL, host) == -1)
		return wasi_errno_of(errno);
	fd->flags = (uint16_t)flags;
	return WASI_ESUCCESS;
}

/* (fd, flags) */
enum wasi_errno
wasi_fd_fdstat_set_flags(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_fd *fd;
	enum wasi_errno e = wasi_fd_get_for(c->w, arg_u32(args[0]),
		WASI_RIGHT_FD_FDSTAT_SET_FLAGS, &fd);

	return e != 0 ? e : wasi_fd_set_flags(fd, arg_u32(args[1]));
}

/* (fd, rights_base, rights_inheriting): rights are only ever given away */
enum wasi_errno
wasi_fd_fdstat_set_rights(struct wasi_call *c, const uint64_t *args)
{
	struct wasi_fd *fd = wasi_fd_get(c->w, arg_u32(args[0]));

	if (fd == NULL)
		return WASI_EBADF;
	if ((args[1] & ~fd->rights) != 0 || (args[2] & ~fd->inheriting) != 0)
		return WASI_ENOTCAPABLE;
	fd->rights = args[1];
	fd->inheriting = args[2];
	return WASI_ESUCCESS;
}

/* ---- what was opened for the guest ------------------------------------- */

/* WASI_EBADF also ends wasi-libc's search for such directories, which begins
 * at 3. */
static const struct grant *
grant_of(struct wasi_call *c, uint64_t arg)
{
	struct wasi_fd *fd = wasi_fd_get(c->w, arg_u32(arg));

	return fd == NULL || fd->grant == 0 ? NULL :
		&table.grants[fd->grant - 1];
}

/* (fd, prestat) */
enum wasi_errno
wasi_fd_prestat_get(struct wasi_call *c, const uint64_t *args)
{
	const struct grant *g = grant_of(c, args[0]);
	struct wasi_prestat stat = { 0 };

	if (g == NULL)
		return WASI_EBADF;
	stat.name_len = g->len;
	return wasi_mem_store(c, arg_u32(args[1]), &stat, sizeof(stat));
}

/* (fd, path, path_len) */
enum wasi_errno
wasi_fd_prestat_dir_name(struct wasi_call *c, const uint64_t *args)
{
	const struct grant *g = grant_of(c, args[0]);

	if (g == NULL)
		return WASI_EBADF;
	if (arg_u32(args[2]) < g->len)
		return WASI_ENAMETOOLONG;
	if (wasi_mem(c, arg_u32(args[1]), 1, arg_u32(args[2])) == NULL)
		return WASI_EFAULT;
	return wasi_mem_store(c, arg_u32(args[1]), g->name, g->len);
}
