/* Templates. Runs in the daemon. */
#include "config.h"

#include "daemon/template.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "daemon/child.h"
#include "daemon/family.h"
#include "daemon/metrics.h"
#include "daemon/templates.h"

/* Children asked for and not answered, per template: enough to keep it busy,
 * few enough for any socket's queue (net.unix.max_dgram_qlen, 10 or more). */
#define TEMPLATE_ASKED	4
/* A request that sees its template die gets this many in all. */
#define TEMPLATE_TRIES	2
/* One that does not answer for so long is none of ours any more. */
#define TEMPLATE_ANSWER_US 30000000u
/* CPU time that it may use in a period of a second, and for each fork. Those
 * take a tenth of a millisecond; of the largest modules, some milliseconds. */
#define TEMPLATE_IDLE_US 200000u
#define TEMPLATE_SLACK_US 1000000u	/* behind the timer for loading */
#define TEMPLATE_FORK_US 50000u
/* Behind a child's limit of CPU time, by which it has ended: its timer comes
 * first, then RLIMIT_CPU, which is up to three seconds later. */
#define TEMPLATE_LIMIT_US 5000000u
/* What a waiting child costs, with its page tables. */
#define TEMPLATE_CHILD_BYTES (192u << 10)

/* The one whose last words are read, until it is freed. */
static struct template *template_watched;

/* ---- requests ------------------------------------------------------------ */

static unsigned *
request_count(struct template *t, const struct child_request *r)
{
	return r->broker == -1 ? &t->nrequests : &t->ngranted;
}

static void
request_put(struct template *t, struct child_request *r)
{
	r->list = r->broker == -1 ? &t->requests : &t->granted;
	r->template = t;
	r->child = NULL;
	TAILQ_INSERT_TAIL(r->list, r, entry);
	++*request_count(t, r);
}

static void
request_remove(struct template *t, struct child_request *r)
{
	TAILQ_REMOVE(r->list, r, entry);
	--*request_count(t, r);
	if (r->child != NULL)
		r->child->request = NULL;
	r->child = NULL;
	r->list = NULL;
	r->template = NULL;
}

static struct child_request *
request_take(struct template *t)
{
	struct child_request *r = TAILQ_FIRST(&t->requests);

	if (r != NULL)
		request_remove(t, r);
	return r;
}

/* Move all requests to a list of their own, from where each can still be
 * cancelled while the others are told. */
