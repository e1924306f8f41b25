/*
 * Stands in for the virtual machine in the tests of the daemon: a "module" is
 * text, a line per thing to do. What a hostile guest would do once it had got
 * out of the interpreter can be said there, too. Runs in template and child.
 *
 * Lines that a template heeds: malformed, invalid, unlinkable, memory,
 * load-crash, load-violation, load-spin, load-empty, load-deaf, load-hold MIB,
 * and once it has got hold of the template: load-strays N, load-untimed,
 * ready-strays N, ready-unlimited, ready-bomb, ready-breed, ready-spin, ready-twice, ready-early,
 * ready-short, ready-lie, turn (when it is asked for its second child).
 * Lines that a child does in turn: out TEXT, err TEXT (\n is put behind),
 * put TEXT (nothing is), flood, burst N, spin, sleep MS, forever, cat, args,
 * preloaded (the others' names and contents, a line each),
 * exit N, trap TEXT, not-found TEXT, fuel, memory-end, results; and as no child
 * of ours: crash, check, violation, garbage, unknown-frame, half-frame,
 * late-data, bad-result, vanish N, hang, raw-flood, wait-flood.
 */
#include "config.h"

#include <stdbool.h>
#include <stdnoreturn.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "guest/run.h"
#include "sandbox/ctl.h"
#include "sandbox/process.h"

static const struct run_module *loaded;
static unsigned nloaded;
static const char *script;
static size_t script_len;

/* ---- lines without libc's stdio ------------------------------------------ */

struct line {
	const char *text;
	size_t len;
};

static bool
next_line(size_t *at, struct line *l)
{
	const char *nl;

	if (*at >= script_len)
		return false;
	l->text = script + *at;
	nl = memchr(l->text, '\n', script_len - *at);
	l->len = nl == NULL ? script_len - *at : (size_t)(nl - l->text);
	*at += l->len + 1;
	return true;
}

/* Whether the line begins with the word; *l then is what follows it. */
static bool
is(struct line *l, const char *word)
{
	size_t n = strlen(word);

	if (l->len < n || memcmp(l->text, word, n) != 0 ||
	    (l->len > n && l->text[n] != ' '))
		return false;
	l->text += l->len > n ? n + 1 : n;
	l->len -= l->len > n ? n + 1 : n;
	return true;
}

static uint64_t
number(const struct line *l)
{
	uint64_t n = 0;

	for (size_t i = 0; i < l->len; i++)
		n = n * 10 + (uint64_t)(l->text[i] - '0');
	return n;
}

/* What each of these does is known to no compiler. */
static void
crash(void)
{
	volatile uintptr_t nowhere = 8;

	*(volatile int *)nowhere = 0;
}

static void
violate(void)
{
	process_exit(chdir("/") == 0 ? 90 : 91);
}

static void
spin(void)
{
	for (volatile unsigned n = 0;; n++)
		;
}

/* ---- a template that is not ours any more --------------------------------- */

/* As guest/template.c clones, but nobody is told. 0 in the clone, or -1. */
static long
clone_in_secret(void)
{
	int pidfd;
	long pid = syscall(SYS_clone, CLONE_PARENT | CLONE_PIDFD | SIGCHLD, 0,
		&pidfd, 0, 0);

	if (pid > 0)
		close(pidfd);
	return pid;
}

/* A process that is there, and takes no notice of anything. */
static noreturn void
linger(void)
{
	spin();
	process_exit(0);
}

static void
strays(uint64_t n)
{
	while (n-- > 0) {
		if (clone_in_secret() == 0)
			linger();
	}
}

static noreturn void
bomb(bool breed)
{
	for (;;) {
		long pid = clone_in_secret();

		if (pid == 0 && !breed)
			linger();
	}
}

/* Say what a template says when it has loaded its module. */
static void
say_ready(uint64_t id, size_t len)
{
	struct ctl_msg msg = { .kind = CTL_READY, .id = id };

	fd_send(CTL_FD, &msg, len, NULL, 0);
}

static void
say_spawned(uint64_t id, int fd)
{
	struct ctl_msg msg = { .kind = CTL_SPAWNED, .id = id };

	fd_send(CTL_FD, &msg, sizeof(msg), &fd, 1);
}

static void
await_request(void)
{
	struct ctl_msg msg;
	int fds[2];
	size_t nfds;

	if (fd_recv(CTL_FD, &msg, sizeof(msg), fds, 2, &nfds) <= 0)
		process_exit(PROCESS_EXIT_DONE);
}

/* A child that has none of its limits, as it was asked for. */
static void
give_unlimited(void)
{
	struct ctl_msg msg;
	int fds[2], pidfd;
	size_t nfds;
	long pid;

	fd_recv(CTL_FD, &msg, sizeof(msg), fds, 2, &nfds);
	pid = syscall(SYS_clone, CLONE_PARENT | CLONE_PIDFD | SIGCHLD, 0,
		&pidfd, 0, 0);
	if (pid == 0)
		linger();
	say_spawned(msg.id, pidfd);
}

