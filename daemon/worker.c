/* The launched worker. Runs in the daemon. */
#include "config.h"

#include "daemon/worker.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "daemon/metrics.h"
#include "daemon/process.h"
#include "daemon/program.h"

#define WORKER_TRIES	2	/* for one template */
#define WORKER_RETRY_MS	10	/* doubled from failure to failure */
#define WORKER_RETRY_MAX_MS 10000
#define WORKER_STABLE_US 10000000u	/* after that long all is forgiven */

struct worker {
	struct event_base *base;
	struct workers *workers;	/* as long as it is the current one */
	struct launch launch;
	unsigned refs;		/* one of workers while it is the current one */
	struct event *on_message, *on_death;
	/* One request at a time: its answer tells that the zygote is ready for
	 * the next, whatever the socket's buffer holds. */
	bool busy;
	uint64_t id;		/* of the request under way */
	struct spawn *current;	/* NULL: it was cancelled */
	int sock;		/* our end of the new template's socket */
};

TAILQ_HEAD(spawn_list, spawn);

struct workers {
	struct event_base *base;
	struct launch_config config;
	struct worker *current;	/* NULL: it died, another try follows */
	struct spawn_list queue;
	struct event *retry;
	unsigned retry_ms;	/* how long the next try waits */
	uint64_t started_us;
	uint64_t last_id;
	struct layer_report layers;
};

struct worker *
worker_ref(struct worker *w)
{
	w->refs++;
	return w;
}

/* Zygote and init end, and are reaped from the event loop: nobody waits. */
static void
worker_stop(struct worker *w)
{
	struct launch *l = &w->launch;

	fd_close(&l->zygote_sock);
	fd_close(&l->init_pipe);
	process_abandon(process_new_take(w->base, l->zygote_pidfd, NULL,
			NULL, NULL));
	if (l->init_pidfd != -1)
		process_abandon(process_new_take(w->base, l->init_pidfd, NULL,
				NULL, NULL));
}

void
worker_unref(struct worker *w)
{
	if (w == NULL || --w->refs > 0)
		return;
	if (w->on_message != NULL)
		event_free(w->on_message);
	if (w->on_death != NULL)
		event_free(w->on_death);
	fd_close(&w->sock);
	worker_stop(w);
	free(w);
}

/* ---- asking for templates ------------------------------------------------ */

/* The request for a template, and its modules behind the descriptors that are
 * there already. */
static void
worker_pack(struct ctl_msg *msg, struct fds *fds, const struct spawn *s)
{
	const struct program *p = s->program;

	memset(msg, 0, sizeof(*msg));
	msg->kind = CTL_TEMPLATE;
	msg->limits = s->limits;
	fds->fd[fds->count++] = module_fd(p->module);
	msg->npreload = p->npreload;
	for (unsigned i = 0; i < p->npreload; i++) {
		memcpy(msg->preload[i], p->preload[i].name, CTL_NAME_MAX);
		fds->fd[fds->count++] = module_fd(p->preload[i].module);
	}
}

static int
worker_send(struct worker *w, const struct spawn *s)
{
	struct ctl_msg msg;
	struct fds fds;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	fds = (struct fds){ .count = 1, .fd = { pair[1] } };
	worker_pack(&msg, &fds, s);
	msg.id = ++w->workers->last_id;
	r = fd_send(w->launch.zygote_sock, &msg, sizeof(msg), fds.fd,
		fds.count);
	fd_close(&pair[1]);
	if (r == -1 || fd_set_nonblock(pair[0]) == -1) {
		fd_close(&pair[0]);
		return -1;
	}
	w->id = msg.id;
	w->sock = pair[0];
	return 0;
}

static void
workers_serve(struct workers *ws)
{
	struct worker *w = ws->current;
	struct spawn *s;

	while (w != NULL && !w->busy && (s = TAILQ_FIRST(&ws->queue)) != NULL) {
		TAILQ_REMOVE(&ws->queue, s, entry);
		if (worker_send(w, s) == -1) {
			s->on_failed(s->arg, strerror(errno));
			continue;
		}
		w->busy = true;
		w->current = s;
	}
}

