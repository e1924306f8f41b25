/*
 * libwasmd: programs that nobody trusts, run by wasmd(8) for this one. The
 * manual libwasmd(3) explains it; wasmd-protocol(7) says what goes over the
 * socket, and names the fields of messages.
 *
 * A connection has a descriptor for poll(2) or any event loop, and never blocks
 * once it is open. There is no global state, nothing is printed, no signal and
 * no thread is used. Whatever belongs to one connection is for one thread at a
 * time. Callbacks may make requests, jobs and calls; they must not close, wait
 * or dispatch.
 *
 * Functions that can fail return -1 or NULL and fill in *error, which may be
 * NULL. Whatever a pointer to const refers to is borrowed for the call, unless
 * it says otherwise. Structures that begin with a size are filled in by the
 * caller, the size with sizeof, what is not wanted with 0: later versions add
 * members at their ends. One with members that this library does not know is
 * refused, unless they are 0. Others that are filled in stay as they are; those
 * that callbacks get may grow.
 */
#ifndef WASMD_H
#define WASMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---- errors -------------------------------------------------------------- */

/* Those of wasmd-protocol(7). */
enum wasmd_error_code {
	WASMD_ERROR_PROTOCOL = 1,	/* the daemon sent what it must not */
	WASMD_ERROR_VERSION = 2,
	WASMD_ERROR_DENIED = 3,
	WASMD_ERROR_QUEUE_FULL = 4,
	WASMD_ERROR_TOO_LARGE = 5,	/* a limit of protocol or daemon */
	WASMD_ERROR_NO_JOB = 6,
	WASMD_ERROR_USAGE = 7,
	WASMD_ERROR_INTERNAL = 8,	/* no memory, no descriptors, ... */
	WASMD_ERROR_UNAVAILABLE = 9,	/* no daemon, or not any more */
	WASMD_ERROR_NO_MODULE = 10,
	WASMD_ERROR_STORE_FULL = 11,
	WASMD_ERROR_DIGEST = 12,
	WASMD_ERROR_RATE = 16,
	WASMD_ERROR_QUARANTINED = 17,
};

#define WASMD_ERROR_TEXT_MAX 512

struct wasmd_error {
	int code;		/* enum wasmd_error_code, or one to come */
	uint64_t retry_ms;	/* when it may be worth while to try again; 0:
				 * that is not known */
	char text[WASMD_ERROR_TEXT_MAX];	/* for a person; no newline */
};

/* ---- messages of the daemon ---------------------------------------------- */

/* Bytes that belong to something else. Not NUL-terminated. */
struct wasmd_bytes {
	const char *data;
	size_t len;
};

/*
 * A request, an answer or a notification: fields by the names that the tables
 * of wasmd-protocol(7) give them. Those that come are valid during the callback
 * that gets them. A field that is not there, or is of another type, gives the
 * default, no bytes or a count of 0.
 */
struct wasmd_msg;

enum wasmd_type {
	WASMD_TYPE_UINT,
	WASMD_TYPE_BOOL,	/* a number, 0 or 1 */
	WASMD_TYPE_STR,
	WASMD_TYPE_BIN,
	WASMD_TYPE_STRS,
};

struct wasmd_field {
	const char *name;
	enum wasmd_type type;
};

/* "job.exit"; of an answer the name of its request. */
const char *wasmd_msg_name(const struct wasmd_msg *m);

bool wasmd_msg_has(const struct wasmd_msg *m, const char *field);
uint64_t wasmd_msg_number(const struct wasmd_msg *m, const char *field,
	uint64_t absent);
struct wasmd_bytes wasmd_msg_bytes(const struct wasmd_msg *m,
	const char *field);
size_t wasmd_msg_count(const struct wasmd_msg *m, const char *field);
struct wasmd_bytes wasmd_msg_item(const struct wasmd_msg *m, const char *field,
	size_t item);

/* The fields that are there, in the manual's order: number n, from 0 on. False
 * behind the last one. */
bool wasmd_msg_field(const struct wasmd_msg *m, size_t n,
	struct wasmd_field *field);

/*
 * Make a request or notification, without fields. NULL when there is none of
 * this name, or no memory. What is set is copied; -1 when there is no such field
 * or it is of another type, or there is no memory.
 */
