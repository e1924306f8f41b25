/* Connections of clients. Runs in the daemon. */
#include "config.h"

#include "daemon/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "base/fd.h"
#include "base/log.h"
#include "daemon/handover.h"
#include "daemon/job_streams.h"
#include "daemon/metrics.h"
#include "daemon/peer.h"
#include "daemon/user.h"

TAILQ_HEAD(conn_list, conn);

struct conns {
	struct conns_config config;
	struct conn_list all;		/* in the order of their coming */
	struct conn_list new;		/* of these, have not said hello */
	struct conn_list doomed;	/* of these, to be closed */
	struct conn_list closed;	/* freed from the event loop */
	unsigned count;			/* of all */
	struct event *reaper;
	struct buf scratch;		/* one message being packed */
};

/* A client calls nobody: an answer from it is no message. */
static int
conn_request_of(void *arg, uint32_t call)
{
	return -1;
}

static const struct msg_side conn_side = { TO_DAEMON, conn_request_of, NULL };

/* ---- closing ------------------------------------------------------------- */

void
conn_close(struct conn *c, const char *why)
{
	struct conns *cs = c->conns;
	struct conn_part *p;
	struct job *j;

	if (c->fd == -1)
		return;
	log_debug("connection of user %u, process %d: closed: %s",
		(unsigned)c->uid, (int)c->pid, why);
	event_free(c->on_read);
	event_free(c->on_write);
	event_free(c->hello);
	fd_close(&c->fd);
	fds_close(&c->passed);
	while ((j = TAILQ_FIRST(&c->jobs)) != NULL)
		job_abandon(j);
	while ((p = TAILQ_FIRST(&c->parts)) != NULL) {
		conn_remove_part(p);
		p->ops->gone(p);
	}
	c->user->conns--;
	TAILQ_REMOVE(&cs->all, c, entry);
	if (c->state == STATE_NEW)
		TAILQ_REMOVE(&cs->new, c, of_new);
	if (c->doom != NULL)
		TAILQ_REMOVE(&cs->doomed, c, of_doomed);
	cs->count--;
	TAILQ_INSERT_TAIL(&cs->closed, c, entry);
	event_active(cs->reaper, 0, 0);
}

static void
conn_close_later(struct conn *c, const char *why)
{
	if (c->doom == NULL)
		TAILQ_INSERT_TAIL(&c->conns->doomed, c, of_doomed);
	c->doom = why;
	event_active(c->conns->reaper, 0, 0);
}

static void
conn_close_after_output(struct conn *c, const char *why)
{
	if (evbuffer_get_length(c->out) == 0) {
		conn_close(c, why);
		return;
	}
	c->ending = true;
	event_del(c->on_read);
}

static void
conn_free(struct conn *c)
{
	wire_clear(&c->in);
	passing_clear(&c->passing);
	evbuffer_free(c->out);
	user_unref(c->user);
	free(c);
}

static void
conns_on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct conns *cs = arg;
	struct conn *c;

	while ((c = TAILQ_FIRST(&cs->doomed)) != NULL)
		conn_close(c, c->doom);
	while ((c = TAILQ_FIRST(&cs->closed)) != NULL) {
		TAILQ_REMOVE(&cs->closed, c, entry);
		conn_free(c);
	}
	if (cs->count == 0)
		cs->config.on_idle(cs->config.arg);
}

/* ---- output -------------------------------------------------------------- */

static bool
conn_is_full(const struct conn *c)
{
	return evbuffer_get_length(c->out) >= CONN_OUT_HIGH;
}

bool
conn_has_room(struct conn *c)
{
	if (!conn_is_full(c))
		return true;
	c->starved = true;
	return false;
}

void
conn_send_fd_take(struct conn *c, const struct msg *m, int fd)
{
	if (c->fd == -1) {
		fd_close(&fd);
		return;
	}
	if (passing_add_take(&c->passing, c->out, fd) == -1)
		conn_close_later(c, "out of memory");
	conn_send(c, m);
}

void
conn_send_frame(struct conn *c, const struct buf *frame)
{
	if (c->fd == -1)
		return;
	if (evbuffer_add(c->out, frame->data, frame->len) == -1 ||
	    event_add(c->on_write, NULL) == -1)
		conn_close_later(c, "out of memory");
}

