/*
 * The daemon's options: one table with types, bounds, defaults and help text,
 * for the command line and for the configuration file. wasmd(8), wasmd.conf(5)
 * and the shipped wasmd.conf are held against it. Runs in the daemon.
 */
#ifndef DAEMON_OPTION_H
#define DAEMON_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "daemon/limits.h"
#include "daemon/policy.h"
#include "sandbox/layers.h"

struct options {
	char *config;		/* NULL: the default, if it is there */
	char *socket;		/* NULL: the default */
	char *metrics_socket;	/* NULL: none */
	char *worker;		/* NULL: the default */
	char *user;		/* what to become when started as root */
	char *group;		/* whose members may connect */
	bool everyone;		/* anyone's process may, as policies allow */
	bool is_private;
	bool name_violations;
	bool check_config, print_config;
	bool take_over;		/* from the daemon that runs there */
	bool help, version;
	uint64_t log_level;
	uint64_t idle_ms;	/* 0: stay; UINT64_MAX: the default */
	uint64_t drain_ms;
	uint64_t hello_ms;
	uint64_t max_running;
	uint64_t max_jobs;
	uint64_t max_conns;
	uint64_t max_templates;
	uint64_t max_template_memory;
	uint64_t quarantine_ms;
	uint64_t ready;
	uint64_t max_module;
	const char *store;	/* NULL: the default */
	uint64_t max_store;
	uint64_t keep_ms;	/* what has ended */
	uint64_t max_kept, max_kept_output;
	enum layer_policy policy[LAYER_COUNT];
	struct policies policies;
};

enum option_kind {
	OPT_FLAG,	/* bool; without an argument on the command line */
	OPT_BOOL,	/* yes or no, in a uint64_t */
	OPT_STR,	/* char *, owned */
	OPT_COUNT,	/* uint64_t, and below */
	OPT_SIZE,	/* bytes, with K, M, G */
	OPT_TIME,	/* seconds, or with ms, s, m, h; kept in ms */
	OPT_LEVEL,
	OPT_REQUIRE,	/* a layer's name, or all; may be repeated */
	OPT_PREFER,	/* likewise: used when present */
	OPT_WITHOUT,
};

enum option_where {
	WHERE_COMMAND,	/* on the command line only */
	WHERE_START,	/* in the file, too; changed by a restart only */
	WHERE_FILE,	/* in the file, and changed by a reload */
	WHERE_POLICY,	/* the same, and in sections; in struct policy */
};

struct option_info {
	const char *name;
	enum option_kind kind;
	enum option_where where;
	const char *arg;	/* what its argument is called; NULL: none */
	size_t offset;		/* in struct options, or in struct policy */
	uint64_t least, most;
	const char *def;
	const char *text;
};

/* The table; its last row has no name. */
extern const struct option_info option_table[];

/* Defaults. Strings and sections are owned: options_clear is due. */
int options_init(struct options *o, struct err *err);
void options_clear(struct options *o);

/* One value, as text. -1: what is wrong with it, without the option's name. */
int option_set(struct options *o, const struct option_info *info,
	const char *arg, struct err *err);
/* The same in a section, for an option that is WHERE_POLICY. */
int option_set_section(struct section *s, const struct option_info *info,
	const char *arg, struct err *err);

/* What the command line says, over what is there. 0, or -1 with what is wrong.
 * After --check-config one operand may follow: the file, o->config. */
int options_parse(struct options *o, int argc, char *const argv[],
	struct err *err);

/* Whether a value differs; each gets the other's. Not for WHERE_POLICY. */
bool option_differs(const struct option_info *info, const struct options *a,
	const struct options *b);
void option_swap(const struct option_info *info, struct options *a,
	struct options *b);

/* The help text, and a configuration file with all that can be in one, as
 * comments with their defaults; on standard output. */
void options_print_help(void);
void options_print_config(void);

#endif