struct wasmd_msg *wasmd_msg_new(const char *name);
struct wasmd_msg *wasmd_msg_copy(const struct wasmd_msg *m);
void wasmd_msg_free(struct wasmd_msg *m);	/* NULL is fine */
int wasmd_msg_set_number(struct wasmd_msg *m, const char *field,
	uint64_t number);
int wasmd_msg_set_bytes(struct wasmd_msg *m, const char *field,
	const void *data, size_t len);
int wasmd_msg_set_str(struct wasmd_msg *m, const char *field, const char *str);
int wasmd_msg_set_strs(struct wasmd_msg *m, const char *field,
	const char *const *strs, size_t count);

/* What a shell would see of a job that ended with this record: the low 8 bits of
 * the guest's own exit code, or what wasmctl(1) lists. */
int wasmd_record_exit(const struct wasmd_msg *record);

/* ---- a connection -------------------------------------------------------- */

struct wasmd;

/*
 * Connect to the socket at path and exchange greetings; waits, at most
 * WASMD_OPEN_MS. NULL with WASMD_ERROR_UNAVAILABLE when nobody answers there,
 * WASMD_ERROR_DENIED when it is forbidden, or the daemon's own refusal.
 * wasmd_open_fd takes a connected stream socket, which it owns from then on,
 * failed or not.
 */
#define WASMD_OPEN_MS 10000
struct wasmd *wasmd_open(const char *path, struct wasmd_error *error);
struct wasmd *wasmd_open_fd(int fd, struct wasmd_error *error);

/*
 * The same over a stream socket at whose other end something copies bytes to and
 * from a daemon, such as `wasmctl proxy` of another machine; waits timeout_ms,
 * -1 for ever. No descriptors pass: small modules can be submitted as ever,
 * others by the digest that a put gives them, a temporary one if they are not
 * to be kept. There are no brokers and no instances.
 */
struct wasmd *wasmd_open_stream(int fd, int timeout_ms,
	struct wasmd_error *error);
bool wasmd_passes_descriptors(const struct wasmd *w);

/* Frees its jobs, too, which end unless they are detached; no callback is called.
 * Not to be called from one. Instances are closed before. NULL is fine. */
void wasmd_close(struct wasmd *w);

/* The descriptor: to be watched for reading, and for writing while so many bytes
 * are unsent. */
int wasmd_fd(const struct wasmd *w);
size_t wasmd_unsent(const struct wasmd *w);

/*
 * Send and receive what can be without waiting, and call the callbacks. -1 when
 * the connection has ended, all its jobs with it: WASMD_ERROR_UNAVAILABLE when
 * the daemon closed it, WASMD_ERROR_PROTOCOL when it sent what it must not.
 */
int wasmd_dispatch(struct wasmd *w, struct wasmd_error *error);

/* For programs without a loop: wait until there is something to do, timeout_ms
 * at most (-1: for ever), and do it. */
int wasmd_wait(struct wasmd *w, int timeout_ms, struct wasmd_error *error);

/* ---- requests ------------------------------------------------------------ */

/*
 * How a request ends: on_answer is called once, with the answer, or else with
 * the error, and NULL for the other one; not at all when the connection ends
 * first. Before it on_item, for each module of a list or job of jobs. Both may
 * be NULL. The structure is copied.
 */
struct wasmd_asked {
	void (*on_item)(void *arg, const struct wasmd_msg *item);
	void (*on_answer)(void *arg, const struct wasmd_msg *answer,
		const struct wasmd_error *error);
	void *arg;
};

/* What to keep in the daemon's store. The answer's "module" is its digest: 64
 * digits, as everywhere here without "sha256:". */
struct wasmd_put {
	size_t size;
	const void *module;	/* its bytes; NULL: they are in */
	size_t module_len;
	int module_fd;		/* this memfd, see memfd_create(2) */
	const char *digest;	/* refuse another than this one; or NULL */
	bool share;		/* with every user of the daemon */
	bool temporary;		/* not in the store: for submits of this
				 * connection, as long as it is there */
};

int wasmd_put(struct wasmd *w, const struct wasmd_put *put,
	const struct wasmd_asked *asked, struct wasmd_error *error);
int wasmd_list(struct wasmd *w, const struct wasmd_asked *asked,
	struct wasmd_error *error);	/* all: items are module.item */
int wasmd_info(struct wasmd *w, const char *digest,
	const struct wasmd_asked *asked, struct wasmd_error *error);
