/* The transport of a connection to the daemon. Runs in clients. */
#include "lib/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/error.h"
#include "lib/message.h"
#include "lib/outbox.h"
#include "lib/source.h"
#include "proto/wire.h"

/* What may wait to be sent: a whole submit and some input. */
#define CONN_OUT_MAX (2 * PROTO_FRAME_MAX + WIRE_HEADER)

/* A request that was not answered yet. */
struct request {
	struct request *next;
	uint32_t call;
	enum msg_id id;
	struct conn_asked asked;
};

struct wasmd {
	int fd;
	bool is_stream;		/* of bytes only: no descriptors pass */
	struct wire in;
	struct outbox out;
	uint32_t last_call;
	struct request *requests;
	struct source *sources;	/* of some of them */
	struct fds received;	/* descriptors that no message has taken yet */
	struct wasmd_job *jobs;
	void (*on_event)(void *arg, const struct wasmd_msg *event);
	void *event_arg;
};

/* ---- sending ----------------------------------------------------------- */

static int
conn_send(struct wasmd *w, struct err *err)
{
	if (source_fill(&w->sources, &w->out.bytes, err) == -1)
		return -1;
	/* A daemon that closes has said why before: let that be read. */
	if (outbox_send(&w->out, w->fd) == -1 && errno != EPIPE &&
	    errno != ECONNRESET)
		return err_set(err, PROTO_ERROR_UNAVAILABLE,
			"cannot send to the daemon: %s", strerror(errno));
	return 0;
}

int
conn_notify(struct wasmd *w, const struct msg *m, struct err *err)
{
	return msg_pack(m, &w->out.bytes, err);
}

static int
conn_queue_request(struct wasmd *w, struct msg *m, const struct fds *fds,
	struct err *err)
{
	size_t at;

	if (fds->count > 0 && w->is_stream)
		return err_set(err, PROTO_ERROR_USAGE, "%s: descriptors cannot "
			"be passed to another machine", msg_info[m->id].name);
	at = w->out.bytes.len;
	m->call = ++w->last_call;
	if (msg_pack(m, &w->out.bytes, err) == -1)
		return -1;
	if (fds->count == 0 || outbox_attach(&w->out, at, fds) == 0)
		return 0;
	w->out.bytes.len = at;
	return err_set(err, PROTO_ERROR_INTERNAL, "cannot pass the module: %s",
		strerror(errno));
}

int
conn_request(struct wasmd *w, struct msg *m, const struct fds *fds,
	const struct conn_asked *asked, struct err *err)
{
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
	if (conn_queue_request(w, m, fds, err) == -1) {
		free(r);
		return -1;
	}
	*r = (struct request){
		.next = w->requests, .call = m->call, .id = m->id,
		.asked = *asked,
	};
	w->requests = r;
	return 0;
}

int
conn_request_source(struct wasmd *w, struct msg *m, int fd, uint64_t size,
	const struct conn_asked *asked, struct err *err)
{
	struct request *r;

	msg_set_number(m, FIELD_PUT_SIZE, size);
	if (conn_request(w, m, CONN_NO_FDS, asked, err) == -1)
		return -1;
	if (size == 0 || source_add(&w->sources, m->call, fd, size, err) == 0)
		return 0;
	/* The daemon waits for bytes, and nobody for its answer. */
	r = w->requests;
	w->requests = r->next;
	free(r);
	return -1;
}

bool
conn_is_stream(const struct wasmd *w)
{
	return w->is_stream;
}

bool
wasmd_passes_descriptors(const struct wasmd *w)
{
	return !w->is_stream;
}

void
conn_on_event(struct wasmd *w,
	void (*on_event)(void *arg, const struct wasmd_msg *event), void *arg)
{
	w->on_event = on_event;
	w->event_arg = arg;
}

/* ---- receiving --------------------------------------------------------- */

static struct request **
conn_find_request(struct wasmd *w, uint32_t call)
{
	struct request **r = &w->requests;

	while (*r != NULL && (*r)->call != call)
		r = &(*r)->next;
	return r;
}

static int
conn_request_of(void *arg, uint32_t call)
{
	struct request *r = *conn_find_request(arg, call);

	return r == NULL ? -1 : (int)r->id;
}

static void
conn_answered(struct wasmd *w, const struct msg *m)
{
	struct request **at = conn_find_request(w, m->call);
	struct request *r = *at;

	*at = r->next;
	source_drop(&w->sources, r->call);
	r->asked.on_answer(r->asked.arg, m);
	free(r);
}

