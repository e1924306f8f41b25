/*
 * Plays the daemon for the tests of the confined processes: starts them by
 * sandbox/launch.h and speaks sandbox/ctl.h and call.h, blocking. What cannot
 * be done fails the cmocka test that asked for it.
 */
#ifndef TESTS_SANDBOX_HARNESS_H
#define TESTS_SANDBOX_HARNESS_H

#include <signal.h>
#include <stdbool.h>

#include "base/buf.h"
#include "sandbox/call.h"
#include "sandbox/ctl.h"
#include "sandbox/launch.h"

/* The user that confined processes run as when the test runs as root. */
#define HARNESS_UID 54321

/* Absolute path of a program of the build tree. */
const char *harness_path(const char *name);

/* The default configuration, with the test's own worker. */
void harness_config(struct launch_config *cfg, const char *worker);

/* Whether this layer is left out, as WASMD_TEST_WITHOUT says: see
 * tests/sandbox/without. */
bool harness_leaves_out(enum layer layer);

/* Whether what the layer does is to be tested: it is in force, or should be. */
bool harness_expects(const struct launch *l, enum layer layer);

/* Start with the default policy: the worker that attacks, or the real one. */
void harness_start(struct launch *l);
void harness_start_worker(struct launch *l, const char *worker);

struct template {
	int sock;
	int pidfd;
};

void harness_limits(struct template_limits *lim);

/* Ask for a template; false: it failed, and *answer says why. */
bool template_try(const struct launch *l, const char *module,
	const struct template_limits *lim, struct template *t,
	struct ctl_msg *answer);
void template_start(const struct launch *l, const char *module,
	struct template *t);
/* The same of len bytes. */
bool template_try_bytes(const struct launch *l, const void *bytes, size_t len,
	const struct template_limits *lim, struct template *t,
	struct ctl_msg *answer);
/* The same of several: the main one first, its name is NULL. */
struct harness_module {
	const char *name;
	const void *bytes;
	size_t len;
};
bool template_try_modules(const struct launch *l,
	const struct harness_module *modules, unsigned count,
	struct template *t, struct ctl_msg *answer);
void template_stop(struct template *t);	/* and reap */

struct child {
	int in, out;
	int pidfd;
};

/* What became of a call. */
struct outcome {
	bool has_result;
	struct call_result result;
	int64_t value;		/* results[0] */
	struct buf text;	/* of the result */
	struct buf output;	/* both streams */
	siginfo_t info;		/* how the process ended */
};

void child_fork(const struct template *t, struct child *c);
bool child_try_fork(const struct template *t, struct child *c,
	struct ctl_msg *answer);
void child_call(const struct child *c, const struct call *call);
void child_send(const struct child *c, enum frame_kind kind, const void *data,
	size_t len);
/* The next frame; false at the end of output. */
bool child_recv(const struct child *c, struct frame *f, void *data);

/* Fork one that sleeps for ever in a call, behind all its filters. */
void child_fork_sleeping(const struct template *t, struct child *c);
/* Collect frames until the end and reap. */
void child_finish(struct child *c, struct outcome *o);
/* Kill and reap, whatever it does. */
void child_kill(struct child *c);
void outcome_clear(struct outcome *o);

/* All in one: fork, call, close input, collect. params end with NULL. */
void harness_run(const struct template *t, struct outcome *o,
	const char *invoke, ...) __attribute__((sentinel));

/* Reap by pidfd within a generous bound. */
void harness_reap(int pidfd, siginfo_t *info);

/* Reap a fork of the test itself: its exit status, -1 if it was killed. */
int harness_wait(pid_t pid);

/* The process behind a pidfd, as this process numbers it. */
pid_t harness_pid(int pidfd);

/* The same as it is numbered in its own namespace, as text; good until three
 * more were asked for. */
const char *harness_inner_pid(int pidfd);

#endif