void
workers_spawn(struct workers *ws, struct spawn *s)
{
	s->tries = 0;
	TAILQ_INSERT_TAIL(&ws->queue, s, entry);
	workers_serve(ws);
}

void
workers_cancel(struct workers *ws, struct spawn *s)
{
	if (ws->current != NULL && ws->current->current == s)
		ws->current->current = NULL;
	else
		TAILQ_REMOVE(&ws->queue, s, entry);
}

/* ---- losing one ---------------------------------------------------------- */

static void
workers_retry_later(struct workers *ws)
{
	struct timeval tv = { ws->retry_ms / 1000,
		(suseconds_t)(ws->retry_ms % 1000) * 1000 };

	evtimer_add(ws->retry, &tv);
	ws->retry_ms = ws->retry_ms * 2 > WORKER_RETRY_MAX_MS ?
		WORKER_RETRY_MAX_MS : ws->retry_ms * 2;
}

/* The request under way gets another try with the next worker. */
static void
workers_requeue(struct workers *ws, struct spawn *s)
{
	if (s == NULL)
		return;
	if (++s->tries < WORKER_TRIES)
		TAILQ_INSERT_HEAD(&ws->queue, s, entry);
	else
		s->on_failed(s->arg, "the worker died");
}

static void
workers_lose(struct workers *ws, const char *why)
{
	struct worker *w = ws->current;
	struct spawn *s = w->current;

	metric_add(METRIC_WORKERS_LOST, 1);
	log_err("the worker is lost: %s", why);
	event_del(w->on_message);
	/* Calls of it may go on for long: do not keep it as a zombie. */
	syscall(SYS_pidfd_send_signal, w->launch.zygote_pidfd, SIGKILL, NULL, 0);
	w->current = NULL;
	w->busy = false;
	fd_close(&w->sock);
	ws->current = NULL;
	worker_unref(w);
	if (clock_monotonic_us() - ws->started_us > WORKER_STABLE_US)
		ws->retry_ms = WORKER_RETRY_MS;
	workers_retry_later(ws);
	workers_requeue(ws, s);
}

/* ---- answers, all of them hostile ---------------------------------------- */

static void
worker_give(struct worker *w, int pidfd)
{
	struct spawn *s = w->current;
	int sock = w->sock;

	w->busy = false;
	w->current = NULL;
	w->sock = -1;
	if (s == NULL) {	/* cancelled: closing its socket would do, too */
		fd_close(&sock);
		process_abandon(process_new_take(w->workers->base, pidfd, w,
				NULL, NULL));
		return;
	}
	s->on_spawned(s->arg, sock, pidfd, w);
}

static void
worker_refuse(struct worker *w, const struct ctl_msg *msg)
{
	struct spawn *s = w->current;

	w->busy = false;
	w->current = NULL;
	fd_close(&w->sock);
	if (s != NULL)
		s->on_failed(s->arg, strerror((int)msg->error.number));
}

static void
worker_on_message(evutil_socket_t sock, short what, void *arg)
{
	struct worker *w = arg;
	struct workers *ws = w->workers;
	struct ctl_msg msg;
	size_t nfds;
	int pidfd;
	ssize_t n;

	n = fd_recv(w->launch.zygote_sock, &msg, sizeof(msg), &pidfd, 1, &nfds);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n == sizeof(msg) && w->busy && msg.id == w->id &&
	    msg.kind == CTL_SPAWNED && nfds == 1) {
		worker_give(w, pidfd);
	} else if (n == sizeof(msg) && w->busy && msg.id == w->id &&
	    msg.kind == CTL_FAILED && nfds == 0) {
		worker_refuse(w, &msg);
	} else {
		if (nfds == 1)	/* of an empty packet, too */
			fd_close(&pidfd);
		workers_lose(ws, n == 0 ? "it closed its socket" :
			"it answered what it was not asked");
		return;
	}
	workers_serve(ws);
}

