/*
 * Instances: calls over a socket to a confined process, which is hostile: what
 * it sends is checked, bounded, and costs only the instance.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/fd.h"
#include "lib/conn.h"
#include "lib/error.h"
#include "lib/given.h"
#include "lib/job.h"
#include "lib/value.h"
#include "proto/serve.h"

/* The largest frame is a call's end. */
#define INSTANCE_IN_MAX (sizeof(struct serve_return) + \
	SERVE_RESULTS_MAX * sizeof(struct typed) + SERVE_CAUSE_MAX + \
	SERVE_BYTES_MAX)
/* A call, and an answer to its sleep. */
#define INSTANCE_OUT_MAX (2 * sizeof(struct serve_frame) + SERVE_IN_MAX + 64)
#define INSTANCE_RECV_MAX 65536
#define INSTANCE_NEVER UINT64_MAX

_Static_assert(WASMD_INVOKE_MAX == SERVE_IN_MAX, "the header says so");
_Static_assert((int)WASMD_RETURNED == SERVE_RETURNED &&
	(int)WASMD_WRONG_ARGUMENTS == SERVE_USAGE, "the ends are the wire's");

enum instance_state {
	INSTANCE_STARTING,	/* no socket, or not its first word */
	INSTANCE_READY,
	INSTANCE_BUSY,
	INSTANCE_ENDING,	/* its last word has come, the record has not */
	INSTANCE_OVER,		/* there is no job any more */
};

struct wasmd_instance {
	struct wasmd *conn;
	struct wasmd_job *job;
	struct wasmd_instance_events events;
	void *arg;
	enum instance_state state;
	int sock;		/* -1: none */
	struct buf in, out;
	uint64_t wake_us;	/* when to answer its sleep, or INSTANCE_NEVER */
	uint64_t wake_seq;
	uint64_t deadline_us;	/* of the call, or INSTANCE_NEVER */
};

/* ---- what comes ---------------------------------------------------------- */

static bool
take_bytes(struct cursor *c, struct wasmd_bytes *to, uint32_t len)
{
	const uint8_t *at = cursor_skip(c, len);

	*to = (struct wasmd_bytes){ (const char *)at, len };
	return at != NULL;
}

static bool
return_take(struct wasmd_return *r, struct cursor *c,
	struct wasmd_value results[static SERVE_RESULTS_MAX])
{
	struct serve_return head;
	struct typed typed;

	if (!cursor_take(c, &head, sizeof(head)) || head.end == 0 ||
	    head.end >= SERVE_END_COUNT || head.nresults > SERVE_RESULTS_MAX)
		return false;
	for (uint32_t n = 0; n < head.nresults; n++)
		if (!cursor_take(c, &typed, sizeof(typed)) ||
		    value_from_wire(&results[n], &typed) == -1)
			return false;
	*r = (struct wasmd_return){
		.end = (enum wasmd_end)head.end, .exit_code = head.exit_code,
		.results = results, .nresults = head.nresults,
		.fuel = head.fuel_used, .memory_pages = head.memory_pages,
		.last = head.last != 0,
	};
	return take_bytes(c, &r->cause, head.trap_len) &&
		take_bytes(c, &r->backtrace, head.backtrace_len) &&
		take_bytes(c, &r->bytes, head.bytes_len) && c->len == 0;
}

static bool
instance_on_return(struct wasmd_instance *i, struct cursor *c)
{
	struct wasmd_value results[SERVE_RESULTS_MAX];
	bool is_start = i->state == INSTANCE_STARTING;
	struct wasmd_return r;

	if ((!is_start && i->state != INSTANCE_BUSY) ||
	    !return_take(&r, c, results))
		return false;
	i->state = r.last ? INSTANCE_ENDING : INSTANCE_READY;
	i->wake_us = INSTANCE_NEVER;
	i->deadline_us = INSTANCE_NEVER;
	if (is_start && i->events.on_ready != NULL)
		i->events.on_ready(i->arg, &r);
	else if (!is_start && i->events.on_return != NULL)
		i->events.on_return(i->arg, &r);
	return true;
}

static bool
instance_on_wait(struct wasmd_instance *i, struct cursor *c)
{
	uint64_t now = clock_monotonic_us();
	struct serve_wait wait;

	if (!cursor_take(c, &wait, sizeof(wait)) || c->len != 0)
		return false;
	i->wake_seq = wait.seq;
	i->wake_us = wait.timeout_ns == UINT64_MAX ? INSTANCE_NEVER :
		now + wait.timeout_ns / 1000 + 1;
	return true;
}

