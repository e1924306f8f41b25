/*
 * The client's side of a connection to wasmd. Never blocks once it is open,
 * keeps no global state, prints nothing: for poll(2) or any event loop.
 *
 *	w = wasmd_open(path, &err);
 *	wasmd_submit(w, &call, &events, arg, &err);
 *	for (;;) {
 *		poll wasmd_fd(w) for POLLIN, and for POLLOUT while
 *		wasmd_unsent(w) is not 0
 *		if (wasmd_dispatch(w, &err) == -1)
 *			the connection is over, all its jobs with it
 *	}
 *
 * Errors have the codes of enum proto_error.
 */
#ifndef CLIENT_LIBWASMD_H
#define CLIENT_LIBWASMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "proto/msg.h"

struct wasmd;
struct wasmd_job;

/*
 * Connect to the socket at path and exchange greetings; the one call that
 * waits, at most WASMD_OPEN_MS. NULL with PROTO_ERROR_UNAVAILABLE when nobody
 * answers there, PROTO_ERROR_DENIED when it is forbidden, or the daemon's own
 * refusal.
 */
#define WASMD_OPEN_MS 10000
struct wasmd *wasmd_open(const char *path, struct err *err);

/*
 * The same over a stream socket at whose other end something copies bytes to and
 * from a daemon, such as `wasmctl proxy` of another machine. The socket is
 * taken, also on failure. No descriptors can pass: modules go as bytes, by put
 * and digest, and there are no brokers and no instances. timeout_ms: -1 is for
 * ever.
 */
struct wasmd *wasmd_open_stream_take(int sock, int timeout_ms, struct err *err);
bool wasmd_passes_descriptors(const struct wasmd *w);

void wasmd_close(struct wasmd *w);	/* frees its jobs; NULL is fine */

int wasmd_fd(const struct wasmd *w);
size_t wasmd_unsent(const struct wasmd *w);

/*
 * Send and receive what can be without waiting and call the callbacks. -1 when
 * the connection has ended: PROTO_ERROR_UNAVAILABLE when the daemon closed it,
 * PROTO_ERROR_PROTOCOL when it sent what it must not.
 */
int wasmd_dispatch(struct wasmd *w, struct err *err);

/*
 * Make any request of proto/msgs.def. Its descriptors are duplicated. on_answer
 * is called once, with the answer or MSG_ERROR, unless the connection ends first;
 * before it on_item, which may be NULL, for each notification that belongs to the
 * request. 0, or -1 when the message passes a limit of the protocol; then
 * nothing has been sent. *call, if not NULL, gets the request's number.
 */
struct wasmd_asked {
	void (*on_item)(void *arg, const struct msg *item);
	void (*on_answer)(void *arg, const struct msg *answer);
	void *arg;
};
int wasmd_request(struct wasmd *w, struct msg *request, int fd,
	const struct wasmd_asked *asked, uint32_t *call, struct err *err);

/* Queue a notification. */
int wasmd_notify(struct wasmd *w, const struct msg *m, struct err *err);

/* A module that the one to run imports from. */
struct wasmd_preload {
	const char *name;	/* what it is imported as */
	int fd;			/* a memfd; -1: */
	const char *digest;	/* one of the store */
};

/* A directory for the guest to find. */
struct wasmd_grant {
	int dir;		/* a descriptor of it */
	const char *name;	/* what the guest finds it as */
	bool read_only;
};

/*
 * What a guest finds as descriptors from 3 on: first stream sockets that listen
 * or are connected, then directories. The sockets are its own from then on:
 * their ends are seen when the caller has closed them, too.
 */
struct wasmd_grants {
	const struct wasmd_grant *dirs;
	size_t count;
	const int *sockets;
	size_t nsockets;
};

/*
 * Start a broker: a process with our credentials that opens files of these
 * directories and accepts connections of these sockets, and nothing else, for
 * one call. Returns a socket for wasmd_call's broker, to be closed once that is
 * submitted: the broker ends with the call. -1 with PROTO_ERROR_USAGE for a
 * grant that is none. Forks: best called before other things are done.
 */
int wasmd_broker_start(const struct wasmd_grants *g, struct err *err);

