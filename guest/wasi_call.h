/*
 * What the files of WASI share: the state of the process, one call in
 * progress, and the guest's memory. Runs in the confined child: no malloc, no
 * stdio, and of system calls only clock_gettime(2), getrandom(2) and what
 * guest/io.h makes.
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

#define WASI_FDS 3	/* standard input, output and error */

struct wasi_fd {
	bool open;
	uint8_t stream;		/* 0-2; the descriptor's number until renumbered */
	uint16_t flags;		/* fdflags */
	uint64_t rights;
};

struct wasi {
	const struct call *call;
	struct guest_io *io;
	struct wasi_fd fds[WASI_FDS];
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

#define WASI(name, sig, handler) \
	enum wasi_errno handler(struct wasi_call *c, const uint64_t *args);
#define WASI_DIFFERS(name, sig, handler, unstable) \
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

/* ---- descriptors (wasi_fd.c) ------------------------------------------- */

/* As they are at the start: three streams. */
void wasi_fd_init(struct wasi *w);

/* The open descriptor of a number, or NULL. */
struct wasi_fd *wasi_fd_get(struct wasi *w, uint32_t fd);

/*
 * The same for an operation that needs rights. WASI_EBADF also when the stream
 * goes the other way, WASI_ENOTCAPABLE when the guest gave the right away.
 */
enum wasi_errno wasi_fd_get_for(struct wasi *w, uint32_t fd, uint64_t rights,
	struct wasi_fd **out);

/* ---- clocks (wasi_clock.c) --------------------------------------------- */

/* Nanoseconds of one of the guest's clocks. */
uint64_t wasi_clock_now(struct wasi *w, enum wasi_clock clock);

/* ---- deterministic calls (wasi.c) --------------------------------------- */

/* Whether the call is to be the same each time. Then its clock and its random
 * numbers are w->virtual, and its input is as if all of it were there already:
 * what it sees must not depend on how fast bytes come. */
bool wasi_is_deterministic(const struct wasi *w);

#endif
