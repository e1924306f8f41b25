/* Templates and their cache. Runs in the daemon. */
#include "daemon/template.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/fd.h"
#include "base/log.h"
#include "daemon/child.h"
#include "daemon/program.h"
#include "daemon/worker.h"

/* Children asked for and not answered, per template: enough to keep it busy,
 * few enough for any socket's queue (net.unix.max_dgram_qlen, 10 or more). */
#define TEMPLATE_ASKED	4
/* A request that sees its template die gets this many in all. */
#define TEMPLATE_TRIES	2
/* Calls after which a template is hot: children are then forked ahead. */
#define TEMPLATE_HOT	3
/* A program that crashed so many templates is not loaded again. */
#define CRASHES_MAX	3
#define CRASHES_KEPT	32

enum template_state { TEMPLATE_STARTING, TEMPLATE_LOADING, TEMPLATE_READY };

struct template {
	TAILQ_ENTRY(template) entry;	/* most recently used first */
	struct templates *templates;
	enum template_state state;
	uid_t uid;
	struct program program;
	struct template_limits limits;
	struct spawn spawn;
	struct worker *worker;
	int sock;
	struct event *ev;
	struct process *process;
	struct request_list requests;	/* in the order of their coming */
	unsigned nrequests;
	struct child_list asked;	/* in the order of their ids */
	unsigned nasked;
	uint64_t first_id;	/* of the first that is asked for */
	struct child_list ready;	/* forked ahead */
	unsigned nready;
	unsigned calls;
};

TAILQ_HEAD(template_list, template);

/* Programs that brought a template down while it loaded them. */
struct crashes {
	uid_t uid;
	uint8_t key[MODULE_DIGEST];
	unsigned count;
};

struct templates {
	struct event_base *base;
	struct workers *workers;
	struct templates_config config;
	struct template_list list;
	unsigned count;
	struct crashes crashes[CRASHES_KEPT];
	unsigned next_crash;	/* the entry to be reused */
	struct template *watched;	/* NULL once it is freed */
};

/* ---- requests ------------------------------------------------------------ */

static void
request_put(struct template *t, struct child_request *r)
{
	r->list = &t->requests;
	r->template = t;
	TAILQ_INSERT_TAIL(&t->requests, r, entry);
	t->nrequests++;
}

static struct child_request *
request_take(struct template *t)
{
	struct child_request *r = TAILQ_FIRST(&t->requests);

	if (r == NULL)
		return NULL;
	TAILQ_REMOVE(&t->requests, r, entry);
	t->nrequests--;
	r->list = NULL;
	r->template = NULL;
	return r;
}

/* Move all requests to a list of their own, from where each can still be
 * cancelled while the others are told. */
static void
requests_take(struct template *t, struct request_list *to)
{
	struct child_request *r;

	TAILQ_INIT(to);
	while ((r = request_take(t)) != NULL) {
		r->list = to;
		TAILQ_INSERT_TAIL(to, r, entry);
	}
}

static struct child_request *
requests_next(struct request_list *list)
{
	struct child_request *r = TAILQ_FIRST(list);

	if (r != NULL) {
		TAILQ_REMOVE(list, r, entry);
		r->list = NULL;
	}
	return r;
}

/* ---- the end of a template ----------------------------------------------- */

static void
children_free(struct child_list *list)
{
	struct child *c;

	while ((c = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, c, entry);
		child_free(c);
	}
}

/* Out of the cache; its process ends, children that were given go on. */
static void
template_free(struct template *t)
{
	assert(TAILQ_EMPTY(&t->requests));
	if (t->state == TEMPLATE_STARTING)
		workers_cancel(t->templates->workers, &t->spawn);
	if (t->ev != NULL)
		event_free(t->ev);
	fd_close(&t->sock);
	process_abandon(t->process);
	children_free(&t->asked);
	children_free(&t->ready);
	program_clear(&t->program);
	worker_unref(t->worker);
	TAILQ_REMOVE(&t->templates->list, t, entry);
	t->templates->count--;
	if (t->templates->watched == t)
		t->templates->watched = NULL;
	free(t);
}