/* Notifications that belong to a request, which they name by its number. */
static bool
conn_take_item(struct wasmd *w, const struct msg *m)
{
	const enum field_id call = m->id == MSG_MODULE_ITEM ?
		FIELD_MODULE_ITEM_CALL : FIELD_JOB_ITEM_CALL;
	struct request *r;

	if (m->id == MSG_JOB_EVENT || m->id == MSG_JOB_MISSED) {
		if (w->on_event != NULL)
			w->on_event(w->event_arg, message_show(m));
		return true;
	}
	if (m->id != MSG_MODULE_ITEM && m->id != MSG_JOB_ITEM)
		return false;
	r = *conn_find_request(w, (uint32_t)msg_number(m, call, 0));
	if (r != NULL && r->asked.on_item != NULL)
		r->asked.on_item(r->asked.arg, m);
	return true;
}

static int
conn_take_frame(struct wasmd *w, const void *frame, size_t len, struct err *err)
{
	struct msg_side side = {
		.direction = TO_CLIENT, .request_of = conn_request_of, .arg = w,
	};
	struct msg m;
	int ret = msg_unpack(&m, &side, frame, len, err);

	if (ret == -1)
		err_prefix(err, "the daemon's message was not understood");
	else if (m.form == FORM_ANSWER)
		conn_answered(w, &m);
	else if (m.id != MSG_COUNT && !conn_take_item(w, &m))
		ret = job_notify(w, &m, err);
	msg_clear(&m);
	return ret;
}

static int
conn_take_frames(struct wasmd *w, struct err *err)
{
	const uint8_t *frame;
	size_t len;
	int more;

	while ((more = wire_next(&w->in, &frame, &len, err)) == 1)
		if (conn_take_frame(w, frame, len, err) == -1)
			return -1;
	return more;
}

/* One recv(2): the caller's loop sees to its other descriptors in between. */
static int
conn_receive(struct wasmd *w, struct err *err)
{
	uint8_t data[WIRE_FEED_MAX];
	size_t nfds = 0;
	ssize_t n;

	do {
		n = fd_recv(w->fd, data, sizeof(data),
			w->received.fd + w->received.count,
			FD_PASS_MAX - w->received.count, &nfds);
	} while (n == -1 && errno == EINTR);
	w->received.count += nfds;
	if (n == -1 && errno == EAGAIN)
		return 0;
	if (n == -1)
		return err_set(err, PROTO_ERROR_UNAVAILABLE,
			"lost the daemon: %s", strerror(errno));
	if (n == 0)
		return err_set(err, PROTO_ERROR_UNAVAILABLE, w->is_stream ?
			"the connection to the daemon was lost" :
			"the daemon closed the connection");
	if (wire_feed(&w->in, data, (size_t)n, err) == -1)
		return -1;
	return conn_take_frames(w, err);
}

static int
conn_dispatch(struct wasmd *w, struct err *err)
{
	if (conn_send(w, err) == -1 || conn_receive(w, err) == -1)
		return -1;
	/* Callbacks may have queued more. */
	return conn_send(w, err);
}

int
wasmd_dispatch(struct wasmd *w, struct wasmd_error *error)
{
	struct err err = ERR_NONE;

	return conn_dispatch(w, &err) == 0 ? 0 : error_give(error, &err);
}

int
wasmd_wait(struct wasmd *w, int timeout_ms, struct wasmd_error *error)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	if (wasmd_unsent(w) > 0)
		p.events |= POLLOUT;
	/* A signal is for the caller to see. */
	poll(&p, 1, timeout_ms);
	return wasmd_dispatch(w, error);
}

/* ---- opening ----------------------------------------------------------- */

struct greeting {
	bool answered;
	struct err *err;
};

static void
conn_on_hello(void *arg, const struct msg *answer)
{
	struct greeting *g = arg;
	struct span text;

	if (answer == NULL)
		return;
	g->answered = true;
	if (answer->id != MSG_ERROR)
		return;
	text = msg_bytes(answer, FIELD_ERROR_TEXT);
	err_set(g->err, (int)msg_number(answer, FIELD_ERROR_CODE, 0),
		"%.*s", (int)text.len, text.data);
}

/* The time that is left for poll(2). */
static int
conn_left_ms(uint64_t end_us)
{
	uint64_t now = clock_monotonic_us();

	return end_us == UINT64_MAX ? -1 :
		now >= end_us ? 0 : (int)((end_us - now) / 1000) + 1;
}