int wasmd_remove(struct wasmd *w, const char *digest,
	const struct wasmd_asked *asked, struct wasmd_error *error);

/* The user's jobs, or with a number only this one; items are job.item. */
int wasmd_jobs(struct wasmd *w, const struct wasmd_asked *asked,
	struct wasmd_error *error);
int wasmd_job_status(struct wasmd *w, uint64_t job,
	const struct wasmd_asked *asked, struct wasmd_error *error);
int wasmd_kill(struct wasmd *w, uint64_t job, const struct wasmd_asked *asked,
	struct wasmd_error *error);
/* Forget a detached one that has ended. */
int wasmd_forget(struct wasmd *w, uint64_t job, const struct wasmd_asked *asked,
	struct wasmd_error *error);

/* From the answer on, on_event gets each job.event and job.missed. */
int wasmd_events(struct wasmd *w,
	void (*on_event)(void *arg, const struct wasmd_msg *event), void *arg,
	const struct wasmd_asked *asked, struct wasmd_error *error);

/* Any other request of wasmd-protocol(7); fd, if it is not -1, goes with it and
 * is duplicated. */
int wasmd_request(struct wasmd *w, const struct wasmd_msg *request, int fd,
	const struct wasmd_asked *asked, struct wasmd_error *error);

/* ---- what a guest may reach ---------------------------------------------- */

#define WASMD_GRANTS_MAX 32	/* directories, and as many sockets */

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
	size_t size;
	const struct wasmd_grant *dirs;
	size_t count;
	const int *sockets;
	size_t nsockets;
};

/*
 * Start a broker: a process with our credentials that opens files of these
 * directories and accepts connections of these sockets, and nothing else, for
 * one call. Returns a socket for wasmd_call's broker, to be closed once that is
 * submitted: the broker ends with the call. -1 with WASMD_ERROR_USAGE for a
 * grant that is none. Forks: best called before other things are done, and
 * before there are threads.
 */
int wasmd_broker_start(const struct wasmd_grants *grants,
	struct wasmd_error *error);

/* ---- calls --------------------------------------------------------------- */

/* A larger module cannot be submitted where no descriptors pass. */
#define WASMD_INLINE_MAX 393216

/*
 * Copy a file or stream to its end into a sealed memfd, for module_fd; fd stays
 * as it is. -1 with WASMD_ERROR_INTERNAL, and errno; EFBIG for one of more than a
 * GiB. Waits for a stream.
 */
int wasmd_module_copy(int fd, struct wasmd_error *error);

#define WASMD_PRELOAD_MAX 7
#define WASMD_PRELOAD_NAME_MAX 63	/* bytes */

/* A module that the one to run imports from. */
struct wasmd_preload {
	const char *name;	/* what it is imported as */
	int fd;			/* a memfd, */
	const char *digest;	/* unless it is this one of the store */
};

/* The most output that may be kept, or allowed to come. */
#define WASMD_KEEP_MAX 16777216
#define WASMD_CREDIT_MAX 16777216

/* What to run. All is borrowed until wasmd_submit returns. */
struct wasmd_call {
	size_t size;
	/* The module: the store's with this digest; */
	const char *digest;
	/* or else these bytes, if they are not NULL; */
	const void *module;
	size_t module_len;
	/* or else those of this memfd, see memfd_create(2). A sealed one is not
	 * copied. */
	int module_fd;
	/* In the order of instantiation, WASMD_PRELOAD_MAX at most. */
	const struct wasmd_preload *preload;
	size_t npreload;
	const char *mode;		/* submit's; NULL: run the module */
	const char *const *args;	/* [0] is the program's name */
	size_t nargs;
	const char *const *env;		/* "NAME=value" */
	size_t nenv;
	const char *invoke;		/* NULL: the command's _start; for the
					 * modes of disasm, all functions */
	const char *const *params;	/* of invoke, as text */
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
	/* Limits; 0: the daemon's default. Times are in milliseconds. */
	uint64_t wall_ms, cpu_ms, fuel;
	uint64_t memory_bytes, stack_bytes, output_bytes, table_elems;
	uint64_t open_files;
	/* Of mode "serve"; see wasmd_instance_open. */
	uint64_t max_calls;		/* 0: no limit */
	bool reset;
	bool profile;			/* its functions; see on_output */
};

struct wasmd_job;

