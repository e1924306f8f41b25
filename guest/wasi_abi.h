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
	WASI_FILETYPE_UNKNOWN,
	WASI_FILETYPE_BLOCK_DEVICE,
	WASI_FILETYPE_CHARACTER_DEVICE,
	WASI_FILETYPE_DIRECTORY,
	WASI_FILETYPE_REGULAR_FILE,
	WASI_FILETYPE_SOCKET_DGRAM,
	WASI_FILETYPE_SOCKET_STREAM,
	WASI_FILETYPE_SYMBOLIC_LINK,
};

enum {	/* fdflags */
	WASI_FDFLAG_APPEND = 1 << 0,
	WASI_FDFLAG_DSYNC = 1 << 1,
	WASI_FDFLAG_NONBLOCK = 1 << 2,
	WASI_FDFLAG_RSYNC = 1 << 3,
	WASI_FDFLAG_SYNC = 1 << 4,
};

enum {	/* oflags */
	WASI_OFLAG_CREAT = 1 << 0,
	WASI_OFLAG_DIRECTORY = 1 << 1,
	WASI_OFLAG_EXCL = 1 << 2,
	WASI_OFLAG_TRUNC = 1 << 3,
};

enum { WASI_LOOKUP_SYMLINK_FOLLOW = 1 };	/* lookupflags */

enum {	/* riflags */
	WASI_RIFLAG_PEEK = 1 << 0,
	WASI_RIFLAG_WAITALL = 1 << 1,
};

enum {	/* sdflags */
	WASI_SDFLAG_RD = 1 << 0,
	WASI_SDFLAG_WR = 1 << 1,
};

enum {	/* fstflags */
	WASI_FSTFLAG_ATIM = 1 << 0,
	WASI_FSTFLAG_ATIM_NOW = 1 << 1,
	WASI_FSTFLAG_MTIM = 1 << 2,
	WASI_FSTFLAG_MTIM_NOW = 1 << 3,
};

enum {	/* rights */
	WASI_RIGHT_FD_DATASYNC = 1 << 0,
	WASI_RIGHT_FD_READ = 1 << 1,
	WASI_RIGHT_FD_SEEK = 1 << 2,
	WASI_RIGHT_FD_FDSTAT_SET_FLAGS = 1 << 3,
	WASI_RIGHT_FD_SYNC = 1 << 4,
	WASI_RIGHT_FD_TELL = 1 << 5,
	WASI_RIGHT_FD_WRITE = 1 << 6,
	WASI_RIGHT_FD_ADVISE = 1 << 7,
	WASI_RIGHT_FD_ALLOCATE = 1 << 8,
	WASI_RIGHT_PATH_CREATE_DIRECTORY = 1 << 9,
	WASI_RIGHT_PATH_CREATE_FILE = 1 << 10,
	WASI_RIGHT_PATH_LINK_SOURCE = 1 << 11,
	WASI_RIGHT_PATH_LINK_TARGET = 1 << 12,
	WASI_RIGHT_PATH_OPEN = 1 << 13,
	WASI_RIGHT_FD_READDIR = 1 << 14,
	WASI_RIGHT_PATH_READLINK = 1 << 15,
	WASI_RIGHT_PATH_RENAME_SOURCE = 1 << 16,
	WASI_RIGHT_PATH_RENAME_TARGET = 1 << 17,
	WASI_RIGHT_PATH_FILESTAT_GET = 1 << 18,
	WASI_RIGHT_PATH_FILESTAT_SET_SIZE = 1 << 19,
	WASI_RIGHT_PATH_FILESTAT_SET_TIMES = 1 << 20,
	WASI_RIGHT_FD_FILESTAT_GET = 1 << 21,
	WASI_RIGHT_FD_FILESTAT_SET_SIZE = 1 << 22,
	WASI_RIGHT_FD_FILESTAT_SET_TIMES = 1 << 23,
	WASI_RIGHT_PATH_SYMLINK = 1 << 24,
	WASI_RIGHT_PATH_REMOVE_DIRECTORY = 1 << 25,
	WASI_RIGHT_PATH_UNLINK_FILE = 1 << 26,
	WASI_RIGHT_POLL_FD_READWRITE = 1 << 27,
	WASI_RIGHT_SOCK_SHUTDOWN = 1 << 28,
	WASI_RIGHT_SOCK_ACCEPT = 1 << 29,
	WASI_RIGHTS_ALL = (1 << 30) - 1,
};

enum wasi_whence {	/* in another order in wasi_unstable */
	WASI_WHENCE_SET,
	WASI_WHENCE_CUR,
	WASI_WHENCE_END,
	WASI_WHENCE_COUNT
};
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

struct wasi_dirent {	/* followed by the name */
	uint64_t next;
	uint64_t ino;
	uint32_t namlen;
	uint8_t type;
	uint8_t pad[3];
};

struct wasi_prestat {
	uint8_t tag;		/* 0: a directory */
	uint8_t pad[3];
	uint32_t name_len;
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
_Static_assert(sizeof(struct wasi_dirent) == 24, "dirent");
_Static_assert(sizeof(struct wasi_prestat) == 8, "prestat");
_Static_assert(sizeof(struct wasi_event) == 32, "event");
_Static_assert(sizeof(struct wasi_subscription) == 16, "subscription");
_Static_assert(sizeof(struct wasi_subscription_clock) == 32, "clock");

#endif
