/* The daemon's options. Runs in the daemon. */
#include "config.h"

#include "daemon/option.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sandbox/launch.h"

#define AT(field) offsetof(struct options, field)
#define OF(field) offsetof(struct policy, field)

const struct option_info option_table[] = {
	{ "config", OPT_STR, WHERE_COMMAND, "PATH", AT(config), 0, 0, NULL,
		"the configuration file; none: do not read any" },
	{ "check-config", OPT_FLAG, WHERE_COMMAND, NULL, AT(check_config), 0, 0,
		NULL, "say whether the configuration is good, and leave" },
	{ "print-config", OPT_FLAG, WHERE_COMMAND, NULL, AT(print_config), 0, 0,
		NULL, "print a configuration file with all defaults, and leave" },
	{ "socket", OPT_STR, WHERE_START, "PATH", AT(socket), 0, 0, NULL,
		"where to listen" },
	{ "metrics-socket", OPT_STR, WHERE_START, "PATH", AT(metrics_socket), 0,
		0, NULL, "where to answer HTTP with metrics" },
	{ "worker", OPT_STR, WHERE_START, "PATH", AT(worker), 0, 0, NULL,
		"the worker's executable" },
	{ "take-over", OPT_FLAG, WHERE_COMMAND, NULL, AT(take_over), 0, 0, NULL,
		"take the place of the daemon that listens there" },
	{ "private", OPT_FLAG, WHERE_COMMAND, NULL, AT(is_private), 0, 0, NULL,
		"serve this user only" },
	{ "idle-exit", OPT_TIME, WHERE_FILE, "TIME", AT(idle_ms), 0, 3600000000u,
		NULL, "leave after so long without a client; 0: stay" },
	{ "user", OPT_STR, WHERE_START, "NAME", AT(user), 0, 0, NULL,
		"what to become when started as root [wasmd]" },
	{ "group", OPT_STR, WHERE_START, "NAME", AT(group), 0, 0, NULL,
		"whose members may open the socket, besides root" },
	{ "everyone", OPT_FLAG, WHERE_START, NULL, AT(everyone), 0, 0, NULL,
		"let every user open the socket" },
	{ "access", OPT_BOOL, WHERE_POLICY, "BOOL", OF(access), 0, 1, "yes",
		"whether users may connect who can open the socket" },
	{ "log-level", OPT_LEVEL, WHERE_FILE, "LEVEL", AT(log_level), 0, 0,
		"info", "err, warning, notice, info or debug" },
	{ "max-running", OPT_COUNT, WHERE_START, "N", AT(max_running), 1, 4096,
		"32", "calls that run at the same time" },
	{ "max-running-per-user", OPT_COUNT, WHERE_POLICY, "N",
		OF(max_running), 1, 4096, "16", "of these, of one user" },
	{ "max-jobs", OPT_COUNT, WHERE_FILE, "N", AT(max_jobs), 1, 65536,
		"1024", "calls that run or wait" },
	{ "max-jobs-per-user", OPT_COUNT, WHERE_POLICY, "N", OF(max_jobs), 1,
		65536, "256", "of these, of one user" },
	{ "max-rate-per-user", OPT_COUNT, WHERE_POLICY, "N", OF(rate), 0,
		1000000, "0", "calls in a second, of one user; 0: no limit" },
	{ "max-burst-per-user", OPT_COUNT, WHERE_POLICY, "N", OF(burst), 1,
		1000000, "100", "calls at once, after a time without any" },
	{ "priority", OPT_COUNT, WHERE_POLICY, "N", OF(priority), 1, 100, "10",
		"a user's share of what may run, to other users'" },
	{ "max-connections", OPT_COUNT, WHERE_FILE, "N", AT(max_conns), 1,
		65536, "4096", "connections" },
	{ "max-connections-per-user", OPT_COUNT, WHERE_POLICY, "N",
		OF(max_conns), 1, 65536, "2048", "of these, of one user" },
	{ "max-templates", OPT_COUNT, WHERE_START, "N", AT(max_templates), 1,
		4096, "32", "modules kept loaded" },
	{ "max-template-memory", OPT_SIZE, WHERE_START, "SIZE",
		AT(max_template_memory), 0, UINT64_MAX, "512M",
		"memory of the modules kept loaded" },
	{ "ready", OPT_COUNT, WHERE_START, "N", AT(ready), 0, 64, "4",
		"children forked ahead of calls, at the most, per module" },
	{ "quarantine", OPT_TIME, WHERE_START, "TIME", AT(quarantine_ms), 0,
		86400000, "60",
		"how long a module rests that crashed 3 times in that time" },
	{ "max-module", OPT_SIZE, WHERE_FILE, "SIZE", AT(max_module), 8,
		1u << 30, "64M", "bytes of a module" },
	{ "store", OPT_STR, WHERE_START, "DIR", AT(store), 0, 0, NULL,
		"where modules are kept" },
	{ "max-store", OPT_SIZE, WHERE_FILE, "SIZE", AT(max_store), 0,
		UINT64_MAX, "1G", "bytes of modules kept" },
	{ "max-store-per-user", OPT_SIZE, WHERE_POLICY, "SIZE", OF(max_store),
		0, UINT64_MAX, "256M", "of these, of one user" },
	{ "keep-time", OPT_TIME, WHERE_FILE, "TIME", AT(keep_ms), 0,
		3600000000u, "1h", "how long ended detached jobs are kept" },
	{ "max-kept", OPT_COUNT, WHERE_FILE, "N", AT(max_kept), 1, 65536,
		"4096", "ended detached jobs that are kept" },
	{ "max-kept-per-user", OPT_COUNT, WHERE_POLICY, "N", OF(max_kept), 1,
		65536, "1024", "of these, of one user" },
	{ "max-kept-output", OPT_SIZE, WHERE_FILE, "SIZE", AT(max_kept_output),
		0, UINT64_MAX, "256M", "output of detached jobs that is kept" },
#define LIMIT(id, field, lname, unit, def, least, most_, text) \
	{ "max-" lname, OPT_##unit, WHERE_POLICY, OPTION_ARG_##unit, \
		OF(most.v[LIMIT_##id]), least, UINT64_MAX, NULL, \
		"the most a call may ask for: " text },
#define OPT_MS OPT_TIME
#define OPT_BYTES OPT_SIZE
#define OPTION_ARG_MS "TIME"
#define OPTION_ARG_BYTES "SIZE"
#define OPTION_ARG_COUNT "N"
#include "daemon/limits.def"
#undef LIMIT
	{ "hello-timeout", OPT_TIME, WHERE_FILE, "TIME", AT(hello_ms), 100,
		3600000, "10s", "how long a connection may stay silent" },
	{ "drain", OPT_TIME, WHERE_FILE, "TIME", AT(drain_ms), 0, 3600000, "5s",
		"how long running calls may go on after SIGTERM" },
	{ "require", OPT_REQUIRE, WHERE_START, "LAYER", AT(policy), 0, 0, NULL,
		"do not start without this layer of confinement" },
	{ "prefer", OPT_PREFER, WHERE_START, "LAYER", AT(policy), 0, 0, NULL,
		"use this layer if it is there, though it is required else" },
	{ "without", OPT_WITHOUT, WHERE_START, "LAYER", AT(policy), 0, 0, NULL,
		"do not use this layer of confinement" },
	{ "name-violations", OPT_FLAG, WHERE_START, NULL, AT(name_violations),
		0, 0, NULL,
		"log the number of a system call that the sandbox forbade" },
	{ "version", OPT_FLAG, WHERE_COMMAND, NULL, AT(version), 0, 0, NULL,
		"print the version and leave" },
	{ "help", OPT_FLAG, WHERE_COMMAND, NULL, AT(help), 0, 0, NULL,
		"print this text and leave" },
	{ .name = NULL },
};

#define OPTION_COUNT (sizeof(option_table) / sizeof(option_table[0]) - 1)

/* ---- numbers ------------------------------------------------------------- */

struct option_unit {
	const char *name;
	uint64_t factor;
};

static const struct option_unit option_sizes[] = {
	{ "G", 1u << 30 }, { "M", 1u << 20 }, { "K", 1u << 10 }, { "", 1 },
	{ NULL, 0 }
};
static const struct option_unit option_times[] = {
	{ "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
	{ "", 1000 }, { NULL, 0 }
};
static const struct option_unit option_counts[] = { { "", 1 }, { NULL, 0 } };

static const struct option_unit *
option_units(const struct option_info *info)
{
	return info->kind == OPT_SIZE ? option_sizes :
		info->kind == OPT_TIME ? option_times : option_counts;
}

/* In the largest unit that says it exactly; as it would be written. */
static void
option_format(char *out, size_t size, const struct option_info *info,
	uint64_t n)
{
	const struct option_unit *u = option_units(info);

	while (n % u->factor != 0 || (n == 0 && u->factor != 1))
		u++;
	snprintf(out, size, "%" PRIu64 "%s", n / u->factor, n == 0 ? "" :
		u->name);
}

/* "1 to 4096", "0 or more" */
static void
option_format_bounds(char *out, size_t size, const struct option_info *info)
{
	char least[24], most[24];

	option_format(least, sizeof(least), info, info->least);
	option_format(most, sizeof(most), info, info->most);
	if (info->most == UINT64_MAX)
		snprintf(out, size, "%s or more", least);
	else
		snprintf(out, size, "%s to %s", least, most);
}

/* ---- values -------------------------------------------------------------- */

static int
option_number(const struct option_info *info, const char *arg, uint64_t *out,
	struct err *err)
{
	const struct option_unit *u = option_units(info);
	char bounds[64];
	uint64_t n;
	char *end;

	errno = 0;
	n = strtoull(arg, &end, 10);
	if (arg[0] < '0' || arg[0] > '9' || errno != 0)
		return err_set(err, 1, "'%.60s' is not a number", arg);
	while (u->name != NULL && strcmp(u->name, end) != 0)
		u++;
	if (u->name == NULL)
		return err_set(err, 1, "'%.60s' has an unknown unit", arg);
	option_format_bounds(bounds, sizeof(bounds), info);
	if (n > UINT64_MAX / u->factor || n * u->factor < info->least ||
	    n * u->factor > info->most)
		return err_set(err, 1, "'%.60s' is out of bounds: %s", arg,
			bounds);
	*out = n * u->factor;
	return 0;
}

static int
option_bool(const char *arg, bool *out, struct err *err)
{
	bool yes = strcmp(arg, "yes") == 0;

	if (!yes && strcmp(arg, "no") != 0)
		return err_set(err, 1, "'%.60s' is neither yes nor no", arg);
	*out = yes;
	return 0;
}

static const char *const option_levels[] = {
	[LOG_LEVEL_ERR] = "err", [LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_NOTICE] = "notice", [LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static int
option_level(const char *arg, uint64_t *out, struct err *err)
{
	for (uint64_t i = LOG_LEVEL_ERR; i <= LOG_LEVEL_DEBUG; i++) {
		if (strcmp(arg, option_levels[i]) == 0) {
			*out = i;
			return 0;
		}
	}
	return err_set(err, 1, "'%.60s' is no level: err, warning, notice, info "
		"or debug", arg);
}

static int
option_layer(const struct option_info *info, const char *arg,
	enum layer_policy *policy, struct err *err)
{
	const enum layer_policy wanted = info->kind == OPT_REQUIRE ?
		LAYER_REQUIRED : info->kind == OPT_PREFER ? LAYER_PRESENT :
		LAYER_OFF;
	bool all = strcmp(arg, "all") == 0 && info->kind == OPT_REQUIRE;
	bool found = all;

	for (int i = 0; i < LAYER_COUNT; i++) {
		if (!all && strcmp(arg, layer_info[i].name) != 0)
			continue;
		policy[i] = wanted;
		found = true;
	}
	return found ? 0 : err_set(err, 1, "'%.60s' is no layer of "
		"confinement; wasmctl check lists them", arg);
}

static int
option_str(char **out, const char *arg, struct err *err)
{
	char *copy = strdup(arg);

	if (copy == NULL)
		return err_set(err, 1, "out of memory");
	free(*out);
	*out = copy;
	return 0;
}

static int
option_set_at(void *at, const struct option_info *info, const char *arg,
	struct err *err)
{
	bool yes;

	switch (info->kind) {
	case OPT_FLAG:
		return option_bool(arg, at, err);
	case OPT_BOOL:
		if (option_bool(arg, &yes, err) == -1)
			return -1;
		*(uint64_t *)at = yes;
		return 0;
	case OPT_STR:
		return option_str(at, arg, err);
	case OPT_COUNT:
	case OPT_SIZE:
	case OPT_TIME:
		return option_number(info, arg, at, err);
	case OPT_LEVEL:
		return option_level(arg, at, err);
	case OPT_REQUIRE:
	case OPT_PREFER:
	case OPT_WITHOUT:
		return option_layer(info, arg, at, err);
	}
	__builtin_unreachable();
}

static const void *
option_at(const struct options *o, const struct option_info *info)
{
	return info->where == WHERE_POLICY ?
		(const char *)&o->policies.each + info->offset :
		(const char *)o + info->offset;
}

int
option_set(struct options *o, const struct option_info *info, const char *arg,
	struct err *err)
{
	return option_set_at((void *)option_at(o, info), info, arg, err);
}

int
option_set_section(struct section *s, const struct option_info *info,
	const char *arg, struct err *err)
{
	if (option_set_at((char *)&s->policy + info->offset, info, arg,
		    err) == -1)
		return -1;
	s->set |= (uint64_t)1 << info->offset / sizeof(uint64_t);
	return 0;
}

int
options_init(struct options *o, struct err *err)
{
	memset(o, 0, sizeof(*o));
	o->idle_ms = UINT64_MAX;
	policies_init(&o->policies);
	limits_init_most(&o->policies.each.most);
	launch_default_policy(o->policy);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (option_table[i].def != NULL && option_set(o,
			    &option_table[i], option_table[i].def, err) == -1)
			return -1;
	}
	return 0;
}

void
options_clear(struct options *o)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_info *info = &option_table[i];

		if (info->kind == OPT_STR)
			free(*(char **)option_at(o, info));
	}
	policies_clear(&o->policies);
	memset(o, 0, sizeof(*o));
}

/* Bytes of the value itself. */
static size_t
option_size(const struct option_info *info)
{
	switch (info->kind) {
	case OPT_FLAG:
		return sizeof(bool);
	case OPT_STR:
		return sizeof(char *);
	case OPT_REQUIRE:
	case OPT_PREFER:
	case OPT_WITHOUT:
		return sizeof(((struct options *)0)->policy);
	default:
		return sizeof(uint64_t);
	}
}

bool
option_differs(const struct option_info *info, const struct options *a,
	const struct options *b)
{
	const void *x = option_at(a, info), *y = option_at(b, info);
	const char *s, *t;

	if (info->kind != OPT_STR)
		return memcmp(x, y, option_size(info)) != 0;
	s = *(char *const *)x;
	t = *(char *const *)y;
	return (s == NULL) != (t == NULL) ||
		(s != NULL && strcmp(s, t) != 0);
}

void
option_swap(const struct option_info *info, struct options *a,
	struct options *b)
{
	char kept[sizeof(a->policy) + sizeof(uint64_t)];
	void *x = (void *)option_at(a, info), *y = (void *)option_at(b, info);

	memcpy(kept, x, option_size(info));
	memcpy(x, y, option_size(info));
	memcpy(y, kept, option_size(info));
}

/* ---- the command line ---------------------------------------------------- */

static int
options_operand(struct options *o, int argc, char *const argv[],
	struct err *err)
{
	if (optind == argc)
		return 0;
	if (!o->check_config || optind + 1 < argc)
		return err_set(err, 1, "'%s': wasmd takes options only",
			argv[optind]);
	return option_str(&o->config, argv[optind], err);
}

int
options_parse(struct options *o, int argc, char *const argv[], struct err *err)
{
	struct option longs[OPTION_COUNT + 1] = { 0 };
	int c, index;

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		longs[i].name = option_table[i].name;
		longs[i].has_arg = option_table[i].arg == NULL ?
			no_argument : required_argument;
	}
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, "+:", longs, &index)) != -1) {
		if (c == ':')
			return err_set(err, 1, "%s: its value is missing",
				argv[optind - 1]);
		if (c != 0)
			return err_set(err, 1, "%s: no such option; see wasmd "
				"--help",
				argv[optind - 1]);
		if (option_set(o, &option_table[index],
			    optarg == NULL ? "yes" : optarg, err) == -1) {
			err_prefix(err, "--%s", option_table[index].name);
			return -1;
		}
	}
	return options_operand(o, argc, argv, err);
}