/* What to run. All is borrowed until wasmd_submit returns. */
struct wasmd_call {
	const char *mode;	/* submit's; NULL: run the module */
	int module_fd;		/* a memfd; -1: the bytes, or the digest */
	const void *module;
	size_t module_len;
	const char *digest;	/* not NULL: a module of the store instead */
	/* In the order of instantiation, PROTO_PRELOAD_MAX at most. */
	const struct wasmd_preload *preload;
	size_t npreload;
	const char *const *args;	/* [0] is the program's name */
	size_t nargs;
	const char *const *env;		/* "NAME=value" */
	size_t nenv;
	const char *invoke;		/* NULL: the command's _start; for the
					 * modes of disasm, all functions */
	const char *const *params;
	size_t nparams;
	bool detach;			/* it outlives the connection; then it has
					 * one callback only, on_started */
	uint32_t keep_bytes;		/* of its output; 0: the default */
	unsigned priority;		/* 1 to 9; 0: the default */
	bool has_broker;		/* directories are granted: */
	int broker;			/* from wasmd_broker_start */
	bool has_stdin;
	unsigned tty;			/* bit n: descriptor n is a terminal */
	unsigned closed;		/* bit n: it is not open */
	bool trace;			/* its host functions; see on_output */
	bool deterministic;		/* time and randomness are made up */
	uint64_t seed;			/* from this */
	uint32_t credit;		/* output bytes that may come at first */
	/* Limits; 0: the daemon's default. */
	uint64_t wall_ms, cpu_ms, fuel;
	uint64_t memory_bytes, stack_bytes, output_bytes, table_elems;
	uint64_t open_files;
};

/*
 * What happens to a job. Data and messages are valid during the callback. Each
 * job gets exactly one of on_exit and on_refused, the last of its callbacks,
 * unless its connection ends first. None may call wasmd_close. Those behind
 * on_refused, on_started and on_queued may be NULL.
 */
struct wasmd_events {
	void (*on_started)(void *arg, struct wasmd_job *job);
	/* So many jobs come before it. */
	void (*on_queued)(void *arg, uint64_t ahead);
	/* fd: 1 or 2, or 3 for text of the trace, if there is to be one */
	void (*on_output)(void *arg, int fd, const void *data, size_t len);
	void (*on_want_input)(void *arg, size_t bytes);
	void (*on_exit)(void *arg, const struct msg *record);	/* job.exit */
	void (*on_refused)(void *arg, const struct msg *error);	/* error */
	/* The socket of an instance, which is the callee's now. */
	void (*on_socket)(void *arg, int fd);
	/* Of a job that is followed: bytes of output that are lost; all there
	 * was has come; it has been forgotten, the last of its callbacks. */
	void (*on_dropped)(void *arg, uint64_t bytes);
	void (*on_caught_up)(void *arg);
	void (*on_gone)(void *arg);
};

/* The job, valid until its last callback; NULL when the call passes a limit
 * of the protocol. */
struct wasmd_job *wasmd_submit(struct wasmd *w, const struct wasmd_call *call,
	const struct wasmd_events *events, void *arg, struct err *err);

/* What to get of a detached job. */
struct wasmd_follow {
	uint64_t job;
	bool no_output;		/* only its record */
	bool no_wait;		/* what is kept, up to on_caught_up */
	bool has_stdin;		/* be its standard input */
	uint32_t credit;
};

/* The same callbacks as for a job of one's own; on_caught_up is the last with
 * no_wait. */
struct wasmd_job *wasmd_follow(struct wasmd *w, const struct wasmd_follow *what,
	const struct wasmd_events *events, void *arg, struct err *err);

/* Its number, once it is started. */
uint64_t wasmd_job_id(const struct wasmd_job *job);

/* Who is told of job.event and job.missed, after the request events. */
void wasmd_on_event(struct wasmd *w,
	void (*on_event)(void *arg, const struct msg *event), void *arg);

/* Let bytes more of its output come. */
int wasmd_job_credit(struct wasmd_job *job, size_t bytes, struct err *err);

/* Send standard input, at most what on_want_input asked for; its end with
 * len 0. */
int wasmd_job_input(struct wasmd_job *job, const void *data, size_t len,
	struct err *err);

/* Ask for its end; on_exit follows. Harmless at any time and repeatedly. */
int wasmd_job_cancel(struct wasmd_job *job, struct err *err);

/* Ask which layers of confinement are in force. on_layers is called once. */
int wasmd_check(struct wasmd *w,
	void (*on_layers)(void *arg, const struct msg *answer), void *arg,
	struct err *err);

#endif