/* Forget the template, then tell everyone who waits: they may ask again. */
static void
template_fail(struct template *t, const struct failure *f)
{
	struct request_list requests;
	struct child_request *r;

	requests_take(t, &requests);
	template_free(t);
	while ((r = requests_next(&requests)) != NULL)
		r->on_failure(r->arg, f);
}

static void __attribute__((format(printf, 3, 4)))
template_fail_text(struct template *t, enum failure_how how,
	const char *fmt, ...)
{
	struct failure f = { .how = how };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f.text, sizeof(f.text), fmt, ap);
	va_end(ap);
	log_err("template of user %u, module %s: %s", (unsigned)t->uid,
		module_hex(t->program.module), f.text);
	template_fail(t, &f);
}

/* ---- crashes ------------------------------------------------------------- */

static struct crashes *
crashes_find(struct templates *ts, uid_t uid, const struct program *p)
{
	for (int i = 0; i < CRASHES_KEPT; i++) {
		struct crashes *c = &ts->crashes[i];

		if (c->count > 0 && c->uid == uid &&
		    memcmp(c->key, p->key, sizeof(c->key)) == 0)
			return c;
	}
	return NULL;
}

static void
crashes_add(struct templates *ts, uid_t uid, const struct program *p)
{
	struct crashes *c = crashes_find(ts, uid, p);

	if (c == NULL) {
		c = &ts->crashes[ts->next_crash++ % CRASHES_KEPT];
		c->uid = uid;
		c->count = 0;
		memcpy(c->key, p->key, sizeof(c->key));
	}
	if (++c->count == CRASHES_MAX)
		log_warning("module %s of user %u crashed %u templates and is "
			"not loaded any more", module_hex(p->module),
			(unsigned)uid, c->count);
}

/* Signals that mean a hole in the worker, not a limit of the module's. */
static bool
end_is_crash(const struct process_end *end)
{
	int sig = end->info.si_status;

	return end->info.si_code != CLD_EXITED && sig != SIGKILL &&
		sig != SIGXCPU;
}

/* ---- children ------------------------------------------------------------ */

static int
template_ask(struct template *t)
{
	struct ctl_msg msg;
	struct child *c;
	int theirs[2], r;

	c = child_new(theirs);
	if (c == NULL)
		return -1;
	memset(&msg, 0, sizeof(msg));
	msg.kind = CTL_CALL;
	msg.id = t->first_id + t->nasked;
	msg.call.ahead = t->nready + t->nasked >= t->nrequests;
	r = fd_send(t->sock, &msg, sizeof(msg), theirs, 2);
	fd_close(&theirs[0]);
	fd_close(&theirs[1]);
	if (r == -1) {
		child_free(c);
		return -1;
	}
	TAILQ_INSERT_TAIL(&t->asked, c, entry);
	t->nasked++;
	return 0;
}

static struct child *
template_take_asked(struct template *t)
{
	struct child *c = TAILQ_FIRST(&t->asked);

	TAILQ_REMOVE(&t->asked, c, entry);
	t->nasked--;
	t->first_id++;
	return c;
}

static void
template_on_ready_exit(struct child *c, const struct process_end *end)
{
	struct template *t = c->arg;

	TAILQ_REMOVE(&t->ready, c, entry);
	t->nready--;
	log_warning("a waiting child ended (%s %d)",
		end->info.si_code == CLD_EXITED ? "exit" : "signal",
		end->info.si_status);
	child_free(c);
}

static void
template_put_ready(struct template *t, struct child *c)
{
	c->on_exit = template_on_ready_exit;
	c->arg = t;
	TAILQ_INSERT_TAIL(&t->ready, c, entry);
	t->nready++;
}

/* It does not listen any more: it has died or is to. Its exit follows, and with
 * it another try for those who wait. */
static void
template_end(struct template *t)
{
	if (t->process != NULL)
		process_kill(t->process);
}