/* ---- explaining ---------------------------------------------------------- */

void
options_print_help(void)
{
	printf("usage: wasmd [options]\n"
		"       wasmd --check-config [FILE]\n\n"
		"Run untrusted WebAssembly for clients on a Unix socket.\n\n");
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_info *info = &option_table[i];
		int n = printf("  --%s%s%s", info->name,
			info->arg == NULL ? "" : " ",
			info->arg == NULL ? "" : info->arg);

		printf("%*s%s", n < 34 ? 34 - n : 1, "", info->text);
		if (info->def != NULL)
			printf(" [%s]", info->def);
		printf("\n");
	}
	printf("\nAll but a few can stand in the file, too: see "
		"wasmd.conf(5).\nwasmd(8) tells more.\n");
}

static void
option_print_kind(const struct option_info *info)
{
	static const char *const kinds[] = {
		[OPT_FLAG] = "Yes or no", [OPT_BOOL] = "Yes or no",
		[OPT_STR] = "Text", [OPT_COUNT] = "Number",
		[OPT_SIZE] = "Size", [OPT_TIME] = "Time", [OPT_LEVEL] = "Level",
		[OPT_REQUIRE] = "List of layers", [OPT_PREFER] = "List of layers",
		[OPT_WITHOUT] = "List of layers",
	};
	char bounds[64];

	printf("# %s", kinds[info->kind]);
	option_format_bounds(bounds, sizeof(bounds), info);
	if (info->most > 1)
		printf(", %s", bounds);
}

