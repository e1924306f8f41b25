/* A template: loads modules and clones itself for each call. */
#include "config.h"

#include "guest/template.h"

#include <alloca.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "guest/child.h"
#include "guest/control.h"
#include "guest/run.h"
#include "sandbox/enter.h"
#include "sandbox/landlock.h"
#include "sandbox/limits.h"
#include "sandbox/process.h"

/* The modules, and the lengths that are all that is known of them before the
 * filter is in force. */
struct template_modules {
	unsigned count;
	struct run_module module[1 + CTL_PRELOAD_MAX];
	size_t total;
};

/*
 * The control socket and the modules go where the filter expects them, CTL_FD
 * and from there on. The kernel numbers what it receives upwards, so that none
 * is in the place of an earlier one.
 */
static int
template_take_fds(const int *fds, int nfds)
{
	for (int i = 0; i < nfds; i++) {
		if (fds[i] < CTL_FD + i ||
		    process_move_fd(fds[i], CTL_FD + i) == -1)
			return -1;
	}
	return process_close_from((unsigned)(CTL_FD + nfds));
}

static int
template_measure(struct template_modules *m, const struct ctl_msg *req)
{
	m->count = 1 + req->npreload;
	for (unsigned i = 0; i < m->count; i++) {
		off_t len = lseek(MODULE_FD + (int)i, 0, SEEK_END);

		if (len < 0)
			return -1;
		m->module[i].len = (size_t)len;
		m->module[i].name = i == 0 ? NULL : req->preload[i - 1];
		m->total += (size_t)len;
	}
	return 0;
}

/* All that keeps a hostile module in, once it has got hold of the decoder. */
static void
template_confine(const struct enter *e, const struct template_limits *lim,
    size_t len)
{
	if (process_die_with_daemon() == -1 || setpgid(0, 0) == -1 ||
	    (enter_has(e, LAYER_LANDLOCK) && landlock_enclose_again(e) == -1) ||
	    limits_template(lim, len) == -1)
		process_exit(PROCESS_EXIT_ENTER);
	enter_filter(e, FILTER_TEMPLATE);
}

static noreturn void
template_fail(uint64_t id, enum ctl_failure failure, const struct err *err)
{
	struct ctl_msg msg = {
		.kind = CTL_FAILED, .failure = failure, .id = id,
		.error.offset = err->offset, .error.has_offset = err->has_offset,
	};

	snprintf(msg.error.text, sizeof(msg.error.text), "%s", err->text);
	control_send(&msg);
	process_exit(PROCESS_EXIT_DONE);
}

/* The modules' bytes, which stay mapped. */
static void
template_map(const struct ctl_msg *req, struct template_modules *m)
{
	struct err err = ERR_NONE;

	if (m->total > req->limits.module_bytes) {
		err_set(&err, CTL_FAIL_LIMIT, "%s %zu bytes, more than the limit "
		    "of %llu", m->count == 1 ? "the module has" :
		    "the modules have", m->total,
		    (unsigned long long)req->limits.module_bytes);
		template_fail(req->id, CTL_FAIL_LIMIT, &err);
	}
	for (unsigned i = 0; i < m->count; i++) {
		const int fd = MODULE_FD + (int)i;
		void *bytes;

		/* Nothing cannot be mapped; it is no module either. */
		bytes = m->module[i].len == 0 ? (void *)"" :
		    mmap(NULL, m->module[i].len, PROT_READ, MAP_PRIVATE, fd, 0);
		if (bytes == MAP_FAILED) {
			err_set(&err, CTL_FAIL_MEMORY, "cannot map a module: %s",
			    strerror(errno));
			template_fail(req->id, CTL_FAIL_MEMORY, &err);
		}
		m->module[i].bytes = bytes;
		close(fd);
	}
}

/* No file grows any more; children may not change that. */
static void
template_loaded(void)
{
	if (limits_loaded() == -1)
		process_exit(PROCESS_EXIT_ENTER);
}