/* Give what is ready; ask for what is missing. */
static void
template_serve(struct template *t)
{
	unsigned ahead, want;

	while (t->nrequests > 0 && t->nready > 0) {
		struct child *c = TAILQ_FIRST(&t->ready);
		struct child_request *r = request_take(t);

		TAILQ_REMOVE(&t->ready, c, entry);
		t->nready--;
		t->calls++;
		r->on_child(r->arg, c);
	}
	ahead = t->calls >= TEMPLATE_HOT ? t->templates->config.ready : 0;
	want = t->nrequests + ahead;
	while (t->nready + t->nasked < want && t->nasked < TEMPLATE_ASKED) {
		if (template_ask(t) == -1) {
			if (errno == EPIPE) {
				template_end(t);
				return;
			}
			template_fail_text(t, FAILURE_DAEMON,
				"cannot ask for a child: %s", strerror(errno));
			return;
		}
	}
}

/* ---- what the template says, all of it hostile --------------------------- */

static void
template_on_told(struct template *t, const struct ctl_msg *msg)
{
	struct failure f = { .how = FAILURE_TOLD };

	f.told.failure = (enum ctl_failure)msg->failure;
	f.told.has_offset = msg->error.has_offset != 0;
	f.told.offset = msg->error.offset;
	snprintf(f.text, sizeof(f.text), "%.*s",
		(int)sizeof(msg->error.text) - 1, msg->error.text);
	template_fail(t, &f);
}

static void
template_on_spawned(struct template *t, int pidfd)
{
	struct child *c = template_take_asked(t);

	if (child_set_process_take(c, t->templates->base, t->worker,
		    pidfd) == -1) {
		child_free(c);
		template_fail_text(t, FAILURE_BROKEN,
			"it sent what is no child");
		return;
	}
	template_put_ready(t, c);
	template_serve(t);
}

/* One child could not be forked: one request, if any, goes without. */
static void
template_on_not_spawned(struct template *t, const struct ctl_msg *msg)
{
	struct failure f = { .how = FAILURE_DAEMON };
	struct child_request *r;

	child_free(template_take_asked(t));
	snprintf(f.text, sizeof(f.text), "no child could be started: %s",
		strerror((int)(msg->error.number & 0xfff)));
	r = request_take(t);
	if (r != NULL)
		r->on_failure(r->arg, &f);
}

static bool
ctl_msg_is_failure(const struct ctl_msg *msg)
{
	return msg->kind == CTL_FAILED && msg->failure >= CTL_FAIL_MALFORMED &&
		msg->failure <= CTL_FAIL_SPAWN;
}

static void
template_on_ctl(struct template *t, const struct ctl_msg *msg, int *pidfd)
{
	bool asked = t->nasked > 0 && msg->id == t->first_id;

	if (t->state == TEMPLATE_LOADING && msg->kind == CTL_READY &&
	    *pidfd == -1) {
		t->state = TEMPLATE_READY;
		template_serve(t);
	} else if (t->state == TEMPLATE_LOADING && ctl_msg_is_failure(msg) &&
	    *pidfd == -1) {
		template_on_told(t, msg);
	} else if (asked && msg->kind == CTL_SPAWNED && *pidfd != -1) {
		int fd = *pidfd;

		*pidfd = -1;
		template_on_spawned(t, fd);
	} else if (asked && msg->kind == CTL_FAILED && *pidfd == -1) {
		template_on_not_spawned(t, msg);
	} else {
		template_fail_text(t, FAILURE_BROKEN,
			"it answered what it was not asked");
	}
}

/* One message. Returns whether there was one; the template may be gone then. */
static bool
template_read(struct template *t)
{
	struct ctl_msg msg;
	size_t nfds;
	int pidfd = -1;
	ssize_t n;

	n = fd_recv(t->sock, &msg, sizeof(msg), &pidfd, 1, &nfds);
	/* An empty packet looks like the end, but for its descriptor. */
	if ((n == 0 && nfds == 0) ||
	    (n == -1 && (errno == EAGAIN || errno == ECONNRESET)))
		return false;
	if (nfds == 0)
		pidfd = -1;
	if (n == sizeof(msg))
		template_on_ctl(t, &msg, &pidfd);
	else
		template_fail_text(t, FAILURE_BROKEN,
			"it sent a packet of another size");
	fd_close(&pidfd);
	return true;
}

