/*
 * The wire between an instance and the client whose it is: a stream socket, on
 * which frames go, a header and len bytes. Little-endian, nothing padded, as it
 * lies in memory on the machines that we run on. Neither side believes the
 * other. wasmd-protocol(7) is the specification; sandbox/call.h has the frames
 * of a child in general, of which these are some.
 */
#ifndef PROTO_SERVE_H
#define PROTO_SERVE_H

#include <stdint.h>

#include "proto/typed.h"

enum serve_kind {
	SERVE_IN_WAKE = 4,	/* the time is over: struct serve_wait's seq */
	SERVE_IN_INVOKE = 5,
	SERVE_OUT_STDOUT = 16,
	SERVE_OUT_STDERR = 17,
	SERVE_OUT_WAIT = 19,	/* struct serve_wait */
	SERVE_OUT_RETURN = 22,
};

struct serve_frame {
	uint32_t kind;
	uint32_t len;
};

#define SERVE_DATA_MAX	65536u		/* of output in one frame */
#define SERVE_IN_MAX	(1u << 20)	/* of a call */
#define SERVE_BYTES_MAX	(1u << 20)	/* of its end */
#define SERVE_NAME_MAX	4096u		/* of an export */
#define SERVE_TEXT_MAX	128u		/* of an argument */
#define SERVE_RESULTS_MAX 16u
#define SERVE_CAUSE_MAX	8192u		/* of both texts of an end */

struct serve_wait {
	uint64_t seq;
	uint64_t timeout_ns;	/* relative; UINT64_MAX: for ever */
};

/*
 * A call: this, then name_len bytes of the export's name, then for each argument
 * a struct serve_value and its bytes.
 */
struct serve_invoke {
	uint64_t fuel;		/* 0: what the instance has for each */
	uint32_t flags;		/* SERVE_BYTES */
	uint32_t nvalues;
	uint32_t name_len;
	uint32_t pad;
};

#define SERVE_BYTES 1u	/* its two results are an address and a length */

struct serve_value {
	uint32_t kind;		/* 't': text, as of submit's params; 'b': bytes,
				 * which become an address and a length */
	uint32_t len;
};

/*
 * Its end, and first of all that of the start: this, then nresults times struct
 * typed, then the texts, then the bytes, if they were asked for.
 */
struct serve_return {
	uint32_t end;		/* enum serve_end */
	uint32_t exit_code;
	uint32_t nresults;
	uint32_t trap_len;	/* the cause in words, */
	uint32_t backtrace_len;	/* then the backtrace, a line per frame */
	uint32_t bytes_len;
	uint32_t last;		/* 1: the instance ends with it */
	uint32_t pad;
	uint64_t fuel_used;
	uint64_t memory_pages;
};

enum serve_end {
	SERVE_RETURNED = 1,
	SERVE_EXITED,
	SERVE_TRAPPED,
	SERVE_FUEL,
	SERVE_MEMORY,
	SERVE_OUTPUT,
	SERVE_NOT_FOUND,
	SERVE_USAGE,
	SERVE_END_COUNT
};

#endif
