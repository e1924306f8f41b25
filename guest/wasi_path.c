/*
 * WASI: everything that takes a path. Runs in the confined child, which looks at
 * no path: each is a question to the broker, about a directory that the broker
 * has open.
 */
#include "guest/wasi_call.h"

#include <string.h>

#include "guest/files.h"

/* ---- arguments --------------------------------------------------------- */

/* A path in the guest's memory, valid until the call returns. */
static enum wasi_errno
path_load(struct wasi_call *c, uint64_t addr, uint64_t len,
	struct files_path *path)
{
	path->len = arg_u32(len);
	path->data = (const char *)wasi_mem(c, arg_u32(addr), 1, path->len);
	if (path->data == NULL)
		return WASI_EFAULT;
	if (path->len == 0)
		return WASI_ENOENT;
	if (path->len > BROKER_PATH_MAX)
		return WASI_ENAMETOOLONG;
	if (memchr(path->data, '\0', path->len) != NULL)
		return WASI_EINVAL;
	return WASI_ESUCCESS;
}

/* A directory with these rights: its handle goes into the request. */
static enum wasi_errno
dir_load(struct wasi_call *c, uint64_t fd, uint64_t rights, uint32_t *handle)
{
	struct wasi_fd *dir;
	enum wasi_errno e;

	e = wasi_fd_get_file(c->w, fd, rights, WASI_ENOTDIR, &dir);
	if (e == 0)
		*handle = dir->handle;
	return e;
}

static enum wasi_errno
lookup_flags(uint64_t arg, uint32_t *flags)
{
	if ((arg_u32(arg) & ~(uint32_t)WASI_LOOKUP_SYMLINK_FOLLOW) != 0)
		return WASI_EINVAL;
	if ((arg_u32(arg) & WASI_LOOKUP_SYMLINK_FOLLOW) != 0)
		*flags |= BROKER_FOLLOW;
	return WASI_ESUCCESS;
}

/* ---- one path ---------------------------------------------------------- */

/* (fd, path, path_len), whose request has nothing else. */
static enum wasi_errno
ask_at(struct wasi_call *c, const uint64_t *args, uint32_t op, uint64_t right)
{
	struct broker_request r = { .op = op };
	struct files_answer a;
	struct files_path path;
	enum wasi_errno e;

	e = dir_load(c, args[0], right, &r.dir[0]);
	if (e == 0)
		e = path_load(c, args[1], args[2], &path);
	return e != 0 ? e : wasi_errno_of(files_ask(&r, &path, 1, -1, &a));
}

/* (fd, path, path_len) */
enum wasi_errno
wasi_path_create_directory(struct wasi_call *c, const uint64_t *args)
{
	return ask_at(c, args, BROKER_OP_MKDIR,
		WASI_RIGHT_PATH_CREATE_DIRECTORY);
}

/* (fd, path, path_len) */
enum wasi_errno
wasi_path_remove_directory(struct wasi_call *c, const uint64_t *args)
{
	return ask_at(c, args, BROKER_OP_RMDIR,
		WASI_RIGHT_PATH_REMOVE_DIRECTORY);
}

/* (fd, path, path_len) */
enum wasi_errno
wasi_path_unlink_file(struct wasi_call *c, const uint64_t *args)
{
	return ask_at(c, args, BROKER_OP_UNLINK, WASI_RIGHT_PATH_UNLINK_FILE);
}

/* (fd, flags, path, path_len, ...) */
static enum wasi_errno
stat_at(struct wasi_call *c, const uint64_t *args, struct broker_stat *st)
{
	struct broker_request r = { .op = BROKER_OP_STAT };
	struct files_answer a;
	struct files_path path;
	enum wasi_errno e;
	int error;

	e = dir_load(c, args[0], WASI_RIGHT_PATH_FILESTAT_GET, &r.dir[0]);
	if (e == 0)
		e = lookup_flags(args[1], &r.flags);
	if (e == 0)
		e = path_load(c, args[2], args[3], &path);
	if (e != 0)
		return e;
	error = files_ask(&r, &path, 1, -1, &a);
	*st = a.head.stat;
	return wasi_errno_of(error);
}

