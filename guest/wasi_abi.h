/*
 * Numbers and layouts of WASI preview 1 as they lie in the guest's memory.
 * https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/witx/typenames.witx
 *
 * The structures have the guest's layout on every machine that we run on, with
 * the padding named so that it is never left undefined. Guest addresses need
 * not be aligned: copy, do not point.
 */
#ifndef GUEST_WASI_ABI_H
#define GUEST_WASI_ABI_H

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	"guest memory is little-endian and copied as it is");

enum wasi_errno {
#define WASI_ERRNO(id) WASI_E##id,
#include "guest/wasi_errno.def"
#undef WASI_ERRNO
	WASI_ERRNO_COUNT
};

enum wasi_clock {
	WASI_CLOCK_REALTIME,
	WASI_CLOCK_MONOTONIC,
	WASI_CLOCK_PROCESS_CPUTIME,
	WASI_CLOCK_THREAD_CPUTIME,
	WASI_CLOCK_COUNT
};

enum wasi_filetype {
	WASI_FILETYPE_UNKNOWN = 0,
	WASI_FILETYPE_CHARACTER_DEVICE = 2,
};

enum {	/* fdflags */
	WASI_FDFLAG_APPEND = 1 << 0,
	WASI_FDFLAG_NONBLOCK = 1 << 2,
};

enum {	/* rights */
	WASI_RIGHT_FD_READ = 1 << 1,
	WASI_RIGHT_FD_FDSTAT_SET_FLAGS = 1 << 3,
	WASI_RIGHT_FD_WRITE = 1 << 6,
	WASI_RIGHT_FD_FILESTAT_GET = 1 << 21,
	WASI_RIGHT_POLL_FD_READWRITE = 1 << 27,
};

enum { WASI_WHENCE_COUNT = 3 };	/* in another order in wasi_unstable */
enum { WASI_ADVICE_COUNT = 6 };

enum wasi_eventtype {
	WASI_EVENT_CLOCK,
	WASI_EVENT_FD_READ,
	WASI_EVENT_FD_WRITE,
	WASI_EVENT_COUNT
};

enum { WASI_EVENT_HANGUP = 1 };		/* eventrwflags */
enum { WASI_SUBCLOCK_ABSTIME = 1 };	/* subclockflags */

struct wasi_iovec {	/* iovec and ciovec */
	uint32_t buf;
	uint32_t buf_len;
};

struct wasi_fdstat {
	uint8_t filetype;
	uint8_t pad0;
	uint16_t flags;
	uint32_t pad1;
	uint64_t rights_base;
	uint64_t rights_inheriting;
};

struct wasi_filestat {
	uint64_t dev;
	uint64_t ino;
	uint8_t filetype;
	uint8_t pad[7];
	uint64_t nlink;
	uint64_t size;
	uint64_t atim, mtim, ctim;
};

struct wasi_filestat_unstable {
	uint64_t dev;
	uint64_t ino;
	uint8_t filetype;
	uint8_t pad[3];
	uint32_t nlink;
	uint64_t size;
	uint64_t atim, mtim, ctim;
};

struct wasi_event {
	uint64_t userdata;
	uint16_t error;
	uint8_t type;
	uint8_t pad0[5];
	uint64_t nbytes;
	uint16_t flags;
	uint8_t pad1[6];
};

/* The head of a subscription; what follows depends on its type. */
struct wasi_subscription {
	uint64_t userdata;
	uint8_t type;
	uint8_t pad[7];
};

struct wasi_subscription_clock {
	uint32_t id;
	uint32_t pad0;
	uint64_t timeout;
	uint64_t precision;
	uint16_t flags;
	uint8_t pad1[6];
};

_Static_assert(sizeof(struct wasi_iovec) == 8, "iovec");
_Static_assert(sizeof(struct wasi_fdstat) == 24, "fdstat");
_Static_assert(sizeof(struct wasi_filestat) == 64, "filestat");
_Static_assert(sizeof(struct wasi_filestat_unstable) == 56, "filestat");
_Static_assert(sizeof(struct wasi_event) == 32, "event");
_Static_assert(sizeof(struct wasi_subscription) == 16, "subscription");
_Static_assert(sizeof(struct wasi_subscription_clock) == 32, "clock");

#endif