/* What the comment line sets, and whether that is its default. */
static bool
option_format_default(char *out, size_t size, const struct option_info *info,
	const struct options *o)
{
	uint64_t n;

	snprintf(out, size, "%s", info->kind == OPT_FLAG ? "no" :
		info->def != NULL ? info->def : info->arg);
	if (info->kind == OPT_FLAG || info->def != NULL)
		return true;
	if (info->kind == OPT_STR || info->kind == OPT_REQUIRE ||
	    info->kind == OPT_PREFER || info->kind == OPT_WITHOUT)
		return false;
	n = *(const uint64_t *)option_at(o, info);
	if (n == UINT64_MAX)
		return false;
	option_format(out, size, info, n);
	return true;
}

static void
option_print_config(const struct option_info *info, const struct options *o)
{
	char value[64];
	bool known = option_format_default(value, sizeof(value), info, o);

	printf("\n# %s\n", info->text);
	option_print_kind(info);
	if (known)
		printf("; default %s", value);
	printf("%s.\n#%s = %s\n", info->where == WHERE_START ?
		"; needs a restart" : info->where == WHERE_POLICY ?
		"; also in sections" : "", info->name, value);
}

void
options_print_config(void)
{
	struct err err = ERR_NONE;
	struct options o;

	printf("# The configuration of wasmd. wasmd.conf(5) explains it; "
		"'wasmd --check-config'\n# checks it, and SIGHUP makes a running "
		"wasmd read it again.\n");
	if (options_init(&o, &err) == -1)
		log_fatal("%s", err.text);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (option_table[i].where != WHERE_COMMAND)
			option_print_config(&option_table[i], &o);
	}
	options_clear(&o);
	printf("\n# Users and groups, by name or number. What is marked \"also "
		"in sections\" can\n# stand in them.\n"
		"#for-group students {\n#\tmax-running-per-user = 2\n"
		"#\tmax-wall = 10s\n#}\n"
		"#for-user alice {\n#\tpriority = 50\n#}\n");
}
