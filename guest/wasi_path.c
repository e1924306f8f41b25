/*
 * WASI: everything that takes a path. Runs in the confined child. No directory
 * is granted, so no descriptor is one: a path is never looked at.
 */
#include "guest/wasi_call.h"

static enum wasi_errno
not_a_directory(struct wasi_call *c, uint64_t fd)
{
	return wasi_fd_get(c->w, arg_u32(fd)) == NULL ?
		WASI_EBADF : WASI_ENOTDIR;
}

/* Two directories: the answer for the first, unless only the second is bad. */
static enum wasi_errno
not_directories(struct wasi_call *c, uint64_t from, uint64_t to)
{
	enum wasi_errno e = not_a_directory(c, from);

	return e == WASI_EBADF ? e : not_a_directory(c, to);
}

/* (fd, ...) */
enum wasi_errno
wasi_path_at(struct wasi_call *c, const uint64_t *args)
{
	return not_a_directory(c, args[0]);
}

/* (old_fd, old_flags, old_path, old_path_len, new_fd, ...) */
enum wasi_errno
wasi_path_link(struct wasi_call *c, const uint64_t *args)
{
	return not_directories(c, args[0], args[4]);
}

/* (old_fd, old_path, old_path_len, new_fd, ...) */
enum wasi_errno
wasi_path_rename(struct wasi_call *c, const uint64_t *args)
{
	return not_directories(c, args[0], args[3]);
}

/* (old_path, old_path_len, fd, ...) */
enum wasi_errno
wasi_path_symlink(struct wasi_call *c, const uint64_t *args)
{
	return not_a_directory(c, args[2]);
}