#define WASMD_OUTPUT_TRACE 3
#define WASMD_OUTPUT_PROFILE 4
#define WASMD_OUTPUT_MAX 65536	/* bytes that come at once */

/*
 * What happens to a job. Data and messages are valid during the callback. Each
 * job gets exactly one of on_exit and on_refused, the last of its callbacks,
 * unless its connection ends first. None may call wasmd_close. Each may be NULL.
 */
struct wasmd_events {
	size_t size;
	void (*on_started)(void *arg, struct wasmd_job *job);
	/* So many jobs come before it. */
	void (*on_queued)(void *arg, uint64_t ahead);
	/* fd: 1 or 2, or WASMD_OUTPUT_TRACE for text of the trace, or
	 * WASMD_OUTPUT_PROFILE for reports */
	void (*on_output)(void *arg, int fd, const void *data, size_t len);
	/* So many bytes of standard input may be sent, besides those before; not
	 * called any more when its end has been sent. */
	void (*on_want_input)(void *arg, size_t bytes);
	/* job.exit, the result record */
	void (*on_exit)(void *arg, const struct wasmd_msg *record);
	void (*on_refused)(void *arg, const struct wasmd_error *error);
	/* Of a job that is followed: bytes of output that are lost; all there
	 * was has come; it has been forgotten, the last of its callbacks. */
	void (*on_dropped)(void *arg, uint64_t bytes);
	void (*on_caught_up)(void *arg);
	void (*on_gone)(void *arg);
	/* Of mode "serve": the socket of the instance, the callee's now. */
	void (*on_socket)(void *arg, int fd);
};

/* The job, valid until its last callback. */
struct wasmd_job *wasmd_submit(struct wasmd *w, const struct wasmd_call *call,
	const struct wasmd_events *events, void *arg, struct wasmd_error *error);

/* What to get of a detached job. */
struct wasmd_follow {
	size_t size;
	uint64_t job;
	bool no_output;		/* only its record */
	bool no_wait;		/* what is kept, up to on_caught_up */
	bool has_stdin;		/* be its standard input */
	uint32_t credit;
};

/* The same callbacks as for a job of one's own; on_caught_up is the last with
 * no_wait. */
struct wasmd_job *wasmd_follow(struct wasmd *w, const struct wasmd_follow *what,
	const struct wasmd_events *events, void *arg, struct wasmd_error *error);

/* Its number, once it is started. */
uint64_t wasmd_job_id(const struct wasmd_job *job);

/* Let bytes more of its output come. */
int wasmd_job_credit(struct wasmd_job *job, size_t bytes,
	struct wasmd_error *error);

/* Send standard input, WASMD_INPUT_MAX at a time; its end with len 0. -1 with
 * WASMD_ERROR_USAGE for more than on_want_input asked for, or after the end. */
#define WASMD_INPUT_MAX 65536
int wasmd_job_input(struct wasmd_job *job, const void *data, size_t len,
	struct wasmd_error *error);

/* Ask for its end; on_exit follows. Harmless at any time and repeatedly. */
int wasmd_job_cancel(struct wasmd_job *job, struct wasmd_error *error);

/* ---- typed values -------------------------------------------------------- */

enum wasmd_kind {
	WASMD_I32 = 'i',
	WASMD_I64 = 'l',
	WASMD_F32 = 'f',
	WASMD_F64 = 'd',
	WASMD_V128 = 'v',
	WASMD_REF = 'r',
	/* Arguments of an instance only: bytes for its memory, which become two
	 * arguments, address and length; and a number as text. */
	WASMD_BYTES = 'b',
	WASMD_TEXT = 't',
};

struct wasmd_value {
	enum wasmd_kind kind;
	union {
		int32_t i32;
		int64_t i64;
		float f32;
		double f64;
		uint8_t v128[16];		/* the lowest byte first */
		bool ref;			/* false: null */
		struct wasmd_bytes bytes;	/* borrowed */
	} as;
};

#define WASMD_VALUE_TEXT_MAX 48

/* "-1", "0.5", "-nan:0x400000", "0x..." with the highest byte first, "null": as
 * wasmd_call's params are. -1 for the last two kinds. */
int wasmd_value_text(char text[WASMD_VALUE_TEXT_MAX],
	const struct wasmd_value *value);

/* One of a record's results: "i32:-1". -1: it is not like this. */
int wasmd_value_read(struct wasmd_value *value, struct wasmd_bytes result);

