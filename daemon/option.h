/*
 * The daemon's options: one table with types, bounds, defaults and help text.
 * wasmd(8) is held against it. Runs in the daemon.
 */
#ifndef DAEMON_OPTION_H
#define DAEMON_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "daemon/limits.h"
#include "sandbox/layers.h"

struct options {
	const char *socket;	/* NULL: the default */
	const char *worker;	/* NULL: the default */
	const char *user;	/* what to become when started as root */
	const char *group;	/* whose members may connect */
	bool is_private;
	bool help, version;
	uint64_t log_level;
	uint64_t idle_ms;	/* 0: stay; UINT64_MAX: the default */
	uint64_t drain_ms;
	uint64_t hello_ms;
	uint64_t max_running, max_running_user;
	uint64_t max_jobs, max_jobs_user;
	uint64_t max_conns, max_conns_user;
	uint64_t max_templates;
	uint64_t ready;
	uint64_t max_module;
	const char *store;	/* NULL: the default */
	uint64_t max_store, max_store_user;
	struct limits most;
	enum layer_policy policy[LAYER_COUNT];
};

/* Defaults, then argv. 0, or -1 with what is wrong. Strings point into argv. */
int options_parse(struct options *o, int argc, char *const argv[],
	struct err *err);

/* The help text, on standard output. */
void options_print_help(void);

#endif