static bool
instance_on_frame(struct wasmd_instance *i, uint32_t kind, struct cursor *c)
{
	switch (kind) {
	case SERVE_OUT_RETURN:
		return instance_on_return(i, c);
	case SERVE_OUT_WAIT:
		return instance_on_wait(i, c);
	case SERVE_OUT_STDOUT:
	case SERVE_OUT_STDERR:
		if (i->events.on_output != NULL)
			i->events.on_output(i->arg,
				kind == SERVE_OUT_STDOUT ? 1 : 2, c->p, c->len);
		return true;
	default:
		return true;
	}
}

static bool
instance_take_frames(struct wasmd_instance *i)
{
	size_t taken = 0;
	bool ok = true;

	while (ok && i->in.len - taken >= sizeof(struct serve_frame)) {
		struct cursor c = { i->in.data + taken, i->in.len - taken };
		struct serve_frame f;

		cursor_take(&c, &f, sizeof(f));
		if (f.len > INSTANCE_IN_MAX)
			return false;
		if (c.len < f.len)
			break;
		c.len = f.len;
		taken += sizeof(f) + f.len;
		ok = instance_on_frame(i, f.kind, &c);
	}
	buf_drain(&i->in, taken);
	return ok;
}

/* ---- the socket ---------------------------------------------------------- */

static void
instance_drop_socket(struct wasmd_instance *i)
{
	fd_close(&i->sock);
	buf_clear(&i->in);
	buf_clear(&i->out);
	i->wake_us = INSTANCE_NEVER;
}

/* Its end closes the socket: the record says why. */
static void
instance_on_eof(struct wasmd_instance *i)
{
	instance_drop_socket(i);
	if (i->state != INSTANCE_OVER)
		i->state = INSTANCE_ENDING;
}

static void
instance_send(struct wasmd_instance *i)
{
	ssize_t n;

	while (i->out.len > 0) {
		n = send(i->sock, i->out.data, i->out.len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		/* If it has ended, its last words may still be read. */
		if (n == -1)
			return;
		buf_drain(&i->out, (size_t)n);
	}
}

/* One recv(2), so that the caller's loop sees to others, too: 1 when something
 * came, 0 when there is nothing now, or no more, -1 for what must not be. */
static int
instance_receive(struct wasmd_instance *i)
{
	uint8_t data[INSTANCE_RECV_MAX];
	ssize_t n;

	do {
		n = recv(i->sock, data, sizeof(data), 0);
	} while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n <= 0) {
		instance_on_eof(i);
		return 0;
	}
	return buf_append(&i->in, data, (size_t)n) == 0 &&
		instance_take_frames(i) ? 1 : -1;
}

/* Its process has ended: what it said before. */
static void
instance_drain(struct wasmd_instance *i)
{
	while (i->sock != -1 && instance_receive(i) == 1)
		;
	instance_drop_socket(i);
}

/* ---- calls --------------------------------------------------------------- */

/* The argument's bytes: its own, or text made in room. */
static int
argument_bytes(const struct wasmd_value *v, char room[WASMD_VALUE_TEXT_MAX],
	struct wasmd_bytes *bytes)
{
	if (v->kind == WASMD_BYTES || v->kind == WASMD_TEXT) {
		*bytes = v->as.bytes;
		return 0;
	}
	if (wasmd_value_text(room, v) == -1)
		return -1;
	*bytes = (struct wasmd_bytes){ room, strlen(room) };
	return 0;
}

static int
invoke_put_argument(struct buf *b, const struct wasmd_value *v, struct err *err)
{
	char room[WASMD_VALUE_TEXT_MAX];
	struct wasmd_bytes bytes;
	struct serve_value head;

	if (argument_bytes(v, room, &bytes) == -1)
		return err_set(err, PROTO_ERROR_USAGE,
			"an argument has no kind that there is");
	if (v->kind != WASMD_BYTES && bytes.len > SERVE_TEXT_MAX)
		return err_set(err, PROTO_ERROR_TOO_LARGE,
			"an argument's text has at most %u bytes",
			SERVE_TEXT_MAX);
	head = (struct serve_value){ v->kind == WASMD_BYTES ? 'b' : 't',
		(uint32_t)bytes.len };
	if (bytes.len > SERVE_IN_MAX ||
	    buf_append(b, &head, sizeof(head)) == -1 ||
	    buf_append(b, bytes.data, bytes.len) == -1)
		return err_set(err, PROTO_ERROR_TOO_LARGE,
			"a call has at most %u bytes", SERVE_IN_MAX);
	return 0;
}