/* The first child as if it were one, then nothing. */
static noreturn void
turn(void)
{
	say_ready(0, sizeof(struct ctl_msg));
	give_unlimited();
	await_request();
	say_ready(0, sizeof(struct ctl_msg));
	linger();
}

static void
take_over(struct line *l)
{
	const size_t len = sizeof(struct ctl_msg);

	if (is(l, "load-strays"))
		strays(number(l));
	if (is(l, "load-untimed")) {
		for (long timer = 0; timer < 10; timer++)
			syscall(SYS_timer_delete, timer);
		linger();
	}
	if (is(l, "turn"))
		turn();
	if (l->len < 6 || memcmp(l->text, "ready-", 6) != 0)
		return;
	say_ready(0, is(l, "ready-short") ? len - 1 : len);
	if (is(l, "ready-strays")) {
		strays(number(l));
		for (;;)
			await_request();
	}
	if (is(l, "ready-unlimited")) {
		give_unlimited();
		for (;;)
			await_request();
	}
	if (is(l, "ready-bomb"))
		bomb(false);
	if (is(l, "ready-breed"))
		bomb(true);
	if (is(l, "ready-twice"))
		say_ready(0, len);
	if (is(l, "ready-early"))
		say_spawned(1234, STDIN_FILENO);
	if (is(l, "ready-lie")) {
		await_request();
		say_spawned(1, STDIN_FILENO);
	}
	linger();
}

/* ---- the template -------------------------------------------------------- */

static void
hold(uint64_t mib)
{
	char *p = malloc(mib << 20);

	for (uint64_t i = 0; p != NULL && i < mib << 20; i += 4096)
		((volatile char *)p)[i] = 1;
}

int
run_load(const struct run_module *modules, unsigned count,
	const struct template_limits *lim, struct err *err)
{
	struct line l = { (const char *)modules[0].bytes, modules[0].len };
	size_t at = 0;

	loaded = modules;
	nloaded = count;
	script = l.text;
	script_len = l.len;
	if (!next_line(&at, &l) || is(&l, "malformed")) {
		err_set_at(err, 1, 4, "unknown binary version");
		return CTL_FAIL_MALFORMED;
	}
	if (is(&l, "invalid"))
		return err_set(err, 1, "type mismatch"), CTL_FAIL_INVALID;
	if (is(&l, "unlinkable"))
		return err_set(err, 1, "unknown import"), CTL_FAIL_UNLINKABLE;
	if (is(&l, "memory"))
		return err_set(err, 1, "too much"), CTL_FAIL_MEMORY;
	if (is(&l, "load-crash"))
		crash();
	if (is(&l, "load-violation"))
		violate();
	if (is(&l, "load-spin"))
		spin();
	if (is(&l, "load-hold"))
		hold(number(&l));
	take_over(&l);
	if (is(&l, "load-empty")) {
		fd_send(CTL_FD, "", 0, &(int){ STDIN_FILENO }, 1);
		spin();
	}
	if (is(&l, "load-deaf")) {
		close(CTL_FD);
		spin();
	}
	return 0;
}

/* ---- the child ----------------------------------------------------------- */

static noreturn void
finish(struct guest_io *io, enum call_end end, uint32_t code,
	const struct line *text)
{
	struct call_result r = {
		.end = end, .exit_code = code, .fuel_used = 77,
		.memory_pages_peak = 2,
		.trap_len = text == NULL ? 0 : (uint32_t)text->len,
	};

	guest_io_write_result(io, &r, text == NULL ? "" : text->text, r.trap_len);
	process_exit(PROCESS_EXIT_DONE);
}

static void
put(struct guest_io *io, int stream, const struct line *l, bool newline)
{
	if (guest_io_write(io, stream, l->text, l->len) == -1 ||
	    (newline && guest_io_write(io, stream, "\n", 1) == -1))
		finish(io, END_OUTPUT, 0, NULL);
}

static void
flood(struct guest_io *io, uint64_t frames)
{
	static char data[FRAME_DATA_MAX];

	memset(data, 'x', sizeof(data));
	while (frames-- > 0) {
		if (guest_io_write(io, 1, data, sizeof(data)) == -1)
			finish(io, END_OUTPUT, 0, NULL);
	}
}

static void
cat(struct guest_io *io)
{
	static char data[1000];
	size_t n;

	while ((n = guest_io_read(io, data, sizeof(data))) > 0)
		guest_io_write(io, 1, data, n);
}

static void
raw(const void *data, size_t len)
{
	if (write(STDOUT_FILENO, data, len) != (ssize_t)len)
		process_exit(9);
}

/* Without asking whether it is too much. */
static void
raw_flood(void)
{
	static struct {
		struct frame f;
		char data[1000];
	} out = { .f = { OUT_STDOUT, 1000 } };

	for (;;)
		raw(&out, sizeof(out));
}

