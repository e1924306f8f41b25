/*
 * The names that the witx gives to numbers and flags, in the order of their
 * values or bits.
 * https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/witx/typenames.witx
 */
#include "guest/wasi_names.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *const errnos[] = {
#define WASI_ERRNO(id) "E" #id,
#include "guest/wasi_errno.def"
#undef WASI_ERRNO
};
const struct wasi_names wasi_errnos = { COUNT(errnos), errnos, 0 };

static const char *const signals[] = {
#define WASI_SIGNAL(name, action) #name,
#include "guest/wasi_signal.def"
#undef WASI_SIGNAL
};
const struct wasi_names wasi_signals = { COUNT(signals), signals, 0 };

#define LIST(...) (const char *const[]){ __VA_ARGS__ }
#define NUMBERS(id, ...) \
	const struct wasi_names id = { COUNT(LIST(__VA_ARGS__)), \
		LIST(__VA_ARGS__), 0 };
#define FLAGS(id, ...) \
	const struct wasi_names id = { COUNT(LIST(__VA_ARGS__)), \
		LIST(__VA_ARGS__), \
		(UINT64_C(1) << COUNT(LIST(__VA_ARGS__))) - 1 };

NUMBERS(wasi_clockids, "REALTIME", "MONOTONIC", "PROCESS_CPUTIME_ID",
	"THREAD_CPUTIME_ID")
NUMBERS(wasi_advices, "NORMAL", "SEQUENTIAL", "RANDOM", "WILLNEED", "DONTNEED",
	"NOREUSE")
NUMBERS(wasi_whences, "SET", "CUR", "END")
NUMBERS(wasi_whences_unstable, "CUR", "END", "SET")
NUMBERS(wasi_filetypes, "UNKNOWN", "BLOCK_DEVICE", "CHARACTER_DEVICE",
	"DIRECTORY", "REGULAR_FILE", "SOCKET_DGRAM", "SOCKET_STREAM",
	"SYMBOLIC_LINK")
NUMBERS(wasi_eventtypes, "CLOCK", "FD_READ", "FD_WRITE")

FLAGS(wasi_fdflags, "APPEND", "DSYNC", "NONBLOCK", "RSYNC", "SYNC")
FLAGS(wasi_oflags, "CREAT", "DIRECTORY", "EXCL", "TRUNC")
FLAGS(wasi_lookupflags, "SYMLINK_FOLLOW")
FLAGS(wasi_fstflags, "ATIM", "ATIM_NOW", "MTIM", "MTIM_NOW")
FLAGS(wasi_riflags, "RECV_PEEK", "RECV_WAITALL")
FLAGS(wasi_roflags, "RECV_DATA_TRUNCATED")
/* There are no flags of siflags. */
const struct wasi_names wasi_siflags = { 0, NULL, 0 };
FLAGS(wasi_sdflags, "RD", "WR")
FLAGS(wasi_rights, "FD_DATASYNC", "FD_READ", "FD_SEEK",
	"FD_FDSTAT_SET_FLAGS", "FD_SYNC", "FD_TELL", "FD_WRITE", "FD_ADVISE",
	"FD_ALLOCATE", "PATH_CREATE_DIRECTORY", "PATH_CREATE_FILE",
	"PATH_LINK_SOURCE", "PATH_LINK_TARGET", "PATH_OPEN", "FD_READDIR",
	"PATH_READLINK", "PATH_RENAME_SOURCE", "PATH_RENAME_TARGET",
	"PATH_FILESTAT_GET", "PATH_FILESTAT_SET_SIZE",
	"PATH_FILESTAT_SET_TIMES", "FD_FILESTAT_GET", "FD_FILESTAT_SET_SIZE",
	"FD_FILESTAT_SET_TIMES", "PATH_SYMLINK", "PATH_REMOVE_DIRECTORY",
	"PATH_UNLINK_FILE", "POLL_FD_READWRITE", "SOCK_SHUTDOWN",
	"SOCK_ACCEPT")