static void
requests_take(struct template *t, struct request_list *to)
{
	struct child_request *r;

	TAILQ_INIT(to);
	while ((r = TAILQ_FIRST(&t->requests)) != NULL ||
	    (r = TAILQ_FIRST(&t->granted)) != NULL) {
		request_remove(t, r);
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

void
template_free(struct template *t)
{
	assert(TAILQ_EMPTY(&t->requests) && TAILQ_EMPTY(&t->granted));
	if (template_watched == t)
		template_watched = NULL;
	templates_forget(t->templates, t);
	if (t->state == TEMPLATE_STARTING)
		workers_cancel(templates_config(t->templates)->workers,
			&t->spawn);
	if (t->ev != NULL)
		event_free(t->ev);
	fd_close(&t->sock);
	if (t->family != NULL)
		t->family->pending = 0;
	process_abandon(t->process);
	pool_clear(&t->pool);
	program_clear(&t->program);
	family_unref(t->family);
	worker_unref(t->worker);
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

/* Whatever it holds is worth nothing any more, and what it has cloned is not
 * to be trusted either. Only while its process is not reaped. */
static void
template_crashed(struct template *t)
{
	if (t->family != NULL && t->process != NULL)
		family_condemn(t->family);
	templates_crash(t->templates, t->uid, &t->program);
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
	if (how == FAILURE_BROKEN)
		template_crashed(t);
	template_fail(t, &f);
}

void
template_condemn(struct template *t, const char *why)
{
	template_fail_text(t, FAILURE_BROKEN, "%s", why);
}

/* ---- children ------------------------------------------------------------ */

static void
template_set_pending(struct template *t)
{
	t->family->pending = t->pool.nasked;
}

/* Children that are there or were asked for, for whoever comes first. */
static unsigned
template_children(const struct template *t)
{
	return t->pool.nready + t->pool.nasked - t->pool.ngranted;
}

/* r: the one that it is for, which has a broker; NULL: for all others. 0, or -1:
 * the template is gone, or about to. */
static int
template_ask(struct template *t, struct child_request *r)
{
	bool ahead = r == NULL && template_children(t) >= t->nrequests;
	struct child *c = pool_ask(&t->pool, t->sock, ahead,
		r == NULL ? -1 : r->broker);

	if (c != NULL) {
		c->request = r;
		if (r != NULL)
			r->child = c;
		template_set_pending(t);
		t->forks++;
		return 0;
	}
	/* It does not listen any more: it has died or is to. Its exit follows,
	 * and with it another try for those who wait. */
	if (errno == EPIPE)
		process_kill(t->process);
	else
		template_fail_text(t, FAILURE_DAEMON,
			"cannot ask for a child: %s", strerror(errno));
	return -1;
}

/* Whether another child is to be asked for; *r: for whom, as above. */
static bool
template_wants(struct template *t, struct child_request **r)
{
	if (t->pool.nasked >= TEMPLATE_ASKED)
		return false;
	TAILQ_FOREACH(*r, &t->granted, entry) {
		if ((*r)->child == NULL)
			return true;
	}
	return template_children(t) < t->nrequests + t->demand.want;
}

/* Give what is ready; ask for what is missing. */
static void
template_serve(struct template *t)
{
	struct child_request *wanted;
	struct pool *p = &t->pool;

	while (t->nrequests > 0 && p->nready > 0) {
		struct child *c = pool_take_ready(p);
		struct child_request *r = request_take(t);

		r->on_child(r->arg, c);
	}
	while (template_wants(t, &wanted)) {
		if (template_ask(t, wanted) == -1)
			return;
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

/* It has a broker, and is for nobody else. */
static void
template_give_granted(struct template *t, struct child *c)
{
	struct child_request *r = c->request;

	if (r == NULL) {
		child_free(c);
		return;
	}
	request_remove(t, r);
	r->on_child(r->arg, c);
}

static void
template_on_spawned(struct template *t, int pidfd)
{
	struct child *c = pool_take_asked(&t->pool);

	template_set_pending(t);
	if (child_set_process_take(c, templates_config(t->templates)->base,
		    t->worker, t->family, pidfd) == -1) {
		child_free(c);
		template_fail_text(t, FAILURE_BROKEN,
			"it sent what is no child");
		return;
	}
	if (t->limits.cpu_us > 0)
		process_set_cpu_max(c->process, t->limits.cpu_us +
			TEMPLATE_LIMIT_US);
	if (c->granted)
		template_give_granted(t, c);
	else
		pool_put_ready(&t->pool, c);
	template_serve(t);
}

/* One child could not be forked: one request, if any, goes without. */
static void
template_on_not_spawned(struct template *t, const struct ctl_msg *msg)
{
	struct failure f = { .how = FAILURE_DAEMON };
	struct child *c = pool_take_asked(&t->pool);
	struct child_request *r = c->request;

	template_set_pending(t);
	snprintf(f.text, sizeof(f.text), "no child could be started: %s",
		strerror((int)(msg->error.number & 0xfff)));
	if (r != NULL)
		request_remove(t, r);
	else if (!c->granted)
		r = request_take(t);
	child_free(c);
	if (r != NULL)
		r->on_failure(r->arg, &f);
	/* There are too many processes: are there any that hide? */
	if (msg->error.number == EAGAIN)
		templates_census(t->templates);
}

static void
template_on_ready(struct template *t, const struct ctl_msg *msg)
{
	t->state = TEMPLATE_READY;
	t->bytes = msg->ready.bytes;
	t->cpu_us = process_cpu_us(t->process);
	templates_settle(t->templates);
	template_serve(t);
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
	bool asked = t->pool.nasked > 0 && msg->id == t->pool.first_id;

	if (t->state == TEMPLATE_LOADING && msg->kind == CTL_READY &&
	    *pidfd == -1) {
		template_on_ready(t, msg);
	} else if (t->state == TEMPLATE_LOADING && ctl_msg_is_failure(msg) &&
	    *pidfd == -1) {
		template_on_told(t, msg);
	} else if (asked && msg->kind == CTL_SPAWNED && *pidfd != -1) {
		int fd = *pidfd;

		*pidfd = -1;
		template_on_spawned(t, fd);
	} else if (asked && msg->kind == CTL_FAILED && *pidfd == -1) {
		template_on_not_spawned(t, msg);
	} else if (msg->kind == CTL_VIOLATION && *pidfd == -1) {
		log_warning("template of user %u, module %s: forbidden system "
			"call %u", (unsigned)t->uid,
			module_hex(t->program.module), msg->error.number);
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
		process_kill(t->process);
	}
}

/* ---- life ---------------------------------------------------------------- */

static void
template_log_death(const struct template *t, const struct process_end *end)
{
	bool violation = end->info.si_code != CLD_EXITED &&
		end->info.si_status == SIGSYS;

	if (violation)
		metric_add(METRIC_VIOLATIONS, 1);
	log_warning("template of user %u, module %s: died by %s %d%s",
		(unsigned)t->uid, module_hex(t->program.module),
		end->info.si_code == CLD_EXITED ? "exit" : "signal",
		end->info.si_status,
		violation ? ", a violation of the sandbox" : "");
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
	struct failure f = { .how = FAILURE_DIED, .died = *end };

	template_watched = t;
	/* What it said before it ended counts, and may be its end here. */
	while (template_watched == t && template_read(t))
		;
	if (template_watched == NULL)
		return;
	template_watched = NULL;
	template_log_death(t, end);
	if (process_end_is_crash(end))
		templates_crash(t->templates, t->uid, &t->program);
	if (t->state == TEMPLATE_READY)
		template_retry(t, &f);
	else
		template_fail(t, &f);
}

static int
template_start_family(struct template *t)
{
	pid_t pid = process_pid(t->process);

	t->family = pid == -1 ? NULL : family_new(pid);
	if (t->family == NULL)
		return -1;
	process_join(t->process, t->family);
	return 0;
}

static void
template_on_started(void *arg, int sock, int pidfd, struct worker *w)
{
	struct template *t = arg;
	struct event_base *base = templates_config(t->templates)->base;

	t->state = TEMPLATE_LOADING;
	t->sock = sock;
	t->worker = worker_ref(w);
	t->process = process_new_take(base, pidfd, w, template_on_exit, t);
	if (t->process == NULL) {
		template_fail_text(t, FAILURE_DAEMON,
			"the worker sent what is no child");
		return;
	}
	t->ev = event_new(base, sock, EV_READ | EV_PERSIST,
		template_on_message, t);
	if (t->ev == NULL || event_add(t->ev, NULL) == -1 ||
	    template_start_family(t) == -1)
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

struct template *
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
	TAILQ_INIT(&t->requests);
	TAILQ_INIT(&t->granted);
	pool_init(&t->pool);
	t->pool.serves = limits->mode == MODE_SERVE;
	t->spawn = (struct spawn){
		.limits = *limits, .program = &t->program,
		.on_spawned = template_on_started,
		.on_failed = template_on_not_started, .arg = t,
	};
	return t;
}

/* ---- what others call ---------------------------------------------------- */

bool
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
		t->limits.trace == limits->trace &&
		t->limits.profile == limits->profile &&
		t->limits.one_nan == limits->one_nan &&
		t->limits.files == limits->files;
}

bool
template_is_busy(const struct template *t)
{
	return t->nrequests + t->ngranted > 0 || t->pool.nasked > 0;
}

uint64_t
template_bytes(const struct template *t)
{
	uint64_t children = (uint64_t)t->pool.nready * TEMPLATE_CHILD_BYTES;

	return t->bytes > UINT64_MAX - children ? UINT64_MAX :
		t->bytes + children;
}

void
template_add(struct template *t, struct child_request *r)
{
	if (r->broker == -1)
		demand_call(&t->demand, t->pool.nready,
			templates_config(t->templates)->ready);
	request_put(t, r);
	if (t->state == TEMPLATE_READY)
		template_serve(t);
	else if (t->state == TEMPLATE_STARTING &&
	    t->nrequests + t->ngranted == 1)
		workers_spawn(templates_config(t->templates)->workers,
			&t->spawn);
}

void
template_cancel(struct child_request *r)
{
	struct template *t = r->template;

	if (r->list == NULL)
		return;
	if (t == NULL) {
		TAILQ_REMOVE(r->list, r, entry);
		r->list = NULL;
		return;
	}
	request_remove(t, r);
	/* Nobody waits for the module any more: stop decoding it. */
	if (t->nrequests + t->ngranted == 0 && t->state != TEMPLATE_READY)
		template_free(t);
}

/* What is wrong with what it does; NULL: nothing. */
static const char *
template_watch(struct template *t)
{
	const uint64_t may_us = t->state == TEMPLATE_LOADING ?
		t->limits.load_cpu_us + TEMPLATE_SLACK_US : t->cpu_us +
		TEMPLATE_IDLE_US + t->forks * TEMPLATE_FORK_US;
	const uint64_t cpu_us = process_cpu_us(t->process);

	t->forks = 0;
	if (cpu_us > may_us)
		return "it computes when it has nothing to do";
	if (t->state == TEMPLATE_LOADING)
		return NULL;
	t->cpu_us = cpu_us;
	if (pool_cpu_us(&t->pool) > TEMPLATE_IDLE_US)
		return "a waiting child of it computes";
	if (t->pool.nasked > 0 && clock_monotonic_us() - t->pool.waits_us >
	    TEMPLATE_ANSWER_US)
		return "it does not answer";
	return NULL;
}

void
template_on_period(struct template *t)
{
	const char *why;

	if (t->state == TEMPLATE_STARTING)
		return;
	demand_period(&t->demand);
	pool_shrink(&t->pool, t->nrequests + t->demand.want);
	why = template_watch(t);
	if (why != NULL)
		template_condemn(t, why);
}
