/*
 * The input pipe of one child: frames of sandbox/call.h to it, written as it
 * takes them, and how much more standard input its client may send. Bounded:
 * a child that does not read costs the buffer's limit. Runs in the daemon.
 */
#ifndef DAEMON_FEED_H
#define DAEMON_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define FEED_WINDOW 65536u	/* standard input under way, at most */

struct event;
struct event_base;

struct feed {
	int fd;			/* -1: not started, or the child has closed it */
	struct event *ev;
	struct buf out;
	uint64_t granted;	/* bytes the client may still send */
	uint64_t bytes;		/* of standard input, taken from the client */
	bool wanted;		/* the guest reads */
	bool ended;		/* no input comes: IN_EOF follows the call */
	/* The client may send bytes more. */
	void (*on_grant)(void *arg, uint32_t bytes);
	void *arg;
};

/* Take the pipe's write end. 0, or -1: no memory (the descriptor is closed). */
int feed_start_take(struct feed *f, struct event_base *base, int fd);
void feed_stop(struct feed *f);

/* Write a frame. -1 when the child lets its input pile up beyond what a child
 * of ours can cause. A child that closed its end is written to in vain: 0. */
int feed_call(struct feed *f, const void *call, size_t len);
int feed_wake(struct feed *f, uint64_t seq);
int feed_eof(struct feed *f);

/* Standard input from the client. -1 when it sent more than was granted, or
 * anything after the end. */
int feed_data(struct feed *f, const void *data, size_t len);

/* The guest reads: grant a window, unless the input has ended. */
void feed_want(struct feed *f);

#endif
