/*
 * What the files of WASI share: the state of the process, one call in
 * progress, and the guest's memory. Runs in the confined child: no malloc, no
 * stdio, and of system calls only clock_gettime(2), getrandom(2) and what
 * guest/io.h makes; with directories also those of guest/files.h, and on files
 * those that policy.def allows.
 */
#ifndef GUEST_WASI_CALL_H
#define GUEST_WASI_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/wasi_abi.h"
#include "guest/wasi_virtual.h"
#include "vm/vm.h"

struct call;
struct guest_io;

#define WASI_STREAMS 3	/* standard input, output and error */

enum wasi_fd_kind {
	WASI_FD_CLOSED,
	WASI_FD_STREAM,
	WASI_FD_FILE,
	WASI_FD_DIR,
	WASI_FD_SOCKET,		/* a connection */
	WASI_FD_LISTENER,	/* a socket of the broker's, to accept them */
};

struct wasi_fd {
	uint8_t kind;		/* enum wasi_fd_kind */
	uint8_t stream;		/* 0-2; the descriptor's number until renumbered */
	uint8_t filetype;	/* of a file, enum wasi_filetype */
	uint8_t grant;		/* of a directory: 0, or which it is from 1 on */
	uint16_t flags;		/* fdflags */
	uint32_t handle;	/* of a file or connection: our descriptor of
				 * it; of a directory or listener: the broker's
				 * handle */
	uint64_t rights, inheriting;
	uint64_t had;		/* the rights that it was opened with */
};

struct wasi {
	const struct call *call;
	struct guest_io *io;
	struct wasi_fd *fds;	/* these, or a table with room for files */
	uint32_t nfds;		/* entries, open or not */
	struct wasi_fd streams[WASI_STREAMS];
	uint64_t monotonic_base;	/* host's clock where the guest's has 0;
					 * 0: it was not asked for yet */
	uint32_t exit_code;
	bool output_exceeded;
	struct wasi_virtual virtual;	/* of a deterministic call */
};

/* One call of one function. */
struct wasi_call {
	struct wasi *w;
	struct vm_caller *caller;
	enum vm_status end;	/* VM_OK, or how the call ends the guest */
};

/*
 * A handler. args: the parameters; of an i32 only the low 32 bits mean
 * something, so go through arg_u32. The errno is the function's result.
 */
typedef enum wasi_errno (*wasi_handler)(struct wasi_call *c,
	const uint64_t *args);

#define WASI(name, sig, handler, params) \
	enum wasi_errno handler(struct wasi_call *c, const uint64_t *args);
#define WASI_DIFFERS(name, sig, handler, unstable, params) \
	enum wasi_errno handler(struct wasi_call *c, const uint64_t *args); \
	enum wasi_errno unstable(struct wasi_call *c, const uint64_t *args);
#include "guest/wasi.def"
#undef WASI
#undef WASI_DIFFERS

static inline uint32_t
arg_u32(uint64_t arg)
{
	return (uint32_t)arg;
}

/* ---- memory (wasi_mem.c) ----------------------------------------------- */

/*
 * count objects of size bytes at a guest address, or NULL when they are not
 * all inside the memory. Good until the call returns. Not aligned.
 */
uint8_t *wasi_mem(struct wasi_call *c, uint32_t addr, uint64_t count,
	uint32_t size);

/* Copy len bytes out to the guest; WASI_EFAULT when they have no place. */
enum wasi_errno wasi_mem_store(struct wasi_call *c, uint32_t addr,
	const void *data, uint32_t len);

/* Most buffers that one call reads or writes. A guest that passes more gets
 * a short count, as read(2) and write(2) may give. */
#define WASI_IOVS_MAX 1024
#define WASI_IOVS_FEW 16

struct wasi_buffer {
	uint8_t *data;
	uint32_t len;
};

struct wasi_iovs {
	uint32_t count;		/* without the empty ones */
	uint32_t total;		/* bytes */
	struct wasi_buffer *v;	/* here, or where there is room for more */
	struct wasi_buffer few[WASI_IOVS_FEW];
};