void
conn_send(struct conn *c, const struct msg *m)
{
	struct buf *scratch = &c->conns->scratch;
	struct err err = ERR_NONE;

	if (c->fd == -1)
		return;
	scratch->len = 0;
	if (msg_pack(m, scratch, &err) == -1) {
		/* Ours are within the limits, or we have a bug. */
		log_err("%s: %s", msg_info[m->id].name, err.text);
		conn_close_later(c, "a message could not be packed");
		return;
	}
	if (evbuffer_add(c->out, scratch->data, scratch->len) == -1)
		conn_close_later(c, "out of memory");
	/* Tried once in this turn of the loop, with what else is said in it;
	 * the kernel is asked to wait for room only when there is none. */
	else if (!event_pending(c->on_write, EV_WRITE, NULL))
		event_active(c->on_write, EV_WRITE, 0);
}

void
conn_send_error(struct conn *c, uint32_t call, enum proto_error code,
	const char *text, uint64_t retry_ms)
{
	struct msg m;

	metric_count_error(code);
	msg_init_error(&m, call, code, text, retry_ms);
	conn_send(c, &m);
}

/* ---- input --------------------------------------------------------------- */

/* Descriptors belong to the frame they came with. */
static void
conn_drop_fds(struct conn *c)
{
	if (c->passed.count > 0 && !wire_is_inside(&c->in))
		conn_close(c, "a descriptor that no message wanted");
}

static void
conn_on_bad_message(struct conn *c, const struct msg *m, const struct err *err)
{
	if (m->form == FORM_REQUEST && err->code != PROTO_ERROR_PROTOCOL) {
		fds_close(&c->passed);
		conn_send_error(c, m->call, (enum proto_error)err->code,
			err->text, UINT64_MAX);
		return;
	}
	conn_close(c, err->text);
}

static void
conn_on_message(struct conn *c, const struct msg *m)
{
	if (msg_info[m->id].state != c->state) {
		const char *why = c->state == STATE_NEW ?
			"the first message must be hello" :
			"hello has been said";

		if (m->form == FORM_REQUEST)
			conn_send_error(c, m->call, PROTO_ERROR_PROTOCOL, why,
				UINT64_MAX);
		conn_close_after_output(c, why);
		return;
	}
	request_handle(c, &c->conns->config.context, m);
}

static void
conn_on_frame(struct conn *c, const uint8_t *frame, size_t len)
{
	struct err err = ERR_NONE;
	struct msg m;

	if (msg_unpack(&m, &conn_side, frame, len, &err) == -1)
		conn_on_bad_message(c, &m, &err);
	else
		conn_on_message(c, &m);
	msg_clear(&m);
}

/* All whole frames that are here, as long as their answers find room. */
static void
conn_work(struct conn *c)
{
	struct err err = ERR_NONE;
	const uint8_t *frame;
	size_t len;
	int r = 0;

	while (c->fd != -1 && !c->ending && !conn_is_full(c) &&
	    (r = wire_next(&c->in, &frame, &len, &err)) == 1) {
		conn_on_frame(c, frame, len);
		if (c->fd != -1)
			conn_drop_fds(c);
	}
	if (c->fd == -1 || c->ending)
		return;
	if (r == -1) {
		conn_close(c, err.text);
		return;
	}
	c->stalled = conn_is_full(c);
	if (c->stalled)
		event_del(c->on_read);
	else
		event_add(c->on_read, NULL);
}

static void
conn_on_read(evutil_socket_t fd, short what, void *arg)
{
	static uint8_t chunk[WIRE_FEED_MAX];
	struct conn *c = arg;
	struct err err = ERR_NONE;
	struct fds passed;
	ssize_t n;

	n = fd_recv(c->fd, chunk, sizeof(chunk), passed.fd, FD_PASS_MAX,
		&passed.count);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0) {
		conn_close(c, n == 0 ? "by the client" : strerror(errno));
		return;
	}
	if (passed.count > 0 && c->passed.count > 0) {
		fds_close(&passed);
		conn_close(c, "descriptors while others wait");
		return;
	}
	if (passed.count > 0)
		c->passed = passed;
	if (wire_feed(&c->in, chunk, (size_t)n, &err) == -1)
		conn_close(c, err.text);
	else
		conn_work(c);
}

/* ---- there is room again ------------------------------------------------- */

/* Those that want no more are taken off the list as they go. */
static void
conn_resume_parts(struct conn *c)
{
	struct conn_part *p, *next;

	for (p = TAILQ_FIRST(&c->parts); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (p->ops->resume != NULL)
			p->ops->resume(p);
	}
}

/* Each time another job is first, or the last would never be. */
static void
conn_resume_jobs(struct conn *c)
{
	struct job *j = TAILQ_FIRST(&c->jobs), *next;

	if (j == NULL)
		return;
	TAILQ_REMOVE(&c->jobs, j, of_conn);
	TAILQ_INSERT_TAIL(&c->jobs, j, of_conn);
	for (j = TAILQ_FIRST(&c->jobs); j != NULL; j = next) {
		next = TAILQ_NEXT(j, of_conn);
		job_resume(j);
	}
}