/* "i32" to "v128", "ref"; "bytes", "text". */
const char *wasmd_kind_name(enum wasmd_kind kind);

/* ---- instances ----------------------------------------------------------- */

/*
 * A module that stays and takes calls one after the other, over a socket of its
 * own: the daemon has no part in them. Its state is what its calls make of it.
 * It ends by itself, or with wasmd_instance_close, which is due in any case,
 * before wasmd_close and not from a callback. Its limits are those of its call:
 * fuel of each single call, times and output of its life, max_calls. With reset
 * a new one takes its place after a trap, or when fuel or memory ran out.
 */
struct wasmd_instance;

enum wasmd_end {
	WASMD_RETURNED = 1,
	WASMD_EXITED,		/* proc_exit; the instance ends */
	WASMD_TRAPPED,
	WASMD_OUT_OF_FUEL,
	WASMD_OUT_OF_MEMORY,
	WASMD_OUT_OF_OUTPUT,	/* the instance ends */
	WASMD_NO_FUNCTION,	/* nothing was called */
	WASMD_WRONG_ARGUMENTS,	/* nothing was called */
};

/* How a call ended. Valid during the callback. */
struct wasmd_return {
	enum wasmd_end end;
	uint32_t exit_code;		/* of proc_exit */
	const struct wasmd_value *results;
	size_t nresults;
	struct wasmd_bytes bytes;	/* if they were wanted */
	struct wasmd_bytes cause;	/* how it failed, in words */
	struct wasmd_bytes backtrace;	/* where: a line for each frame */
	uint64_t fuel;			/* that it used */
	uint64_t memory_pages;		/* of 64 KiB, that it has */
	bool last;			/* the instance ends with it */
};

/* Each may be NULL. */
struct wasmd_instance_events {
	size_t size;
	/* It takes calls; start is how its start functions ended, for which it
	 * may also end. Again for one that took its place. */
	void (*on_ready)(void *arg, const struct wasmd_return *start);
	void (*on_return)(void *arg, const struct wasmd_return *ret);
	void (*on_output)(void *arg, int fd, const void *data, size_t len);
	/* The last of its callbacks is one of these. */
	void (*on_exit)(void *arg, const struct wasmd_msg *record);
	void (*on_refused)(void *arg, const struct wasmd_error *error);
};

/* Of the call its mode, detach, invoke and has_stdin mean nothing. */
struct wasmd_instance *wasmd_instance_open(struct wasmd *w,
	const struct wasmd_call *call,
	const struct wasmd_instance_events *events, void *arg,
	struct wasmd_error *error);
void wasmd_instance_close(struct wasmd_instance *i);	/* NULL is fine */

/*
 * Besides the connection's descriptor its own is to be watched, in the same way;
 * it is -1 while there is none, and may change with every dispatch of either.
 * timeout: how many milliseconds from now dispatch is due, whatever the
 * descriptor says; -1: never.
 */
int wasmd_instance_fd(const struct wasmd_instance *i);
size_t wasmd_instance_unsent(const struct wasmd_instance *i);
int wasmd_instance_timeout(const struct wasmd_instance *i);

/* Do what can be done without waiting, for the instance alone. -1: it broke the
 * rules, and is of no use any more. */
int wasmd_instance_dispatch(struct wasmd_instance *i,
	struct wasmd_error *error);

/* As wasmd_wait, for instance and connection. */
int wasmd_instance_wait(struct wasmd_instance *i, int timeout_ms,
	struct wasmd_error *error);

#define WASMD_INVOKE_MAX 1048576	/* bytes of name and arguments */

struct wasmd_invoke {
	size_t size;
	const char *name;		/* of an exported function */
	const struct wasmd_value *args;
	size_t nargs;
	/* Its two results are an address and a length: give the bytes there. */
	bool wants_bytes;
	uint64_t fuel;			/* for it; 0: as for each */
	uint64_t timeout_ms;		/* then the instance is ended; 0: never */
};

/* Whether it takes a call now. */
bool wasmd_instance_is_ready(const struct wasmd_instance *i);

/* Call a function; on_return follows, or the instance's end. -1 with
 * WASMD_ERROR_USAGE when it is not ready. */
int wasmd_instance_call(struct wasmd_instance *i,
	const struct wasmd_invoke *call, struct wasmd_error *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