static int
invoke_put(struct buf *b, const struct wasmd_invoke *call, struct err *err)
{
	size_t len = strlen(call->name);
	struct serve_invoke head = {
		.fuel = call->fuel,
		.flags = call->wants_bytes ? SERVE_BYTES : 0,
		.nvalues = (uint32_t)call->nargs, .name_len = (uint32_t)len,
	};

	if (len > SERVE_NAME_MAX || call->nargs > SERVE_IN_MAX)
		return err_set(err, PROTO_ERROR_TOO_LARGE,
			"a function's name has at most %u bytes",
			SERVE_NAME_MAX);
	if (buf_append(b, &head, sizeof(head)) == -1 ||
	    buf_append(b, call->name, len) == -1)
		return err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
	for (size_t n = 0; n < call->nargs; n++)
		if (invoke_put_argument(b, &call->args[n], err) == -1)
			return -1;
	return 0;
}

static int
instance_put(struct wasmd_instance *i, uint32_t kind, const void *data,
	size_t len, struct err *err)
{
	struct serve_frame f = { kind, (uint32_t)len };
	size_t before = i->out.len;

	if (buf_append(&i->out, &f, sizeof(f)) == 0 &&
	    buf_append(&i->out, data, len) == 0)
		return 0;
	i->out.len = before;
	return err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
}

static int
instance_call(struct wasmd_instance *i, const struct wasmd_invoke *call,
	struct err *err)
{
	struct buf payload;
	int ret = -1;

	if (i->state != INSTANCE_READY)
		return err_set(err, PROTO_ERROR_USAGE,
			"the instance takes no call now");
	buf_init(&payload, SERVE_IN_MAX);
	if (invoke_put(&payload, call, err) == 0)
		ret = instance_put(i, SERVE_IN_INVOKE, payload.data,
			payload.len, err);
	buf_clear(&payload);
	if (ret == -1)
		return -1;
	i->state = INSTANCE_BUSY;
	if (call->timeout_ms != 0 && call->timeout_ms < PROTO_NUMBER_MAX)
		i->deadline_us = clock_monotonic_us() +
			call->timeout_ms * 1000;
	instance_send(i);
	return 0;
}

int
wasmd_instance_call(struct wasmd_instance *i, const struct wasmd_invoke *given,
	struct wasmd_error *error)
{
	struct err err = ERR_NONE;
	struct wasmd_invoke call;

	return given_take(&call, sizeof(call), given, "call", &err) == 0 &&
		instance_call(i, &call, &err) == 0 ? 0 :
		error_give(error, &err);
}

bool
wasmd_instance_is_ready(const struct wasmd_instance *i)
{
	return i->state == INSTANCE_READY;
}

/* ---- times --------------------------------------------------------------- */

static int
instance_on_time(struct wasmd_instance *i, struct err *err)
{
	uint64_t now = clock_monotonic_us();

	if (now >= i->wake_us) {
		i->wake_us = INSTANCE_NEVER;
		if (instance_put(i, SERVE_IN_WAKE, &i->wake_seq,
			    sizeof(i->wake_seq), err) == -1)
			return -1;
	}
	if (now >= i->deadline_us) {
		i->deadline_us = INSTANCE_NEVER;
		return i->job == NULL ? 0 : job_cancel(i->job, err);
	}
	return 0;
}

int
wasmd_instance_timeout(const struct wasmd_instance *i)
{
	uint64_t now = clock_monotonic_us();
	uint64_t at = i->wake_us < i->deadline_us ? i->wake_us : i->deadline_us;

	if (at == INSTANCE_NEVER)
		return -1;
	if (at <= now)
		return 0;
	at = (at - now + 999) / 1000;
	return at > INT_MAX ? INT_MAX : (int)at;
}

static int
instance_dispatch(struct wasmd_instance *i, struct err *err)
{
	if (instance_on_time(i, err) == -1)
		return -1;
	if (i->sock == -1)
		return 0;
	instance_send(i);
	if (instance_receive(i) == -1) {
		instance_on_eof(i);
		if (i->job != NULL)
			job_cancel(i->job, err);
		return err_set(err, PROTO_ERROR_PROTOCOL,
			"the instance sent what it must not");
	}
	/* Callbacks may have made a call. */
	if (i->sock != -1)
		instance_send(i);
	return 0;
}