static void
conn_on_write(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	size_t left;

	if (passing_write(&c->passing, c->out, c->fd) == -1 && errno != EAGAIN &&
	    errno != EINTR) {
		conn_close(c, strerror(errno));
		return;
	}
	left = evbuffer_get_length(c->out);
	if (left == 0) {
		event_del(c->on_write);
	} else if (event_add(c->on_write, NULL) == -1) {
		conn_close(c, "out of memory");
		return;
	}
	if (left == 0 && c->ending) {
		conn_close(c, "after an error");
		return;
	}
	if (left >= CONN_OUT_HIGH / 2)
		return;
	if (c->starved) {
		c->starved = false;
		conn_resume_jobs(c);
		conn_resume_parts(c);
	}
	if (c->stalled)
		conn_work(c);
}

static void
conn_on_silence(evutil_socket_t fd, short what, void *arg)
{
	conn_close(arg, "it did not say hello");
}

/* ---- what others call ---------------------------------------------------- */

void
conn_set_ready(struct conn *c)
{
	TAILQ_REMOVE(&c->conns->new, c, of_new);
	c->state = STATE_READY;
	evtimer_del(c->hello);
}

struct fds
conn_take_fds(struct conn *c)
{
	struct fds fds = c->passed;

	c->passed.count = 0;
	return fds;
}

void
conn_add_job(struct conn *c, struct job *j)
{
	TAILQ_INSERT_TAIL(&c->jobs, j, of_conn);
}

void
conn_remove_job(struct conn *c, struct job *j)
{
	TAILQ_REMOVE(&c->jobs, j, of_conn);
}

void
conn_add_part(struct conn *c, struct conn_part *p,
	const struct conn_part_ops *ops)
{
	p->conn = c;
	p->ops = ops;
	TAILQ_INSERT_TAIL(&c->parts, p, entry);
}

void
conn_remove_part(struct conn_part *p)
{
	if (p->conn == NULL)
		return;
	TAILQ_REMOVE(&p->conn->parts, p, entry);
	p->conn = NULL;
}

struct job *
conn_job(const struct conn *c, uint64_t id)
{
	struct job *j;

	TAILQ_FOREACH(j, &c->jobs, of_conn) {
		if (j->id == id && job_is_known(j))
			return j;
	}
	return NULL;
}

/* ---- birth --------------------------------------------------------------- */

/* A place for one more: the oldest that has not said hello goes. */
static int
conns_make_room(struct conns *cs, const struct user *u)
{
	bool user_full = u->conns >= u->policy.max_conns;
	struct conn *c;

	if (!user_full && cs->count < cs->config.max)
		return 0;
	TAILQ_FOREACH(c, &cs->new, of_new) {
		if (!user_full || c->user == u) {
			conn_close(c, "silent, and others wait");
			return 0;
		}
	}
	return -1;
}

static struct conn *
conn_alloc(struct conns *cs, int fd, const struct peer *peer)
{
	struct timeval hello = { cs->config.hello_ms / 1000,
		(suseconds_t)(cs->config.hello_ms % 1000) * 1000 };
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->conns = cs;
	c->fd = fd;
	c->state = STATE_NEW;
	c->uid = peer->uid;
	c->gid = peer->gid;
	c->pid = peer->pid;
	wire_init(&c->in);
	passing_init(&c->passing);
	TAILQ_INIT(&c->jobs);
	TAILQ_INIT(&c->parts);
	c->out = evbuffer_new();
	c->on_read = event_new(cs->config.base, fd, EV_READ | EV_PERSIST,
		conn_on_read, c);
	c->on_write = event_new(cs->config.base, fd, EV_WRITE | EV_PERSIST,
		conn_on_write, c);
	c->hello = evtimer_new(cs->config.base, conn_on_silence, c);
	if (c->out != NULL && c->on_read != NULL && c->on_write != NULL &&
	    c->hello != NULL && event_add(c->on_read, NULL) == 0 &&
	    evtimer_add(c->hello, &hello) == 0)
		return c;
	if (c->out != NULL)
		evbuffer_free(c->out);
	if (c->on_read != NULL)
		event_free(c->on_read);
	if (c->on_write != NULL)
		event_free(c->on_write);
	if (c->hello != NULL)
		event_free(c->hello);
	free(c);
	return NULL;
}

static int
conn_identify(const struct conns *cs, int fd, struct peer *peer)
{
	if (peer_read(peer, fd) == -1)
		return -1;
	if (cs->config.is_private && peer->uid != cs->config.owner) {
		log_notice("user %u, process %d: not admitted: this daemon is "
			"private", (unsigned)peer->uid, (int)peer->pid);
		return -1;
	}
	return 0;
}

