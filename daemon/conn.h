/*
 * Connections of clients: frames in, with descriptors; frames out, bounded.
 * Runs in the daemon.
 */
#ifndef DAEMON_CONN_H
#define DAEMON_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/fd.h"
#include "daemon/job.h"
#include "daemon/passing.h"
#include "daemon/request.h"
#include "proto/msg.h"
#include "proto/wire.h"

struct conns;
struct evbuffer;
struct event;
struct event_base;
struct users;

/* Output that may wait for a client before its jobs' output and its requests
 * have to wait in turn. */
#define CONN_OUT_HIGH	(256u << 10)

/*
 * Whatever else goes on for a client on its connection: what a request waits
 * for, what notifications come from. Part of a larger structure.
 */
struct conn_part {
	TAILQ_ENTRY(conn_part) entry;
	struct conn *conn;	/* NULL: not on any */
	const struct conn_part_ops *ops;
};

struct conn_part_ops {
	/* The connection has been closed, the part is on it no longer. */
	void (*gone)(struct conn_part *p);
	/* There is room for output again; NULL: it never waits for that. */
	void (*resume)(struct conn_part *p);
};

TAILQ_HEAD(part_list, conn_part);

struct conn {
	TAILQ_ENTRY(conn) entry;
	TAILQ_ENTRY(conn) of_new;	/* while its state is STATE_NEW */
	TAILQ_ENTRY(conn) of_doomed;	/* while doom is not NULL */
	struct conns *conns;
	int fd;			/* -1: closed, to be freed soon */
	enum msg_state state;
	struct user *user;
	uid_t uid;
	gid_t gid;
	pid_t pid;
	struct wire in;
	struct fds passed;	/* descriptors that came, not yet used */
	bool stalled;		/* input waits until output has drained */
	bool starved;		/* a job's output does */
	bool ending;		/* no more input; closed when output is written */
	const char *doom;	/* why it will be closed at the next turn */
	struct evbuffer *out;
	struct passing passing;	/* descriptors among it */
	struct event *on_read, *on_write;
	struct event *hello;	/* timer: until it has said hello */
	struct job_list jobs;
	struct part_list parts;
};

struct conns_config {
	struct event_base *base;
	struct users *users;
	struct request_context context;
	unsigned max;
	unsigned hello_ms;
	bool is_private;	/* for its owner only: who started the daemon */
	uid_t owner;
	void (*on_idle)(void *arg);	/* the last connection is gone */
	void *arg;
};

struct conns *conns_new(const struct conns_config *config);
/* From now on; what is there stays. */
void conns_set_limits(struct conns *cs, unsigned max, unsigned hello_ms);
void conns_close_all(struct conns *cs);
void conns_free(struct conns *cs);	/* all closed, and the loop has run */
/* Whether some client has not yet been sent all that was said to it. */
bool conns_pending(const struct conns *cs);
unsigned conns_count(const struct conns *cs);

/* Take an accepted socket. It is closed if its peer may not be here, or if
 * there are too many and none of them is silent. */
void conn_new_take(struct conns *cs, int fd);

/* One of another daemon, which may have said hello there, with bytes that were
 * read of it, at most WIRE_FEED_MAX. */
void conn_adopt_take(struct conns *cs, int fd, bool is_ready,
	const void *data, size_t len);

/* Whether it is only waiting for requests; bytes may have come. */
bool conn_has_nothing(const struct conn *c);

/* Give those on which nothing goes on to the successor, at the other end of the
 * socket. */
void conns_give(struct conns *cs, int sock);

/* Close it and abandon its jobs; for message handlers. It is freed later, from
 * the event loop. */
void conn_close(struct conn *c, const char *why);

/* It has said hello: no hurry any more. */
void conn_set_ready(struct conn *c);

/* Queue a message. On a closed connection, nothing. Never closes it: jobs send
 * in the middle of their events. */
void conn_send(struct conn *c, const struct msg *m);
/* The same with a descriptor, which is taken. */
void conn_send_fd_take(struct conn *c, const struct msg *m, int fd);
/* The same of a whole frame. */
void conn_send_frame(struct conn *c, const struct buf *frame);
void conn_send_error(struct conn *c, uint32_t call, enum proto_error code,
	const char *text, uint64_t retry_ms);

/* Whether job output may be queued now; job_resume follows when not. */
bool conn_has_room(struct conn *c);

/* The descriptors that came with the message; the caller's. */
struct fds conn_take_fds(struct conn *c);

void conn_add_job(struct conn *c, struct job *j);
void conn_remove_job(struct conn *c, struct job *j);
/* Remove is legal for one that is on no connection. */
void conn_add_part(struct conn *c, struct conn_part *p,
	const struct conn_part_ops *ops);
void conn_remove_part(struct conn_part *p);

/* A job that this client knows by its number, or NULL. */
struct job *conn_job(const struct conn *c, uint64_t id);

#endif
