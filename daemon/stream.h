/*
 * The output pipe of one child: frames of sandbox/call.h, every byte of which
 * is hostile, relayed to the job. One fixed buffer; nothing is read while what
 * was read cannot be passed on, so that a client that does not read stalls its
 * own guest. Runs in the daemon.
 */
#ifndef DAEMON_STREAM_H
#define DAEMON_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/call.h"

struct event;
struct event_base;

enum stream_end {
	STREAM_EOF,	/* the pipe was closed, maybe in the middle of a frame */
	STREAM_BAD,	/* bytes that a child of ours never writes */
	STREAM_LIMIT,	/* more output than the call allows */
};

struct stream_ops {
	/* Whether the client's connection can take more at the moment. */
	bool (*has_room)(void *arg);
	void (*on_data)(void *arg, int fd, const void *data, size_t len);
	void (*on_want_input)(void *arg);
	void (*on_wait)(void *arg, const struct frame_wait *wait);
	void (*on_violation)(void *arg, const struct frame_violation *v);
	void (*on_result)(void *arg, const struct call_result *r,
		const char *text, size_t len);
	/* Nothing is called after it. */
	void (*on_end)(void *arg, enum stream_end end);
};

/* Descriptors of on_data: the guest's 1 and 2, its trace and its profile. */
#define STREAM_TRACE 3
#define STREAM_PROFILE 4
#define STREAM_FDS 4

struct stream {
	int fd;			/* -1: not started, or ended */
	struct event *ev;
	uint8_t *buf;
	size_t at, end;		/* bytes of buf not yet passed on */
	uint32_t data_left;	/* of the data frame at the front */
	int data_fd;
	bool has_result;
	bool discard;		/* nobody wants the data any more */
	bool last;		/* the child has ended: no more will come, */
	size_t last_left;	/* but these bytes, which are in the pipe */
	uint64_t credit;	/* UINT64_MAX: without limit */
	uint64_t limit;		/* bytes of output still allowed */
	uint64_t trace_left;	/* bytes of a trace still allowed */
	uint64_t profile_left;	/* and of profiles */
	uint64_t bytes[STREAM_FDS];	/* passed on, of descriptor 1 and up */
	const struct stream_ops *ops;
	void *arg;
};

/* Take the pipe's read end. 0, or -1: no memory (the descriptor is closed). */
int stream_start_take(struct stream *s, struct event_base *base, int fd);

/* Free everything; no callback is made. Legal at any time, also from one. */
void stream_stop(struct stream *s);

/* The client allows bytes more; capped at PROTO_CREDIT_MAX together. */
void stream_add_credit(struct stream *s, uint64_t bytes);

/* Look again whether there is room. */
void stream_resume(struct stream *s);

/* From now on read to the end but pass no data on. */
void stream_discard(struct stream *s);

/* The child has ended: what the pipe holds now is all, whoever else may have
 * it open. on_end follows, from the event loop. */
void stream_set_last(struct stream *s);

#endif