static int
conn_greet(struct wasmd *w, int timeout_ms, struct err *err)
{
	uint64_t end = timeout_ms == -1 ? UINT64_MAX :
		clock_monotonic_us() + (uint64_t)timeout_ms * 1000;
	struct greeting g = { .err = err };
	struct conn_asked asked = { .on_answer = conn_on_hello, .arg = &g };
	struct msg m;

	msg_init_request(&m, MSG_HELLO, 0);
	msg_set_number(&m, FIELD_HELLO_VERSION, PROTO_VERSION);
	msg_set_str(&m, FIELD_HELLO_CLIENT, "libwasmd");
	if (conn_request(w, &m, CONN_NO_FDS, &asked, err) == -1)
		return -1;
	while (!g.answered) {
		struct pollfd p = { .fd = w->fd, .events = POLLIN };
		int left;

		if (conn_dispatch(w, err) == -1)
			return -1;
		left = conn_left_ms(end);
		if (!g.answered && left == 0)
			return err_set(err, PROTO_ERROR_UNAVAILABLE,
				"the daemon does not answer");
		if (!g.answered)
			poll(&p, 1, left);
	}
	return err->code == 0 ? 0 : -1;
}

static int
conn_connect(struct wasmd *w, const char *path, struct err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(sun.sun_path))
		return err_set(err, PROTO_ERROR_USAGE,
			"a socket's path has at most %zu bytes",
			sizeof(sun.sun_path) - 1);
	strcpy(sun.sun_path, path);
	w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (w->fd == -1)
		return err_set(err, PROTO_ERROR_INTERNAL, "%s", strerror(errno));
	if (connect(w->fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		return err_set(err, errno == EACCES || errno == EPERM ?
			PROTO_ERROR_DENIED : PROTO_ERROR_UNAVAILABLE,
			"%s", strerror(errno));
	return 0;
}

/* fd is taken; -1: there is none yet. */
static struct wasmd *
conn_new(int fd, struct err *err)
{
	struct wasmd *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
		fd_close(&fd);
		return NULL;
	}
	w->fd = fd;
	wire_init(&w->in);
	outbox_init(&w->out, CONN_OUT_MAX);
	return w;
}

/* The connected socket of w, or with a path one to it. */
static struct wasmd *
conn_open(struct wasmd *w, const char *path, int timeout_ms, struct err *err)
{
	if (w == NULL)
		return NULL;
	if (path != NULL && conn_connect(w, path, err) == -1)
		goto fail;
	if (fd_set_nonblock(w->fd) == -1) {
		err_set(err, PROTO_ERROR_INTERNAL, "%s", strerror(errno));
		goto fail;
	}
	if (conn_greet(w, timeout_ms, err) == 0)
		return w;
fail:
	wasmd_close(w);
	return NULL;
}

struct wasmd *
wasmd_open(const char *path, struct wasmd_error *error)
{
	struct err err = ERR_NONE;
	struct wasmd *w = conn_open(conn_new(-1, &err), path, WASMD_OPEN_MS,
		&err);

	if (w == NULL)
		error_give(error, &err);
	return w;
}

struct wasmd *
wasmd_open_fd(int fd, struct wasmd_error *error)
{
	struct err err = ERR_NONE;
	struct wasmd *w = conn_open(conn_new(fd, &err), NULL, WASMD_OPEN_MS,
		&err);

	if (w == NULL)
		error_give(error, &err);
	return w;
}

struct wasmd *
wasmd_open_stream(int fd, int timeout_ms, struct wasmd_error *error)
{
	struct err err = ERR_NONE;
	struct wasmd *w = conn_new(fd, &err);

	if (w != NULL) {
		w->is_stream = true;
		w = conn_open(w, NULL, timeout_ms, &err);
	}
	if (w == NULL)
		error_give(error, &err);
	return w;
}

void
wasmd_close(struct wasmd *w)
{
	if (w == NULL)
		return;
	job_free_all(w);
	while (w->requests != NULL) {
		struct request *r = w->requests;

		w->requests = r->next;
		r->asked.on_answer(r->asked.arg, NULL);
		free(r);
	}
	source_drop_all(&w->sources);
	fds_close(&w->received);
	fd_close(&w->fd);
	wire_clear(&w->in);
	outbox_clear(&w->out);
	free(w);
}

int
wasmd_fd(const struct wasmd *w)
{
	return w->fd;
}

size_t
wasmd_unsent(const struct wasmd *w)
{
	return w->out.bytes.len + (size_t)source_left(w->sources);
}

int
conn_take_fd(struct wasmd *w)
{
	int fd;

	if (w->received.count == 0)
		return -1;
	fd = w->received.fd[0];
	w->received.count--;
	memmove(w->received.fd, w->received.fd + 1,
		w->received.count * sizeof(int));
	return fd;
}

struct wasmd_job **
conn_jobs(struct wasmd *w)
{
	return &w->jobs;
}
