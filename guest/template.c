/* A template: loads a module and clones itself for each call. */
#include "config.h"

#include "guest/template.h"

#include <alloca.h>
#include <errno.h>
#include <malloc.h>
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

/* The control socket and the module go where the filter expects them, in
 * whichever order the numbers they have now allow. */
static int
template_take_fds(int sock, int module)
{
	if (sock == MODULE_FD) {
		if (process_move_fd(sock, CTL_FD) == -1 ||
		    process_move_fd(module, MODULE_FD) == -1)
			return -1;
	} else {
		if (process_move_fd(module, MODULE_FD) == -1 ||
		    process_move_fd(sock, CTL_FD) == -1)
			return -1;
	}
	return process_close_from(MODULE_FD + 1);
}

/* All that keeps a hostile module in, once it has got hold of the decoder. The
 * module's length is all that is known of it when this is done. */
static void
template_confine(const struct enter *e, const struct template_limits *lim,
    off_t module_len)
{
	if (process_die_with_daemon() == -1 || module_len < 0 ||
	    (enter_has(e, LAYER_LANDLOCK) && landlock_enclose_again(e) == -1) ||
	    limits_template(lim, (size_t)module_len) == -1)
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

/* The module's bytes, which stay mapped. */
static const uint8_t *
template_map(const struct ctl_msg *req, size_t len)
{
	struct err err = ERR_NONE;
	void *bytes;

	if (len > req->limits.module_bytes) {
		err_set(&err, CTL_FAIL_LIMIT, "the module has %zu bytes, "
		    "more than the limit of %llu", len,
		    (unsigned long long)req->limits.module_bytes);
		template_fail(req->id, CTL_FAIL_LIMIT, &err);
	}
	/* Nothing cannot be mapped; it is no module either. */
	if (len == 0)
		return (const uint8_t *)"";
	bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE, MODULE_FD, 0);
	if (bytes == MAP_FAILED) {
		err_set(&err, CTL_FAIL_MEMORY, "cannot map the module: %s",
		    strerror(errno));
		template_fail(req->id, CTL_FAIL_MEMORY, &err);
	}
	return bytes;
}

/*
 * What is large and freed again, as most of what loading takes, goes back to
 * the kernel at once: whatever stays, each child's page tables repeat.
 */
#define LARGE_BYTES (16 << 10)

static void
template_keep_little(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mallopt(M_TRIM_THRESHOLD, LARGE_BYTES);
	mallopt(M_TOP_PAD, 0);
}

/* Load the module within its limit of CPU time. */
static void
template_load(const struct ctl_msg *req, size_t len)
{
	struct ctl_msg ready = { .kind = CTL_READY, .id = req->id };
	const uint64_t start = clock_monotonic_us();
	struct err err = ERR_NONE;
	const uint8_t *bytes;
	int failure, timer = -1;

	if (req->limits.load_cpu_us > 0 &&
	    limits_cpu_start(req->limits.load_cpu_us, &timer) == -1)
		process_exit(PROCESS_EXIT_ENTER);
	template_keep_little();
	bytes = template_map(req, len);
	failure = run_load(bytes, len, &req->limits, &err);
	if (failure != 0)
		template_fail(req->id, failure, &err);
	close(MODULE_FD);
	if ((req->limits.load_cpu_us > 0 && limits_cpu_stop(timer) == -1) ||
	    limits_loaded() == -1)
		process_exit(PROCESS_EXIT_ENTER);
	ready.ready.load_us = clock_monotonic_us() - start;
	control_send(&ready);
}

/* Not inlined: see template_run. */
static noreturn __attribute__((noinline)) void
template_serve(const struct enter *e, uint64_t cpu_us)
{
	enum { IN, OUT, NFDS };
	struct child child = { .cpu_us = cpu_us };
	struct ctl_msg msg;
	int fds[NFDS];

	for (;;) {
		int pidfd = -1;
		pid_t pid;

		control_recv(&msg, CTL_CALL, fds, NFDS);
		pid = process_clone(&pidfd);
		if (pid == 0) {
			child.in = fds[IN];
			child.out = fds[OUT];
			child.ahead = msg.call.ahead != 0;
			child_run(e, &child);
		}
		control_send_spawned(msg.id, pid, pidfd);
		close(fds[IN]);
		close(fds[OUT]);
	}
}

#define STACK_PAGE 4096

noreturn void
template_run(const struct enter *e, const struct ctl_msg *req, int sock,
    int module)
{
	off_t len;
	void *rest;

	if (template_take_fds(sock, module) == -1)
		process_exit(PROCESS_EXIT_ENTER);
	len = lseek(MODULE_FD, 0, SEEK_END);
	template_confine(e, &req->limits, len);
	template_load(req, (size_t)len);
	/* Begin a page of the stack, so that what a child needs of it is one
	 * page and not two. */
	rest = alloca((uintptr_t)__builtin_frame_address(0) % STACK_PAGE);
	__asm__ volatile ("" : : "r" (rest) : "memory");
	template_serve(e, req->limits.cpu_us);
}
