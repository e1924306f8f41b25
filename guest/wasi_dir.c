/* WASI: the entries of a directory. Runs in the confined child. */
#include "guest/wasi_call.h"

#include <string.h>

#include "guest/files.h"

/* What the guest gives, filled from its start. The last entry is cut where it
 * ends: a buffer that is full says that there may be more. */
struct listing {
	uint8_t *to;
	uint32_t left;
};

static void
listing_add(struct listing *l, const void *data, uint32_t len)
{
	len = len < l->left ? len : l->left;
	memcpy(l->to, data, len);
	l->to += len;
	l->left -= len;
}

/* Entries of one answer. Where to go on, or 0 when they are not well formed. */
static uint64_t
listing_add_answer(struct listing *l, const struct files_answer *a)
{
	struct broker_entry e;
	uint64_t next = 0;

	for (uint32_t at = 0; at < a->head.len; at += e.name_len) {
		struct wasi_dirent entry = { 0 };

		if (a->head.len - at < sizeof(e))
			return 0;
		memcpy(&e, a->data + at, sizeof(e));
		at += sizeof(e);
		if (a->head.len - at < e.name_len)
			return 0;
		entry.next = next = e.next;
		entry.ino = e.ino;
		entry.namlen = e.name_len;
		entry.type = wasi_filetype_of(e.type);
		listing_add(l, &entry, sizeof(entry));
		listing_add(l, a->data + at, e.name_len);
	}
	return next;
}

/* (fd, buf, buf_len, cookie, bufused) */
enum wasi_errno
wasi_fd_readdir(struct wasi_call *c, const uint64_t *args)
{
	const uint32_t len = arg_u32(args[2]);
	struct broker_request r = {
		.op = BROKER_OP_READDIR, .number[0] = args[3],
	};
	struct listing l = { wasi_mem(c, arg_u32(args[1]), 1, len), len };
	struct files_answer a;
	struct wasi_fd *fd;
	enum wasi_errno e;
	uint32_t used;
	int error;

	e = wasi_fd_get_file(c->w, args[0], WASI_RIGHT_FD_READDIR,
		WASI_ENOTDIR, &fd);
	if (e != 0)
		return e;
	if (l.to == NULL || wasi_mem(c, arg_u32(args[4]), 1, 4) == NULL)
		return WASI_EFAULT;
	while (l.left > 0) {
		r.dir[0] = fd->handle;
		r.number[1] = l.left;
		error = files_ask(&r, NULL, 0, -1, &a);
		if (error != 0)
			return wasi_errno_of(error);
		if (a.head.len == 0)
			break;
		r.number[0] = listing_add_answer(&l, &a);
		if (r.number[0] == 0)
			return WASI_EIO;
	}
	used = len - l.left;
	return wasi_mem_store(c, arg_u32(args[4]), &used, sizeof(used));
}
