/* What wasmctl can be told to do: the verbs and their tables of options. */
#ifndef CLIENT_VERB_H
#define CLIENT_VERB_H

#include <stdbool.h>

#include "client/address.h"
#include "client/options.h"

struct verb {
	const char *name;
	const char *operands;	/* in the synopsis, after the options */
	const char *help;
	const struct option_spec *options;
	bool hidden;		/* for programs, not for people */
	/* argv[0] is the verb. Returns what wasmctl exits with. */
	int (*run)(const struct verb *verb, int argc, char **argv);
};

/* The verb of that name, or NULL. */
const struct verb *verb_find(const char *name);

/*
 * Parse argv[1..] into *values. Returns the index of the first operand, or -1 when
 * nothing is left to do but to exit with *status: the options are wrong, or it was
 * help that was wanted. *status is EXIT_WASMCTL in all other cases.
 */
int verb_parse(const struct verb *verb, void *values, int argc, char **argv,
	int *status);

/* Every table has these last: the values have a struct where. */
#define OPTIONS_LOCAL(values) \
	{ 0, "socket", OPTION_TEXT, offsetof(values, where.socket), "PATH", \
		"the daemon's socket, in place of $WASMD_SOCKET" }, \
	{ 'h', "help", OPTION_FLAG, offsetof(values, help), NULL, \
		"explain the options" }
#define OPTIONS_COMMON(values) \
	{ 'H', "host", OPTION_TEXT, offsetof(values, where.host), \
		"ssh://MACHINE", "the daemon of another machine" }, \
	OPTIONS_LOCAL(values)

/* What verbs that run something have. */
#define OPTIONS_LIMITS(values) \
	{ 0, "cpu", OPTION_TIME, offsetof(values, cpu_ms), "TIME", \
		"stop it after this much CPU time" }, \
	{ 0, "fuel", OPTION_NUMBER, offsetof(values, fuel), "NUMBER", \
		"stop it after about this many instructions" }, \
	{ 'm', "max-memory", OPTION_SIZE, offsetof(values, memory_bytes), \
		"SIZE", "memory it may use, such as 64M" }

#define OPTION_TIMEOUT(values) \
	{ 't', "timeout", OPTION_TIME, offsetof(values, wall_ms), "TIME", \
		"stop it after this time, such as 500ms, 10s or 2m" }

/* open.c */
extern const struct option_spec open_options[];
int open_run(const struct verb *verb, int argc, char **argv);

/* submit.c */
extern const struct option_spec submit_options[];
int submit_run(const struct verb *verb, int argc, char **argv);

/* look.c: validate, inspect, disasm */
extern const struct option_spec look_options[], inspect_options[],
	disasm_options[];
int look_run(const struct verb *verb, int argc, char **argv);

/* call.c */
extern const struct option_spec call_options[];
int call_run(const struct verb *verb, int argc, char **argv);

/* store.c: put, list, info, remove */
extern const struct option_spec put_options[], list_options[];
extern const struct option_spec remove_options[];
int store_run(const struct verb *verb, int argc, char **argv);

/* jobs.c: ps, status, kill, rm, events */
extern const struct option_spec ps_options[], kill_options[];
int jobs_run(const struct verb *verb, int argc, char **argv);
/* A job's number. -1 after a report. */
int job_number(const char *text, uint64_t *out);

/* follow.c: logs, attach, wait */
extern const struct option_spec logs_options[], attach_options[];
extern const struct option_spec wait_options[];
int follow_run(const struct verb *verb, int argc, char **argv);
/* stats.c */
extern const struct option_spec stats_options[];
int stats_run(const struct verb *verb, int argc, char **argv);

/* top.c */
extern const struct option_spec top_options[];
int top_run(const struct verb *verb, int argc, char **argv);

/* proxy.c */
extern const struct option_spec proxy_options[];
int proxy_run(const struct verb *verb, int argc, char **argv);

/* check.c */
extern const struct option_spec check_options[];
int check_run(const struct verb *verb, int argc, char **argv);

#endif