static struct conn *
conn_admit_take(struct conns *cs, int fd)
{
	struct user *u = NULL;
	struct peer peer = { .groups = NULL };
	struct conn *c;

	if (conn_identify(cs, fd, &peer) == -1 ||
	    (u = user_ref(cs->config.users, peer.uid)) == NULL ||
	    user_set_groups(u, peer.groups, peer.ngroups) == -1)
		goto fail;
	if (conns_make_room(cs, u) == -1) {
		log_notice("user %u, process %d: not admitted: there are too "
			"many connections", (unsigned)peer.uid, (int)peer.pid);
		goto fail;
	}
	c = conn_alloc(cs, fd, &peer);
	if (c == NULL)
		goto fail;
	c->user = u;
	u->conns++;
	TAILQ_INSERT_TAIL(&cs->all, c, entry);
	TAILQ_INSERT_TAIL(&cs->new, c, of_new);
	cs->count++;
	metric_add(METRIC_CONNS_OPENED, 1);
	peer_clear(&peer);
	return c;
fail:
	metric_add(METRIC_CONNS_TURNED, 1);
	peer_clear(&peer);
	user_unref(u);
	fd_close(&fd);
	return NULL;
}

void
conn_new_take(struct conns *cs, int fd)
{
	conn_admit_take(cs, fd);
}

void
conn_adopt_take(struct conns *cs, int fd, bool is_ready, const void *data,
	size_t len)
{
	struct err err = ERR_NONE;
	struct conn *c;

	if (fd_set_nonblock(fd) == -1) {
		fd_close(&fd);
		return;
	}
	c = conn_admit_take(cs, fd);
	if (c != NULL && is_ready)
		conn_set_ready(c);
	if (c == NULL || len == 0)
		return;
	if (wire_feed(&c->in, data, len, &err) == -1)
		conn_close(c, err.text);
	else
		conn_work(c);
}

bool
conn_has_nothing(const struct conn *c)
{
	return c->fd != -1 && TAILQ_EMPTY(&c->jobs) && TAILQ_EMPTY(&c->parts) &&
		!c->ending && c->doom == NULL && c->passed.count == 0 &&
		evbuffer_get_length(c->out) == 0;
}

/* Nothing goes on there, in no direction. */
static bool
conn_is_idle(const struct conn *c)
{
	return conn_has_nothing(c) && !wire_is_inside(&c->in);
}

void
conns_give(struct conns *cs, int sock)
{
	struct handover_packet p = {
		.version = HANDOVER_VERSION, .kind = HANDOVER_CONN,
	};
	struct conn *c, *next;

	for (c = TAILQ_FIRST(&cs->all); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (!conn_is_idle(c))
			continue;
		p.number = c->state == STATE_READY;
		/* The next look is soon. */
		if (fd_send(sock, &p, sizeof(p), &c->fd, 1) == -1)
			return;
		conn_close(c, "another wasmd has it");
	}
}

struct conns *
conns_new(const struct conns_config *config)
{
	struct conns *cs = calloc(1, sizeof(*cs));

	if (cs == NULL)
		return NULL;
	cs->config = *config;
	TAILQ_INIT(&cs->all);
	TAILQ_INIT(&cs->new);
	TAILQ_INIT(&cs->doomed);
	TAILQ_INIT(&cs->closed);
	buf_init(&cs->scratch, WIRE_HEADER + PROTO_FRAME_MAX);
	cs->reaper = event_new(config->base, -1, 0, conns_on_reap, cs);
	if (cs->reaper == NULL) {
		free(cs);
		return NULL;
	}
	return cs;
}

void
conns_set_limits(struct conns *cs, unsigned max, unsigned hello_ms)
{
	cs->config.max = max;
	cs->config.hello_ms = hello_ms;
}

bool
conns_pending(const struct conns *cs)
{
	const struct conn *c;

	TAILQ_FOREACH(c, &cs->all, entry) {
		if (evbuffer_get_length(c->out) > 0)
			return true;
	}
	return false;
}

void
conns_close_all(struct conns *cs)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&cs->all)) != NULL)
		conn_close(c, "wasmd ends");
}

void
conns_free(struct conns *cs)
{
	if (cs == NULL)
		return;
	assert(cs->count == 0 && TAILQ_EMPTY(&cs->closed));
	event_free(cs->reaper);
	buf_clear(&cs->scratch);
	free(cs);
}

unsigned
conns_count(const struct conns *cs)
{
	return cs->count;
}