static void
template_on_message(evutil_socket_t sock, short what, void *arg)
{
	struct template *t = arg;

	if (!template_read(t)) {
		event_del(t->ev);
		template_end(t);
	}
}

/* ---- life ---------------------------------------------------------------- */

static void
template_log_death(const struct template *t, const struct process_end *end)
{
	log_warning("template of user %u, module %s: died by %s %d%s",
		(unsigned)t->uid, module_hex(t->program.module),
		end->info.si_code == CLD_EXITED ? "exit" : "signal",
		end->info.si_status,
		end->info.si_code != CLD_EXITED && end->info.si_status == SIGSYS ?
		", a violation of the sandbox" : "");
}

/* It was ready and died: whoever waits for a child gets a new template. */
static void
template_retry(struct template *t, const struct failure *f)
{
	struct templates *ts = t->templates;
	struct template_limits limits = t->limits;
	uid_t uid = t->uid;
	struct program program;
	struct request_list requests;
	struct child_request *r;

	program_copy(&program, &t->program);
	requests_take(t, &requests);
	template_free(t);
	while ((r = requests_next(&requests)) != NULL) {
		unsigned tries = r->tries + 1;

		if (tries < TEMPLATE_TRIES) {
			template_request(ts, r, uid, &program, &limits);
			r->tries = tries;
		} else {
			r->on_failure(r->arg, f);
		}
	}
	program_clear(&program);
}

static void
template_on_exit(void *arg, const struct process_end *end)
{
	struct template *t = arg;
	struct templates *ts = t->templates;
	struct failure f = { .how = FAILURE_DIED, .died = *end };

	t->process = NULL;
	ts->watched = t;
	/* What it said before it ended counts, and may be its end here. */
	while (ts->watched == t && template_read(t))
		;
	if (ts->watched == NULL)
		return;
	ts->watched = NULL;
	template_log_death(t, end);
	if (t->state == TEMPLATE_READY) {
		template_retry(t, &f);
		return;
	}
	if (end_is_crash(end))
		crashes_add(t->templates, t->uid, &t->program);
	template_fail(t, &f);
}

static void
template_on_started(void *arg, int sock, int pidfd, struct worker *w)
{
	struct template *t = arg;
	struct event_base *base = t->templates->base;

	t->state = TEMPLATE_LOADING;
	t->sock = sock;
	t->worker = worker_ref(w);
	t->process = process_new_take(base, pidfd, w, template_on_exit, t);
	if (t->process == NULL) {
		template_fail_text(t, FAILURE_BROKEN,
			"the worker sent what is no child");
		return;
	}
	t->ev = event_new(base, sock, EV_READ | EV_PERSIST,
		template_on_message, t);
	if (t->ev == NULL || event_add(t->ev, NULL) == -1)
		template_fail_text(t, FAILURE_DAEMON, "out of memory");
}

static void
template_on_not_started(void *arg, const char *why)
{
	struct template *t = arg;

	t->state = TEMPLATE_LOADING;	/* no worker's any more */
	template_fail_text(t, FAILURE_DAEMON, "it could not be started: %s",
		why);
}

static struct template *
template_new(struct templates *ts, uid_t uid, const struct program *p,
	const struct template_limits *limits)
{
	struct template *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->templates = ts;
	t->uid = uid;
	program_copy(&t->program, p);
	t->limits = *limits;
	t->sock = -1;
	t->first_id = 1;
	TAILQ_INIT(&t->requests);
	TAILQ_INIT(&t->asked);
	TAILQ_INIT(&t->ready);
	t->spawn = (struct spawn){
		.limits = *limits, .program = &t->program,
		.on_spawned = template_on_started,
		.on_failed = template_on_not_started, .arg = t,
	};
	TAILQ_INSERT_HEAD(&ts->list, t, entry);
	ts->count++;
	return t;
}