/* More wake-ups than anyone reads. */
static void
wait_flood(void)
{
	struct {
		struct frame f;
		struct frame_wait w;
	} wait = { { OUT_WAIT, sizeof(struct frame_wait) }, { 1, 0 } };

	for (;;)
		raw(&wait, sizeof(wait));
}

static void
typed_results(struct guest_io *io)
{
	struct call_result r = {
		.end = END_RETURNED, .nresults = 2,
		.results = {
			{ .kind = 'i', .bytes = { 0xfe, 0xff, 0xff, 0xff } },
			{ .kind = 'd', .bytes = { 0, 0, 0, 0, 0, 0, 0xe0, 0x3f } },
		},
	};

	guest_io_write_result(io, &r, "", 0);
	process_exit(PROCESS_EXIT_DONE);
}

static void
misbehave(struct guest_io *io, struct line *l)
{
	struct frame f = { 99, 3 };
	struct call_result r = { .end = 1000 };

	if (is(l, "crash"))
		crash();
	if (is(l, "check"))
		__builtin_trap();
	if (is(l, "violation"))
		violate();
	if (is(l, "garbage"))
		raw("all work and no play", 20);
	if (is(l, "unknown-frame"))
		raw(&f, sizeof(f));
	if (is(l, "half-frame")) {
		f.kind = OUT_STDOUT;
		f.len = 1000;
		raw(&f, sizeof(f));
		raw("half", 4);
		process_exit(0);
	}
	if (is(l, "bad-result"))
		guest_io_write_result(io, &r, "", 0);
	if (is(l, "late-data")) {
		r.end = END_RETURNED;
		guest_io_write_result(io, &r, "", 0);
		guest_io_write(io, 1, "more", 4);
	}
	if (is(l, "vanish"))
		process_exit((int)number(l));
	if (is(l, "hang")) {
		r.end = END_RETURNED;
		guest_io_write_result(io, &r, "", 0);
		spin();
	}
	if (is(l, "raw-flood"))
		raw_flood();
	if (is(l, "wait-flood"))
		wait_flood();
}

static void
end_as_told(struct guest_io *io, struct line *l)
{
	if (is(l, "exit"))
		finish(io, END_EXITED, (uint32_t)number(l), NULL);
	if (is(l, "trap"))
		finish(io, END_TRAPPED, 0, l);
	if (is(l, "fuel"))
		finish(io, END_FUEL, 0, NULL);
	if (is(l, "memory-end"))
		finish(io, END_MEMORY, 0, NULL);
	if (is(l, "results"))
		typed_results(io);
	if (is(l, "not-found"))
		finish(io, END_NOT_FOUND, 0, l);
}

static void
args(struct guest_io *io, const struct call *call)
{
	for (uint32_t i = 0; i < call->nargs; i++) {
		struct line l = { call->args[i], strlen(call->args[i]) };

		put(io, 1, &l, true);
	}
	for (uint32_t i = 0; i < call->nenv; i++) {
		struct line l = { call->env[i], strlen(call->env[i]) };

		put(io, 1, &l, true);
	}
}

static void
preloaded(struct guest_io *io)
{
	for (unsigned i = 1; i < nloaded; i++) {
		struct line name = { loaded[i].name, strlen(loaded[i].name) };
		struct line text = { (const char *)loaded[i].bytes,
			loaded[i].len };

		put(io, 1, &name, false);
		put(io, 1, &(struct line){ "=", 1 }, false);
		put(io, 1, &text, true);
	}
}

static void
act(struct guest_io *io, const struct call *call, struct line *l)
{
	if (is(l, "out"))
		put(io, 1, l, true);
	else if (is(l, "err"))
		put(io, 2, l, true);
	else if (is(l, "put"))
		put(io, 1, l, false);
	else if (is(l, "flood"))
		flood(io, UINT64_MAX);
	else if (is(l, "burst"))
		flood(io, number(l));
	else if (is(l, "spin"))
		spin();
	else if (is(l, "sleep"))
		guest_io_wait(io, number(l) * 1000000, false);
	else if (is(l, "forever"))
		guest_io_wait(io, UINT64_MAX, false);
	else if (is(l, "cat"))
		cat(io);
	else if (is(l, "args"))
		args(io, call);
	else if (is(l, "preloaded"))
		preloaded(io);
	else
		misbehave(io, l);
}

bool
run_translate(void)
{
	return false;
}

bool
run_is_partial(void)
{
	return false;
}

void
run_warm(void)
{
}

void
run_call(const struct call *call, struct guest_io *io)
{
	struct line l;
	size_t at = 0;

	while (next_line(&at, &l)) {
		end_as_told(io, &l);
		act(io, call, &l);
	}
	finish(io, END_RETURNED, 0, NULL);
}