/* (fd, flags, path, path_len, filestat) */
enum wasi_errno
wasi_path_filestat_get(struct wasi_call *c, const uint64_t *args)
{
	struct broker_stat st;
	enum wasi_errno e = stat_at(c, args, &st);

	return e != 0 ? e : wasi_stat_store(c, args[4], &st);
}

enum wasi_errno
wasi_path_filestat_get_unstable(struct wasi_call *c, const uint64_t *args)
{
	struct broker_stat st;
	enum wasi_errno e = stat_at(c, args, &st);

	return e != 0 ? e : wasi_stat_store_unstable(c, args[4], &st);
}

/* (fd, flags, path, path_len, atim, mtim, fst_flags) */
enum wasi_errno
wasi_path_filestat_set_times(struct wasi_call *c, const uint64_t *args)
{
	struct broker_request r = {
		.op = BROKER_OP_TIMES, .number = { args[4], args[5] },
	};
	struct files_answer a;
	struct files_path path;
	enum wasi_errno e;

	e = dir_load(c, args[0], WASI_RIGHT_PATH_FILESTAT_SET_TIMES, &r.dir[0]);
	if (e == 0)
		e = wasi_time_flags(args[6], &r.flags);
	if (e == 0)
		e = lookup_flags(args[1], &r.flags);
	if (e == 0)
		e = path_load(c, args[2], args[3], &path);
	return e != 0 ? e : wasi_errno_of(files_ask(&r, &path, 1, -1, &a));
}

/* (fd, path, path_len, buf, buf_len, bufused): as much of it as there is room
 * for */
enum wasi_errno
wasi_path_readlink(struct wasi_call *c, const uint64_t *args)
{
	struct broker_request r = { .op = BROKER_OP_READLINK };
	struct files_answer a;
	struct files_path path;
	enum wasi_errno e;
	uint32_t len;

	e = dir_load(c, args[0], WASI_RIGHT_PATH_READLINK, &r.dir[0]);
	if (e == 0)
		e = path_load(c, args[1], args[2], &path);
	if (e == 0 && (wasi_mem(c, arg_u32(args[3]), 1, arg_u32(args[4])) ==
	    NULL || wasi_mem(c, arg_u32(args[5]), 1, sizeof(len)) == NULL))
		e = WASI_EFAULT;
	if (e == 0)
		e = wasi_errno_of(files_ask(&r, &path, 1, -1, &a));
	if (e != 0)
		return e;
	len = a.head.len < arg_u32(args[4]) ? a.head.len : arg_u32(args[4]);
	wasi_mem_store(c, arg_u32(args[3]), a.data, len);
	return wasi_mem_store(c, arg_u32(args[5]), &len, sizeof(len));
}

/* ---- two paths --------------------------------------------------------- */

/* (old_path, old_path_len, fd, new_path, new_path_len): the old path is what
 * the link holds, and may be any text */
enum wasi_errno
wasi_path_symlink(struct wasi_call *c, const uint64_t *args)
{
	struct broker_request r = { .op = BROKER_OP_SYMLINK };
	struct files_path paths[2];
	struct files_answer a;
	enum wasi_errno e;

	e = dir_load(c, args[2], WASI_RIGHT_PATH_SYMLINK, &r.dir[0]);
	if (e == 0)
		e = path_load(c, args[0], args[1], &paths[0]);
	if (e == 0)
		e = path_load(c, args[3], args[4], &paths[1]);
	return e != 0 ? e : wasi_errno_of(files_ask(&r, paths, 2, -1, &a));
}