/* ---- the cache ----------------------------------------------------------- */

static bool
template_is_for(const struct template *t, uid_t uid, const struct program *p,
	const struct template_limits *limits)
{
	return t->uid == uid && program_equal(&t->program, p) &&
		t->limits.memory_bytes == limits->memory_bytes &&
		t->limits.stack_bytes == limits->stack_bytes &&
		t->limits.table_elems == limits->table_elems &&
		t->limits.module_bytes == limits->module_bytes &&
		t->limits.load_cpu_us == limits->load_cpu_us &&
		t->limits.cpu_us == limits->cpu_us &&
		t->limits.mode == limits->mode &&
		t->limits.one_nan == limits->one_nan;
}

/* Make room for one more: the longest unused goes. Busy ones stay; there are
 * never more of them than running calls. */
static void
templates_evict(struct templates *ts)
{
	struct template *t, *prev;

	for (t = TAILQ_LAST(&ts->list, template_list);
	    t != NULL && ts->count >= ts->config.max; t = prev) {
		prev = TAILQ_PREV(t, template_list, entry);
		if (t->nrequests == 0 && t->nasked == 0)
			template_free(t);
	}
}

static struct template *
templates_find(struct templates *ts, uid_t uid, const struct program *p,
	const struct template_limits *limits)
{
	struct template *t;

	TAILQ_FOREACH(t, &ts->list, entry) {
		if (template_is_for(t, uid, p, limits)) {
			TAILQ_REMOVE(&ts->list, t, entry);
			TAILQ_INSERT_HEAD(&ts->list, t, entry);
			return t;
		}
	}
	return NULL;
}

void
template_request(struct templates *ts, struct child_request *r, uid_t uid,
	const struct program *p, const struct template_limits *limits)
{
	struct template *t = templates_find(ts, uid, p, limits);
	struct crashes *crashes = crashes_find(ts, uid, p);
	struct failure f = { .how = FAILURE_DAEMON };

	r->list = NULL;
	r->template = NULL;
	r->tries = 0;
	if (crashes != NULL && crashes->count >= CRASHES_MAX) {
		f.how = FAILURE_BROKEN;
		snprintf(f.text, sizeof(f.text), "the module crashed the "
			"worker %u times and is not loaded again",
			crashes->count);
		r->on_failure(r->arg, &f);
		return;
	}
	if (t != NULL) {
		request_put(t, r);
		if (t->state == TEMPLATE_READY)
			template_serve(t);
		return;
	}
	templates_evict(ts);
	t = template_new(ts, uid, p, limits);
	if (t == NULL) {
		snprintf(f.text, sizeof(f.text), "out of memory");
		r->on_failure(r->arg, &f);
		return;
	}
	request_put(t, r);
	workers_spawn(ts->workers, &t->spawn);
}

void
template_cancel(struct child_request *r)
{
	struct template *t = r->template;

	if (r->list == NULL)
		return;
	TAILQ_REMOVE(r->list, r, entry);
	r->list = NULL;
	r->template = NULL;
	if (t == NULL)
		return;
	t->nrequests--;
	/* Nobody waits for the module any more: stop decoding it. */
	if (t->nrequests == 0 && t->state != TEMPLATE_READY)
		template_free(t);
}

struct templates *
templates_new(struct event_base *base, struct workers *workers,
	const struct templates_config *config)
{
	struct templates *ts = calloc(1, sizeof(*ts));

	if (ts == NULL)
		return NULL;
	ts->base = base;
	ts->workers = workers;
	ts->config = *config;
	TAILQ_INIT(&ts->list);
	return ts;
}

void
templates_free(struct templates *ts)
{
	struct template *t;

	if (ts == NULL)
		return;
	while ((t = TAILQ_FIRST(&ts->list)) != NULL)
		template_free(t);
	free(ts);
}
