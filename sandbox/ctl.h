/*
 * The control messages between the daemon and its confined processes, over
 * SOCK_SEQPACKET socket pairs: one message, one packet, fixed size, with
 * descriptors attached. The daemon treats every answer as hostile: a packet of
 * another size, kind, id or number of descriptors ends the sender.
 *
 *   daemon -> zygote     CTL_TEMPLATE  + [its control socket, module memfd,
 *                                         preloaded modules' memfds...]
 *   zygote -> daemon     CTL_SPAWNED   + [pidfd]          or CTL_FAILED
 *   template -> daemon   CTL_READY                        or CTL_FAILED
 *   daemon -> template   CTL_CALL      + [stdin pipe, output pipe]
 *                                  or  + [both, broker's socket]
 *   template -> daemon   CTL_SPAWNED   + [pidfd]          or CTL_FAILED
 *   template -> daemon   CTL_VIOLATION, last: see sandbox/violation.h
 *
 * The daemon is the parent of all of them (CLONE_PARENT), so that it waits for
 * each by pidfd. A template ends when its control socket is closed.
 */
#ifndef SANDBOX_CTL_H
#define SANDBOX_CTL_H

#include <stdint.h>

#include "base/err.h"

#define CTL_FD 3	/* the control socket in zygote and template */
#define MODULE_FD 4	/* the module in a template, while it loads; those that
			 * are preloaded follow */

/* Modules that are instantiated before the main one, for it to import from. */
#define CTL_PRELOAD_MAX 7
#define CTL_NAME_MAX 64	/* what one is imported as, with its NUL */

/* What is done with a module. */
enum template_mode {
	MODE_RUN = 0,
	MODE_SERVE,		/* children take calls one after the other, over a
				 * socket in place of the two pipes */
	MODE_VALIDATE,		/* by the template; its children do nothing */
	MODE_INSPECT,		/* children write what it declares, as text */
	MODE_INSPECT_JSON,	/* likewise, as JSON */
	MODE_DISASM,		/* children write code, as text */
	MODE_DISASM_INTERNAL,	/* likewise, as it was translated */
};

/* What shapes a template: part of its identity. */
struct template_limits {
	uint64_t memory_bytes;	/* guest memories and heap, all together */
	uint64_t stack_bytes;	/* guest frames */
	uint64_t table_elems;
	uint64_t module_bytes;
	uint64_t load_cpu_us;	/* CPU time for decoding and instantiation */
	uint64_t cpu_us;	/* CPU time of each call; 0: no limit */
	uint64_t mode;		/* enum template_mode */
	uint64_t trace;		/* 1: host functions are traced */
	uint64_t profile;	/* 1: its functions are profiled */
	uint64_t one_nan;	/* 1: arithmetic makes the canonical NaN only */
	uint64_t files;		/* 1: its calls may come with a broker */
};

enum ctl_kind {
	CTL_TEMPLATE = 1,
	CTL_CALL,
	CTL_SPAWNED,
	CTL_READY,
	CTL_FAILED,
	CTL_VIOLATION,
};

/* Why a template could not be made. */
enum ctl_failure {
	CTL_FAIL_MALFORMED = 1,
	CTL_FAIL_INVALID,
	CTL_FAIL_UNLINKABLE,
	CTL_FAIL_LIMIT,		/* an implementation limit of the VM */
	CTL_FAIL_MEMORY,	/* the memory limit, or no memory */
	CTL_FAIL_TRAP,		/* a segment did not fit */
	CTL_FAIL_SPAWN,		/* clone(2) failed; number is errno */
};

struct ctl_msg {
	uint32_t kind;		/* enum ctl_kind */
	uint32_t failure;	/* CTL_FAILED: enum ctl_failure */
	uint64_t id;		/* the request's, echoed in its answer */
	union {
		struct {				/* CTL_TEMPLATE */
			struct template_limits limits;
			/* in the order of their instantiation */
			uint32_t npreload;
			char preload[CTL_PRELOAD_MAX][CTL_NAME_MAX];
		};
		struct {				/* CTL_CALL */
			uint32_t ahead;		/* 1: its call is yet to come */
		} call;
		struct {		/* CTL_FAILED, CTL_VIOLATION: number */
			uint64_t offset;
			uint32_t has_offset;
			uint32_t number;
			char text[ERR_TEXT_MAX];	/* NUL-terminated */
		} error;
		struct {				/* CTL_READY */
			uint64_t load_us;
			uint64_t bytes;	/* resident, at the most so far */
		} ready;
	};
};

#endif