/* (fd, path, path_len, ...) of the source, and of the target. */
static enum wasi_errno
ask_at_two(struct wasi_call *c, struct broker_request *r,
	const uint64_t *source, uint64_t source_right,
	const uint64_t *target, uint64_t target_right)
{
	struct files_path paths[2];
	struct files_answer a;
	enum wasi_errno e;

	e = dir_load(c, source[0], source_right, &r->dir[0]);
	if (e == WASI_EBADF)
		return e;
	if (e == 0)
		e = dir_load(c, target[0], target_right, &r->dir[1]);
	else if (wasi_fd_get(c->w, arg_u32(target[0])) == NULL)
		e = WASI_EBADF;
	if (e == 0)
		e = path_load(c, source[1], source[2], &paths[0]);
	if (e == 0)
		e = path_load(c, target[1], target[2], &paths[1]);
	return e != 0 ? e : wasi_errno_of(files_ask(r, paths, 2, -1, &a));
}

/* (old_fd, old_path, old_path_len, new_fd, new_path, new_path_len) */
enum wasi_errno
wasi_path_rename(struct wasi_call *c, const uint64_t *args)
{
	struct broker_request r = { .op = BROKER_OP_RENAME };

	return ask_at_two(c, &r, args, WASI_RIGHT_PATH_RENAME_SOURCE,
		args + 3, WASI_RIGHT_PATH_RENAME_TARGET);
}

/* (old_fd, old_flags, old_path, old_path_len, new_fd, new_path, new_path_len):
 * a symbolic link is linked to itself, never followed */
enum wasi_errno
wasi_path_link(struct wasi_call *c, const uint64_t *args)
{
	const uint64_t source[] = { args[0], args[2], args[3] };
	struct broker_request r = { .op = BROKER_OP_LINK };
	enum wasi_errno e;

	e = dir_load(c, args[0], WASI_RIGHT_PATH_LINK_SOURCE, &r.dir[0]);
	if (e == 0 && arg_u32(args[1]) != 0)
		return WASI_EINVAL;
	return ask_at_two(c, &r, source, WASI_RIGHT_PATH_LINK_SOURCE,
		args + 4, WASI_RIGHT_PATH_LINK_TARGET);
}

/* ---- opening ----------------------------------------------------------- */

/* path_open's arguments, checked. */
struct opening {
	struct broker_request request;
	struct files_path path;
	uint64_t rights, inheriting;
	uint16_t fdflags;
	uint32_t fd;		/* the number that it will have */
};

#define OFLAGS (WASI_OFLAG_CREAT | WASI_OFLAG_DIRECTORY | WASI_OFLAG_EXCL | \
	WASI_OFLAG_TRUNC)
#define FDFLAGS (WASI_FDFLAG_APPEND | WASI_FDFLAG_DSYNC | \
	WASI_FDFLAG_NONBLOCK | WASI_FDFLAG_RSYNC | WASI_FDFLAG_SYNC)

/* Which flag of WASI's is which of the broker's. */
struct flag {
	uint32_t from, to;
};

static const struct flag oflag_map[] = {
	{ WASI_OFLAG_CREAT, BROKER_CREATE },
	{ WASI_OFLAG_DIRECTORY, BROKER_DIRECTORY },
	{ WASI_OFLAG_EXCL, BROKER_EXCLUSIVE },
	{ WASI_OFLAG_TRUNC, BROKER_TRUNCATE },
};

static const struct flag fdflag_map[] = {
	{ WASI_FDFLAG_APPEND, BROKER_APPEND },
	{ WASI_FDFLAG_DSYNC, BROKER_DSYNC },
	{ WASI_FDFLAG_NONBLOCK, BROKER_NONBLOCK },
	{ WASI_FDFLAG_RSYNC, BROKER_SYNC },
	{ WASI_FDFLAG_SYNC, BROKER_SYNC },
};

static const struct flag right_map[] = {
	{ WASI_RIGHT_FD_READ, BROKER_READ },
	{ WASI_RIGHT_FD_WRITE, BROKER_WRITE },
};

#define MAP(map, flags) \
	map_flags(map, sizeof(map) / sizeof((map)[0]), flags)

static uint32_t
map_flags(const struct flag *map, size_t n, uint64_t flags)
{
	uint32_t mapped = 0;

	for (size_t i = 0; i < n; i++)
		if ((flags & map[i].from) != 0)
			mapped |= map[i].to;
	return mapped;
}