/* ---- life and death ------------------------------------------------------ */

static void
worker_on_death(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	if (waitid(P_PIDFD, (id_t)w->launch.zygote_pidfd, &info,
		    WEXITED | WNOHANG) == -1 || info.si_pid == 0)
		return;
	event_del(w->on_death);
	if (w == w->workers->current)
		workers_lose(w->workers, info.si_code == CLD_EXITED ?
			"it exited" : strsignal(info.si_status));
}

static struct worker *
worker_new(struct workers *ws, struct err *err)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	w->base = ws->base;
	w->workers = ws;
	w->sock = -1;
	w->refs = 1;
	if (launch_start(&ws->config, &w->launch, err) == -1) {
		free(w);
		return NULL;
	}
	w->on_message = event_new(ws->base, w->launch.zygote_sock,
		EV_READ | EV_PERSIST, worker_on_message, w);
	w->on_death = event_new(ws->base, w->launch.zygote_pidfd,
		EV_READ | EV_PERSIST, worker_on_death, w);
	if (w->on_message == NULL || w->on_death == NULL ||
	    event_add(w->on_message, NULL) == -1 ||
	    event_add(w->on_death, NULL) == -1 ||
	    fd_set_nonblock(w->launch.zygote_sock) == -1) {
		err_set(err, ENOMEM, "out of memory");
		worker_unref(w);
		return NULL;
	}
	return w;
}

/* What is not in force, when that is news. */
static void
workers_set_layers(struct workers *ws, const struct layer_report *r)
{
	for (int i = 0; i < LAYER_COUNT; i++) {
		if ((r->in_force >> i & 1) != 0 ||
		    (ws->started_us != 0 && r->error[i] == ws->layers.error[i]))
			continue;
		if (r->error[i] == 0)
			log_warning("the layer %s is off", layer_info[i].name);
		else
			log_warning("without %s: %s; %s", layer_info[i].name,
				strerror(r->error[i]),
				layer_advice((enum layer)i, r->error[i]));
	}
	ws->layers = *r;
}

int
workers_start(struct workers *ws, struct err *err)
{
	ws->current = worker_new(ws, err);
	if (ws->current == NULL)
		return -1;
	workers_set_layers(ws, &ws->current->launch.layers);
	ws->started_us = clock_monotonic_us();
	return 0;
}

static void
workers_on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct workers *ws = arg;
	struct err err = ERR_NONE;
	struct spawn *s;

	if (workers_start(ws, &err) == 0) {
		log_notice("the worker runs again");
		workers_serve(ws);
		return;
	}
	log_err("the worker cannot be started: %s", err.text);
	while ((s = TAILQ_FIRST(&ws->queue)) != NULL) {
		TAILQ_REMOVE(&ws->queue, s, entry);
		s->on_failed(s->arg, "the worker cannot be started");
	}
	workers_retry_later(ws);
}

struct workers *
workers_new(struct event_base *base, const struct launch_config *config)
{
	struct workers *ws = calloc(1, sizeof(*ws));

	if (ws == NULL)
		return NULL;
	ws->base = base;
	ws->config = *config;
	ws->retry_ms = WORKER_RETRY_MS;
	TAILQ_INIT(&ws->queue);
	ws->retry = evtimer_new(base, workers_on_retry, ws);
	if (ws->retry == NULL) {
		free(ws);
		return NULL;
	}
	return ws;
}

void
workers_stop(struct workers *ws)
{
	struct worker *w;

	if (ws == NULL)
		return;
	evtimer_del(ws->retry);
	w = ws->current;
	if (w == NULL)
		return;
	event_del(w->on_message);
	event_del(w->on_death);
	ws->current = NULL;
	worker_unref(w);
}

void
workers_free(struct workers *ws)
{
	if (ws == NULL)
		return;
	assert(TAILQ_EMPTY(&ws->queue));
	workers_stop(ws);
	event_free(ws->retry);
	free(ws);
}

const struct layer_report *
workers_layers(const struct workers *ws)
{
	return &ws->layers;
}
