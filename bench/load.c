/*
 * The daemon under load: many clients, connections, detached jobs, instances
 * and streams at once. All answers are checked. Figures are ratios to bare
 * processes (bench/floor.c) that do the same in turn, or bytes.
 *
 *	load [-quick] WASMD WORKER MODULE FLOOR [PART...]
 *
 * MODULE is bench/load.wat.
 */
#include "config.h"

#include "bench/load.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/crowd.h"

static const struct part {
	const char *name;
	void (*run)(struct load *l);
} parts[] = {
	{ "calls", load_calls },
	{ "idle", load_idle },
	{ "detached", load_detached },
	{ "instances", load_instances },
	{ "streams", load_streams },
	{ "metrics", load_metrics },
};
#define NPARTS (sizeof(parts) / sizeof(parts[0]))

double
load_median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), crowd_order);
	return values[n / 2];
}

void
load_service(const struct load *l, struct service *s,
	const char *const *options)
{
	const struct service_config config = {
		.wasmd = l->wasmd, .worker = l->worker, .module = l->module,
		.options = options,
	};

	service_start(s, &config);
}

/* ---- bare processes ---------------------------------------------------- */

static void
floor_start(struct load *l)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		service_fail("socketpair", strerror(errno));
	if (fork() == 0) {
		dup2(pair[1], STDIN_FILENO);
		dup2(pair[1], STDOUT_FILENO);
		close(pair[0]);
		close(pair[1]);
		execl(l->floor, l->floor, NULL);
		_exit(127);
	}
	close(pair[1]);
	l->to_floor = l->from_floor = pair[0];
}

struct floor_answer
load_floor(struct load *l, enum floor_kind kind, unsigned width, uint64_t count)
{
	const struct floor_ask ask = { kind, width, count };
	struct floor_answer a;

	if (write(l->to_floor, &ask, sizeof(ask)) != sizeof(ask) ||
	    read(l->from_floor, &a, sizeof(a)) != sizeof(a))
		service_fail(l->floor, "it does not answer");
	return a;
}

/* ---- ------------------------------------------------------------------- */

/* As many descriptors as there may be; root makes room for more. */
static void
raise_files(void)
{
	struct rlimit rl, more;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return;
	more.rlim_cur = more.rlim_max = rl.rlim_max < 65536 ? 65536 :
		rl.rlim_max;
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &more) == -1)
		setrlimit(RLIMIT_NOFILE, &rl);
}

static bool
is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], name) == 0)
			return true;
	}
	return argc == 0;
}

int
main(int argc, char **argv)
{
	struct load l = { .quick = false };

	if (argc > 1 && strcmp(argv[1], "-quick") == 0) {
		l.quick = true;
		argc--;
		argv++;
	}
	if (argc < 5) {
		fprintf(stderr, "usage: load [-quick] WASMD WORKER MODULE "
			"FLOOR [PART...]\n");
		return 2;
	}
	l.wasmd = realpath(argv[1], NULL);
	l.worker = realpath(argv[2], NULL);
	l.module = argv[3];
	l.floor = argv[4];
	if (l.wasmd == NULL || l.worker == NULL)
		service_fail("the daemon", strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	floor_start(&l);
	raise_files();
	for (size_t i = 0; i < NPARTS; i++) {
		if (is_wanted(parts[i].name, argc - 5, argv + 5))
			parts[i].run(&l);
	}
	return 0;
}
