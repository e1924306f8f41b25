/*
 * The two pipes of a child, which are all it has: descriptor 0 to read, 1 to
 * write. Both carry frames: a header, then len bytes. A call that was granted
 * directories also has a socket to the broker of its client (proto/broker.h),
 * and from FILE_FD on the files that come over it.
 *
 * Towards the child (written by the daemon, which the child trusts):
 *   IN_CALL   once, first: the call to make, packed by call_pack
 *   IN_DATA   bytes of the guest's standard input
 *   IN_EOF    its end
 *   IN_WAKE   the answer to OUT_WAIT when the time is over; payload: its seq
 *
 * From the child (hostile: the daemon checks every field):
 *   OUT_STDOUT, OUT_STDERR   bytes the guest wrote, at most FRAME_DATA_MAX
 *   OUT_TRACE   text for whoever wanted a trace of the call: printable ASCII and
 *             newlines, at most FRAME_DATA_MAX, TRACE_MAX in all
 *   OUT_PROFILE text likewise, for whoever wanted a profile: PROFILE_MAX in all
 *   OUT_WANT_INPUT   once, when the guest first reads: input may flow now
 *   OUT_WAIT  the guest sleeps: wake it by IN_WAKE after timeout_ns
 *   OUT_RESULT   once, last: struct call_result, then its text
 *   OUT_VIOLATION   which system call was forbidden; see sandbox/violation.h
 *
 * In MODE_SERVE both descriptors are one socket, and who wrote IN_CALL hands its
 * end to another, whom the child does not trust:
 *   IN_INVOKE    a call, see proto/serve.h
 *   OUT_RETURN   its end, and first of all that of the start
 * OUT_STDOUT, OUT_STDERR, OUT_WAIT and IN_WAKE are as above; there is no input.
 *
 * One output pipe keeps what a guest writes to its two streams in order, and
 * sleeping by a request keeps every waiting system call out of the filter:
 * a child needs read(0), write(1) and nothing that waits.
 */
#ifndef SANDBOX_CALL_H
#define SANDBOX_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define BROKER_FD	3	/* 2 is taken, and good for nothing */
#define FILE_FD		4
#define FILE_FD_END	1024	/* the first that a child cannot have */

#define FRAME_DATA_MAX	65536u		/* payload of a data frame */
#define CALL_MAX	(1u << 20)	/* payload of IN_CALL: args and env */
#define RESULT_TEXT_MAX	8192u
#define TRACE_MAX	(64u << 20)	/* bytes of a call's trace */
#define PROFILE_MAX	(64u << 20)	/* and of its profiles */

enum frame_kind {
	IN_CALL = 1,
	IN_DATA,
	IN_EOF,
	IN_WAKE,
	IN_INVOKE,
	OUT_STDOUT = 16,
	OUT_STDERR,
	OUT_WANT_INPUT,
	OUT_WAIT,
	OUT_RESULT,
	OUT_TRACE,
	OUT_RETURN,
	OUT_VIOLATION,
	OUT_PROFILE,
};

struct frame {
	uint32_t kind;
	uint32_t len;
};

struct frame_wait {	/* OUT_WAIT */
	uint64_t seq;		/* echoed in IN_WAKE */
	uint64_t timeout_ns;	/* relative */
};

struct frame_violation {	/* OUT_VIOLATION */
	int32_t number;
	uint32_t arch;		/* AUDIT_ARCH_... */
};

/* A value of a typed argument or result. */
struct call_value {
	uint32_t kind;	/* 'i' i32, 'l' i64, 'f' f32, 'd' f64, 'v' v128,
			 * 'r' a reference: bytes[0] is 0 if it is null */
	uint32_t pad;
	uint8_t bytes[16];	/* little-endian, the bits */
};

#define CALL_VALUES_MAX 16

/*
 * A call. Strings are borrowed by call_pack, and after call_unpack point into
 * the packed bytes.
 */
struct call {
	uint64_t fuel;		/* UINT64_MAX: no limit */
	uint64_t output_bytes;	/* both streams together */
	const char *invoke;	/* export to call; NULL: the command's _start.
				 * MODE_DISASM: function to show; NULL: all */
	uint32_t nparams;	/* with invoke: typed arguments, as text */
	const char *const *params;
	uint32_t nargs;		/* argv, [0] is the program's name */
	const char *const *args;
	uint32_t nenv;		/* "NAME=value" */
	const char *const *env;
	uint32_t tty;		/* bit n: guest descriptor n is a terminal */
	uint32_t files;		/* descriptors that the guest may have open at
				 * once besides the streams; 0: no broker */
	uint32_t closed;	/* bit n: it is not open */
	bool deterministic;	/* time and randomness are made up: */
	uint64_t seed;		/* from this */
	/* MODE_SERVE: fuel is that of each call; */
	uint64_t max_calls;	/* 0: no limit */
	bool reset;		/* a trap ends the child with PROCESS_EXIT_AGAIN */
};

/* Append the payload of IN_CALL to b. 0, or -1 if it passes b's bound. */
int call_pack(struct buf *b, const struct call *c);

/* How many strings a packed call claims to have. */
uint64_t call_strings(const void *data, size_t len);

/*
 * Read it back; pointers in *c go into data, which must be aligned to 8 and
 * stay, and vectors into the caller's scratch, which must hold call_strings of
 * them; CALL_STRINGS(len) is always enough. -1 with the error set if it is not
 * well formed.
 */
#define CALL_STRINGS(len) ((size_t)(len) + 3)
int call_unpack(struct call *c, const void *data, size_t len, void *scratch,
	struct err *err);

/* How the guest ended, as far as it could say so itself. */
enum call_end {
	END_RETURNED = 1,	/* returned from _start or the export */
	END_EXITED,		/* proc_exit */
	END_TRAPPED,
	END_FUEL,
	END_MEMORY,		/* trapped for want of memory */
	END_OUTPUT,		/* passed its output limit */
	END_NOT_FOUND,		/* no such export */
	END_USAGE,		/* arguments do not fit the export's type */
	END_UNSUPPORTED,	/* nothing to run: neither _start nor invoke */
	END_MALFORMED,		/* the code that was to be shown is */
};

/* OUT_RESULT: this, then text_len bytes of text. */
struct call_result {
	uint32_t end;		/* enum call_end */
	uint32_t exit_code;
	uint32_t nresults;	/* of an invoked export */
	uint32_t trap_len;	/* the text begins with the cause in words, */
	uint32_t backtrace_len;	/* then the backtrace, a line per frame */
	uint32_t pad;
	uint64_t fuel_used;
	uint64_t memory_pages_peak;
	struct call_value results[CALL_VALUES_MAX];
};

#endif