/* What making a file, or emptying one, takes besides. What may be written to
 * may be emptied: Go opens its directories without the right to set sizes. */
static uint64_t
oflags_rights(uint32_t oflags, uint64_t rights)
{
	bool empties = (oflags & WASI_OFLAG_TRUNC) != 0 &&
		(rights & WASI_RIGHT_FD_WRITE) == 0;

	return WASI_RIGHT_PATH_OPEN |
		((oflags & WASI_OFLAG_CREAT) != 0 ?
			WASI_RIGHT_PATH_CREATE_FILE : 0) |
		(empties ? WASI_RIGHT_PATH_FILESTAT_SET_SIZE : 0);
}

/* (fd, dirflags, path, path_len, oflags, rights_base, rights_inheriting,
 * fdflags, opened_fd) */
static enum wasi_errno
opening_load(struct wasi_call *c, const uint64_t *args, struct opening *o)
{
	struct broker_request *r = &o->request;
	const uint32_t oflags = arg_u32(args[4]);
	struct wasi_fd *dir;
	enum wasi_errno e;

	e = wasi_fd_get_file(c->w, args[0], oflags_rights(oflags, args[5]),
		WASI_ENOTDIR, &dir);
	if (e == 0 && ((oflags & ~(uint32_t)OFLAGS) != 0 ||
	    (arg_u32(args[7]) & ~(uint32_t)FDFLAGS) != 0))
		e = WASI_EINVAL;
	if (e == 0)
		e = lookup_flags(args[1], &r->flags);
	if (e == 0)
		e = path_load(c, args[2], args[3], &o->path);
	if (e == 0 && wasi_mem(c, arg_u32(args[8]), 1, 4) == NULL)
		e = WASI_EFAULT;
	if (e != 0)
		return e;
	o->rights = args[5] & WASI_RIGHTS_ALL;
	o->inheriting = args[6] & WASI_RIGHTS_ALL;
	if (((o->rights | o->inheriting) & ~dir->inheriting) != 0)
		return WASI_ENOTCAPABLE;
	o->fdflags = (uint16_t)args[7];
	o->fd = wasi_fd_free(c->w);
	if (o->fd == UINT32_MAX)
		return WASI_EMFILE;
	r->op = BROKER_OP_OPEN;
	r->dir[0] = dir->handle;
	r->flags |= MAP(oflag_map, oflags) | MAP(fdflag_map, o->fdflags) |
		MAP(right_map, o->rights);
	return WASI_ESUCCESS;
}

/* Rights that mean nothing for what was opened are left out. */
static void
opening_finish(struct wasi *w, const struct opening *o,
	const struct files_answer *a)
{
	const bool is_dir = a->fd == -1;
	const enum wasi_fd_kind kind = is_dir ? WASI_FD_DIR : WASI_FD_FILE;

	w->fds[o->fd] = (struct wasi_fd){
		.kind = kind,
		.filetype = wasi_filetype_of(a->head.stat.type),
		.flags = o->fdflags,
		.handle = is_dir ? a->head.dir : (uint32_t)a->fd,
		.rights = o->rights & wasi_rights_of(kind),
		.inheriting = is_dir ? o->inheriting :
			o->inheriting & wasi_rights_of(kind),
		.had = o->rights & wasi_rights_of(kind),
	};
}

enum wasi_errno
wasi_path_open(struct wasi_call *c, const uint64_t *args)
{
	struct opening o = { .fd = 0 };
	struct files_answer a;
	enum wasi_errno e;
	int error;

	e = opening_load(c, args, &o);
	if (e != 0)
		return e;
	error = files_ask(&o.request, &o.path, 1, -1, &a);
	if (error != 0)
		return wasi_errno_of(error);
	opening_finish(c->w, &o, &a);
	return wasi_mem_store(c, arg_u32(args[8]), &o.fd, sizeof(o.fd));
}
