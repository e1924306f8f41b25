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

enum option_kind {
	OPT_FLAG,	/* bool */
	OPT_STR,	/* const char * */
	OPT_COUNT,	/* uint64_t, and below */
	OPT_SIZE,	/* bytes, with K, M, G */
	OPT_TIME,	/* seconds, or with ms, s, m, h; kept in ms */
	OPT_LEVEL,
	OPT_REQUIRE,	/* a layer's name, or all */
	OPT_WITHOUT,
};

struct option_info {
	const char *name;
	enum option_kind kind;
	const char *arg;
	size_t offset;
	uint64_t least, most;
	const char *def;
	const char *text;
};

#define AT(field) offsetof(struct options, field)

static const struct option_info option_table[] = {
	{ "socket", OPT_STR, "PATH", AT(socket), 0, 0, NULL,
		"where to listen" },
	{ "worker", OPT_STR, "PATH", AT(worker), 0, 0, NULL,
		"the worker's executable" },
	{ "private", OPT_FLAG, NULL, AT(is_private), 0, 0, NULL,
		"serve this user only" },
	{ "idle-exit", OPT_TIME, "TIME", AT(idle_ms), 0, UINT32_MAX, NULL,
		"leave after so long without a client; 0: stay" },
	{ "user", OPT_STR, "NAME", AT(user), 0, 0, NULL,
		"what to become when started as root [wasmd]" },
	{ "group", OPT_STR, "NAME", AT(group), 0, 0, NULL,
		"whose members may connect, besides root" },
	{ "log-level", OPT_LEVEL, "LEVEL", AT(log_level), 0, 0, "info",
		"err, warning, notice, info or debug" },
	{ "max-running", OPT_COUNT, "N", AT(max_running), 1, 4096, "32",
		"calls that run at the same time" },
	{ "max-running-per-user", OPT_COUNT, "N", AT(max_running_user), 1, 4096,
		"16", "of these, of one user" },
	{ "max-jobs", OPT_COUNT, "N", AT(max_jobs), 1, 65536, "1024",
		"calls that run or wait" },
	{ "max-jobs-per-user", OPT_COUNT, "N", AT(max_jobs_user), 1, 65536,
		"256", "of these, of one user" },
	{ "max-connections", OPT_COUNT, "N", AT(max_conns), 1, 65536, "4096",
		"connections" },
	{ "max-connections-per-user", OPT_COUNT, "N", AT(max_conns_user), 1,
		65536, "2048", "of these, of one user" },
	{ "max-templates", OPT_COUNT, "N", AT(max_templates), 1, 4096, "32",
		"modules kept loaded" },
	{ "ready", OPT_COUNT, "N", AT(ready), 0, 16, "1",
		"children forked ahead of calls, for a module in use" },
	{ "max-module", OPT_SIZE, "SIZE", AT(max_module), 8, 1u << 30, "64M",
		"bytes of a module" },
	{ "store", OPT_STR, "DIR", AT(store), 0, 0, NULL,
		"where modules are kept" },
	{ "max-store", OPT_SIZE, "SIZE", AT(max_store), 0, UINT64_MAX, "1G",
		"bytes of modules kept" },
	{ "max-store-per-user", OPT_SIZE, "SIZE", AT(max_store_user), 0,
		UINT64_MAX, "256M", "of these, of one user" },
#define LIMIT(id, field, lname, unit, def, least, most_, text) \
	{ "max-" lname, OPT_##unit, OPTION_ARG_##unit, \
		AT(most.v[LIMIT_##id]), least, UINT64_MAX, NULL, \
		"the most a call may ask for: " text },
#define OPT_MS OPT_TIME
#define OPT_BYTES OPT_SIZE
#define OPTION_ARG_MS "TIME"
#define OPTION_ARG_BYTES "SIZE"
#define OPTION_ARG_COUNT "N"
#include "daemon/limits.def"
#undef LIMIT
	{ "hello-timeout", OPT_TIME, "TIME", AT(hello_ms), 100, 3600000, "10",
		"how long a connection may stay silent" },
	{ "drain", OPT_TIME, "TIME", AT(drain_ms), 0, 3600000, "5",
		"how long running calls may go on after SIGTERM" },
	{ "require", OPT_REQUIRE, "LAYER", AT(policy), 0, 0, NULL,
		"do not start without this layer of confinement" },
	{ "without", OPT_WITHOUT, "LAYER", AT(policy), 0, 0, NULL,
		"do not use this layer of confinement" },
	{ "version", OPT_FLAG, NULL, AT(version), 0, 0, NULL,
		"print the version and leave" },
	{ "help", OPT_FLAG, NULL, AT(help), 0, 0, NULL,
		"print this text and leave" },
};

#define OPTION_COUNT (sizeof(option_table) / sizeof(option_table[0]))

struct option_unit {
	const char *name;
	uint64_t factor;
};

static const struct option_unit option_sizes[] = {
	{ "", 1 }, { "K", 1u << 10 }, { "M", 1u << 20 }, { "G", 1u << 30 },
	{ NULL, 0 }
};
static const struct option_unit option_times[] = {
	{ "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
	{ "h", 3600000 }, { NULL, 0 }
};
static const struct option_unit option_counts[] = { { "", 1 }, { NULL, 0 } };

static int
option_bad(const struct option_info *info, const char *arg, const char *why,
	struct err *err)
{
	return err_set(err, 1, "--%s: '%s' %s", info->name, arg, why);
}

static int
option_number(const struct option_info *info, const char *arg, uint64_t *out,
	struct err *err)
{
	const struct option_unit *u = info->kind == OPT_SIZE ? option_sizes :
		info->kind == OPT_TIME ? option_times : option_counts;
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(arg, &end, 10);
	if (arg[0] < '0' || arg[0] > '9' || errno != 0)
		return option_bad(info, arg, "is not a number", err);
	while (u->name != NULL && strcmp(u->name, end) != 0)
		u++;
	if (u->name == NULL)
		return option_bad(info, arg, "has an unknown unit", err);
	if (n > UINT64_MAX / u->factor || n * u->factor < info->least ||
	    n * u->factor > info->most)
		return option_bad(info, arg, "is out of bounds", err);
	*out = n * u->factor;
	return 0;
}

static int
option_level(const struct option_info *info, const char *arg, uint64_t *out,
	struct err *err)
{
	static const char *const names[] = {
		[LOG_LEVEL_ERR] = "err", [LOG_LEVEL_WARNING] = "warning",
		[LOG_LEVEL_NOTICE] = "notice", [LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug",
	};

	for (uint64_t i = LOG_LEVEL_ERR; i <= LOG_LEVEL_DEBUG; i++) {
		if (strcmp(arg, names[i]) == 0) {
			*out = i;
			return 0;
		}
	}
	return option_bad(info, arg, "is no level", err);
}

static int
option_layer(const struct option_info *info, const char *arg,
	enum layer_policy *policy, struct err *err)
{
	bool all = strcmp(arg, "all") == 0 && info->kind == OPT_REQUIRE;
	bool found = all;

	for (int i = 0; i < LAYER_COUNT; i++) {
		if (!all && strcmp(arg, layer_info[i].name) != 0)
			continue;
		policy[i] = info->kind == OPT_REQUIRE ? LAYER_REQUIRED :
			LAYER_OFF;
		found = true;
	}
	return found ? 0 : option_bad(info, arg, "is no layer of confinement; "
		"wasmctl check lists them", err);
}

static int
option_set(struct options *o, const struct option_info *info, const char *arg,
	struct err *err)
{
	void *at = (char *)o + info->offset;

	switch (info->kind) {
	case OPT_FLAG:
		*(bool *)at = true;
		return 0;
	case OPT_STR:
		*(const char **)at = arg;
		return 0;
	case OPT_COUNT:
	case OPT_SIZE:
	case OPT_TIME:
		return option_number(info, arg, at, err);
	case OPT_LEVEL:
		return option_level(info, arg, at, err);
	case OPT_REQUIRE:
	case OPT_WITHOUT:
		return option_layer(info, arg, at, err);
	}
	__builtin_unreachable();
}

static int
options_init(struct options *o, struct err *err)
{
	memset(o, 0, sizeof(*o));
	o->idle_ms = UINT64_MAX;
	limits_init_most(&o->most);
	launch_default_policy(o->policy);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (option_table[i].def != NULL && option_set(o,
			    &option_table[i], option_table[i].def, err) == -1)
			return -1;
	}
	return 0;
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
	if (options_init(o, err) == -1)
		return -1;
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, "+:", longs, &index)) != -1) {
		if (c == ':')
			return err_set(err, 1, "%s: its value is missing",
				argv[optind - 1]);
		if (c != 0)
			return err_set(err, 1, "%s: no such option",
				argv[optind - 1]);
		if (option_set(o, &option_table[index], optarg, err) == -1)
			return -1;
	}
	if (optind < argc)
		return err_set(err, 1, "'%s': wasmd takes options only",
			argv[optind]);
	return 0;
}

void
options_print_help(void)
{
	printf("usage: wasmd [options]\n\n"
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
	printf("\nwasmd(8) tells more.\n");
}