int
wasmd_instance_dispatch(struct wasmd_instance *i, struct wasmd_error *error)
{
	struct err err = ERR_NONE;

	return instance_dispatch(i, &err) == 0 ? 0 : error_give(error, &err);
}

int
wasmd_instance_wait(struct wasmd_instance *i, int timeout_ms,
	struct wasmd_error *error)
{
	int own = wasmd_instance_timeout(i);
	struct pollfd p[2] = {
		{ .fd = wasmd_fd(i->conn), .events = POLLIN },
		{ .fd = i->sock, .events = POLLIN },
	};

	if (wasmd_unsent(i->conn) > 0)
		p[0].events |= POLLOUT;
	if (i->out.len > 0)
		p[1].events |= POLLOUT;
	poll(p, 2, own == -1 || (timeout_ms != -1 && timeout_ms < own) ?
		timeout_ms : own);
	if (wasmd_instance_dispatch(i, error) == -1)
		return -1;
	return wasmd_dispatch(i->conn, error);
}

/* ---- the job ------------------------------------------------------------- */

/* The first, or one in the place of another. */
static void
instance_on_socket(void *arg, int fd)
{
	struct wasmd_instance *i = arg;

	instance_drain(i);
	i->state = INSTANCE_STARTING;
	i->deadline_us = INSTANCE_NEVER;
	i->sock = fd;
	if (fd_set_nonblock(fd) == -1)
		instance_on_eof(i);
}

static void
instance_on_exit(void *arg, const struct wasmd_msg *record)
{
	struct wasmd_instance *i = arg;

	instance_drain(i);
	i->job = NULL;
	i->state = INSTANCE_OVER;
	i->deadline_us = INSTANCE_NEVER;
	if (i->events.on_exit != NULL)
		i->events.on_exit(i->arg, record);
}

static void
instance_on_refused(void *arg, const struct wasmd_error *error)
{
	struct wasmd_instance *i = arg;

	i->job = NULL;
	i->state = INSTANCE_OVER;
	if (i->events.on_refused != NULL)
		i->events.on_refused(i->arg, error);
}

/* ---- its life ------------------------------------------------------------ */

static const struct wasmd_events instance_events = {
	.size = sizeof(instance_events),
	.on_socket = instance_on_socket,
	.on_exit = instance_on_exit,
	.on_refused = instance_on_refused,
};

static int
instance_submit(struct wasmd_instance *i, const struct wasmd_call *given,
	const struct wasmd_instance_events *events, struct err *err)
{
	struct wasmd_call call;

	if (given_take(&i->events, sizeof(i->events), events, "events",
		    err) == -1 ||
	    given_take(&call, sizeof(call), given, "call", err) == -1)
		return -1;
	if (conn_is_stream(i->conn))
		return err_set(err, PROTO_ERROR_USAGE, "an instance's socket "
			"cannot come where no descriptors pass");
	call.mode = "serve";
	call.detach = false;
	call.invoke = NULL;
	call.has_stdin = false;
	i->job = job_submit(i->conn, &call, &instance_events, i, err);
	return i->job == NULL ? -1 : 0;
}

struct wasmd_instance *
wasmd_instance_open(struct wasmd *w, const struct wasmd_call *call,
	const struct wasmd_instance_events *events, void *arg,
	struct wasmd_error *error)
{
	struct wasmd_instance *i = calloc(1, sizeof(*i));
	struct err err = ERR_NONE;

	if (i == NULL) {
		err_set(&err, PROTO_ERROR_INTERNAL, "out of memory");
		error_give(error, &err);
		return NULL;
	}
	i->conn = w;
	i->arg = arg;
	i->sock = -1;
	i->wake_us = INSTANCE_NEVER;
	i->deadline_us = INSTANCE_NEVER;
	buf_init(&i->in, sizeof(struct serve_frame) + INSTANCE_IN_MAX +
		INSTANCE_RECV_MAX);
	buf_init(&i->out, INSTANCE_OUT_MAX);
	if (instance_submit(i, call, events, &err) == 0)
		return i;
	error_give(error, &err);
	wasmd_instance_close(i);
	return NULL;
}

void
wasmd_instance_close(struct wasmd_instance *i)
{
	if (i == NULL)
		return;
	if (i->job != NULL)
		job_abandon(i->job);
	instance_drop_socket(i);
	free(i);
}

int
wasmd_instance_fd(const struct wasmd_instance *i)
{
	return i->sock;
}

size_t
wasmd_instance_unsent(const struct wasmd_instance *i)
{
	return i->out.len;
}