/* Load the modules within their limit of CPU time. */
static void
template_load(const struct ctl_msg *req, struct template_modules *m)
{
	struct ctl_msg ready = { .kind = CTL_READY, .id = req->id };
	const uint64_t start = clock_monotonic_us();
	struct err err = ERR_NONE;
	int failure, timer = -1;

	if (req->limits.load_cpu_us > 0 &&
	    limits_cpu_start(req->limits.load_cpu_us, &timer) == -1)
		process_exit(PROCESS_EXIT_ENTER);
	template_map(req, m);
	failure = run_load(m->module, m->count, &req->limits, &err);
	if (failure != 0)
		template_fail(req->id, failure, &err);
	if (req->limits.load_cpu_us > 0 && limits_cpu_stop(timer) == -1)
		process_exit(PROCESS_EXIT_ENTER);
	if (!run_is_partial())
		template_loaded();
	ready.ready.load_us = clock_monotonic_us() - start;
	ready.ready.bytes = limits_memory_used();
	control_send(&ready);
}

/* ---- calls ------------------------------------------------------------- */

/* What a template knows of its calls. */
struct template_calls {
	uint64_t cpu_us;	/* limit of each */
	uint64_t load_cpu_us;	/* of loading; 0: none */
	unsigned count;		/* children, but not the last if it waits */
	bool ahead;		/* there was one for a call to come */
	bool partial;		/* functions wait for their first call */
	bool files;		/* they come with a broker */
	bool gated;		/* children have their filter and close the gate */
};

/* Serving needs little: put on the filter that the children will have. Those
 * with files have one that is not this one's part. */
static void
template_narrow(const struct enter *e, struct template_calls *c)
{
	if (c->files || !enter_has(e, LAYER_SECCOMP))
		return;
	enter_filter(e, FILTER_GATE);
	c->gated = true;
}

/*
 * A large module's functions are translated as its children call them. With
 * its second call it is worth while to do that here, once and for all; between
 * requests, and no longer than loading may take at all.
 */
static void
template_translate(const struct enter *e, struct template_calls *c)
{
	while (c->partial && c->count >= 2 && !control_waits()) {
		if (c->load_cpu_us > 0 &&
		    clock_process_cpu_us() >= c->load_cpu_us)
			return;
		c->partial = run_translate();
		if (!c->partial) {
			template_loaded();
			template_narrow(e, c);
		}
	}
}

static void
template_spawn(const struct enter *e, const struct template_calls *c,
    const struct ctl_msg *msg, const int fds[static 2])
{
	int pidfd = -1;
	pid_t pid = process_clone(&pidfd);

	if (pid == 0) {
		child_run(e, &(struct child){
			.in = fds[CONTROL_IN], .out = fds[CONTROL_OUT],
			.broker = fds[CONTROL_BROKER],
			.cpu_us = c->cpu_us,
			.ahead = msg->call.ahead != 0,
			.partial = c->partial,
			.gated = c->gated,
		});
	}
	control_send_spawned(msg->id, pid, pidfd);
	process_close(fds[CONTROL_IN]);
	process_close(fds[CONTROL_OUT]);
	if (fds[CONTROL_BROKER] != -1)
		process_close(fds[CONTROL_BROKER]);
}

/* Not inlined: see template_run. */
static noreturn __attribute__((noinline)) void
template_serve(const struct enter *e, const struct template_calls *of)
{
	struct template_calls calls = *of;	/* in the page that begins here */
	struct ctl_msg msg;
	int fds[CONTROL_CALL_FDS];

	for (;;) {
		template_translate(e, &calls);
		control_recv_call(&msg, fds);
		if (fds[CONTROL_BROKER] != -1 && !calls.files)
			process_exit(PROCESS_EXIT_PEER);
		template_spawn(e, &calls, &msg, fds);
		calls.count += msg.call.ahead == 0 || calls.ahead;
		calls.ahead |= msg.call.ahead != 0;
	}
}

#define STACK_PAGE 4096

noreturn void
template_run(const struct enter *e, const struct ctl_msg *req, const int *fds)
{
	static struct template_modules modules;
	struct template_calls calls = {
		.cpu_us = req->limits.cpu_us,
		.load_cpu_us = req->limits.load_cpu_us,
		.files = req->limits.files != 0,
	};
	void *rest;

	if (template_take_fds(fds, 2 + (int)req->npreload) == -1 ||
	    template_measure(&modules, req) == -1)
		process_exit(PROCESS_EXIT_ENTER);
	template_confine(e, &req->limits, modules.total);
	template_load(req, &modules);
	calls.partial = run_is_partial();
	if (!calls.partial)
		template_narrow(e, &calls);
	/* Begin a page of the stack, so that what a child needs of it is one
	 * page and not two. */
	rest = alloca((uintptr_t)__builtin_frame_address(0) % STACK_PAGE);
	__asm__ volatile ("" : : "r" (rest) : "memory");
	template_serve(e, &calls);
}