/*
 * Take a copy of an array of iovec or ciovec, every buffer checked: WASI_EFAULT
 * when the array or one of them is not inside the memory, WASI_EINVAL when
 * their sum passes 32 bits.
 */
enum wasi_errno wasi_iovs_load(struct wasi_call *c, uint32_t addr,
	uint32_t count, struct wasi_iovs *iovs);

/* ---- descriptors (wasi_table.c) ---------------------------------------- */

/* As they are at the start: three streams, the sockets that were named and the
 * granted directories. 0, or -1 when the broker did not say what these are. */
int wasi_fd_init(struct wasi *w);

/* The open descriptor of a number, or NULL. */
struct wasi_fd *wasi_fd_get(struct wasi *w, uint32_t fd);

/*
 * The same for an operation that needs rights. WASI_EBADF also when the stream
 * goes the other way or the file was not opened for it; WASI_EISDIR or
 * WASI_ENOTDIR for what is or is no directory; WASI_ENOTCAPABLE when it was
 * opened without the right, or the guest gave the right away.
 */
enum wasi_errno wasi_fd_get_for(struct wasi *w, uint32_t fd, uint64_t rights,
	struct wasi_fd **out);

/* The same for what streams and sockets never do: for them the answer is e. */
enum wasi_errno wasi_fd_get_file(struct wasi *w, uint64_t fd, uint64_t rights,
	enum wasi_errno e, struct wasi_fd **out);

/* The lowest free number: UINT32_MAX if there is none. */
uint32_t wasi_fd_free(const struct wasi *w);

/* Change its flags. How writes are synchronised is settled when a file is
 * opened: WASI_EINVAL. */
enum wasi_errno wasi_fd_set_flags(struct wasi_fd *fd, uint32_t flags);

/* What it can be opened with, unless it is a stream. */
uint64_t wasi_rights_of(enum wasi_fd_kind kind);

/* ---- files and directories (wasi_file.c, wasi_dir.c) -------------------- */

/* WASI's number for one of errno(3). */
enum wasi_errno wasi_errno_of(int error);

enum wasi_filetype wasi_filetype_of(uint32_t type);

/* offset: where to, -1: at the file's own. *done: how many bytes. */
enum wasi_errno wasi_file_read(struct wasi_call *c, const struct wasi_fd *fd,
	const struct wasi_iovs *iovs, int64_t offset, uint32_t *done);
enum wasi_errno wasi_file_write(struct wasi_call *c, const struct wasi_fd *fd,
	const struct wasi_iovs *iovs, int64_t offset, uint32_t *done);

/* Bytes between a file's offset and its end. */
uint64_t wasi_file_left(const struct wasi_fd *fd);

/* Attributes of a file or directory. */
struct broker_stat;
enum wasi_errno wasi_fd_stat(const struct wasi_fd *fd, struct broker_stat *st);

/* Put them where the guest wants them: in the layout of the one interface or
 * the other. */
enum wasi_errno wasi_stat_store(struct wasi_call *c, uint64_t addr,
	const struct broker_stat *st);
enum wasi_errno wasi_stat_store_unstable(struct wasi_call *c, uint64_t addr,
	const struct broker_stat *st);

/* The flags of a request to set times; WASI_EINVAL if they contradict. */
enum wasi_errno wasi_time_flags(uint64_t fstflags, uint32_t *flags);

/* Give back what is behind a descriptor. */
void wasi_file_close(struct wasi_fd *fd);

/* ---- sockets (wasi_sock.c) --------------------------------------------- */

/* Ask the broker for the nth socket that was named, for the descriptor. 0, or
 * -1 when it did not give it. */
int wasi_sock_open(struct wasi_fd *fd, uint32_t n);

/* ---- clocks (wasi_clock.c) --------------------------------------------- */

/* Nanoseconds of one of the guest's clocks. */
uint64_t wasi_clock_now(struct wasi *w, enum wasi_clock clock);

/* ---- deterministic calls (wasi.c) --------------------------------------- */

/* Whether the call is to be the same each time. Then its clock and its random
 * numbers are w->virtual, and its input is as if all of it were there already:
 * what it sees must not depend on how fast bytes come. */
bool wasi_is_deterministic(const struct wasi *w);

#endif
