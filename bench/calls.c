/*
 * What a call through the daemon costs a client: on its socket, from the
 * request to the first byte of output and to the result record, with a module
 * that the daemon knows and with one that it never saw; and calls per second.
 * Against fork + write + wait of this process, in one alternating run.
 *
 *	calls WASMD WORKER MODULE [ROUNDS]
 *
 * MODULE writes something to standard output and returns. Starts a daemon of
 * its own; run by root, that becomes the user nobody.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/wasmd.h"

#define IN_FLIGHT 8
#define WARM_UP 20
#define TURNS 9
#define START_MS 5000
#define NOBODY 65534

/* The end of a module that the daemon is not to know: a custom section with a
 * name of one letter and a number. */
struct tail {
	uint8_t id, len, name_len, name;
	uint64_t number;
} __attribute__((packed));

/* A call on its way. */
struct run {
	uint64_t started, first, ended;		/* nanoseconds */
};

enum figure { FIRST, ENDED, NFIGURES };

static struct {
	pid_t pid;
	char dir[32], socket[48];
	struct wasmd *conn;
} daemon_run;

static struct {
	uint8_t *bytes;		/* with room for a tail */
	size_t len;
	uint64_t number;	/* of the last tail */
} module;

static unsigned running;	/* calls */

static void
daemon_stop(void)
{
	wasmd_close(daemon_run.conn);
	if (daemon_run.pid > 0) {
		kill(daemon_run.pid, SIGTERM);
		waitpid(daemon_run.pid, NULL, 0);
	}
	unlink(daemon_run.socket);
	rmdir(daemon_run.dir);
}

static void
fail(const char *what, const char *why)
{
	fprintf(stderr, "calls: %s: %s\n", what, why);
	daemon_stop();
	exit(1);
}

/* ---- the bare process -------------------------------------------------- */

static void
bare_begin(struct run *r, int *out, pid_t *pid)
{
	int fds[2];

	r->started = clock_monotonic_ns();
	if (pipe(fds) == -1)
		fail("pipe", strerror(errno));
	*pid = fork();
	if (*pid == -1)
		fail("fork", strerror(errno));
	if (*pid == 0)
		_exit(write(fds[1], "hello, world\n", 13) != 13);
	close(fds[1]);
	*out = fds[0];
}

static void
bare_end(struct run *r, int out, pid_t pid)
{
	char data[64];

	while (read(out, data, sizeof(data)) > 0) {
		if (r->first == 0)
			r->first = clock_monotonic_ns();
	}
	close(out);
	waitpid(pid, NULL, 0);
	r->ended = clock_monotonic_ns();
}

static void
run_bare(struct run *r)
{
	pid_t pid;
	int out;

	bare_begin(r, &out, &pid);
	bare_end(r, out, pid);
}

/* ---- the daemon -------------------------------------------------------- */

static void
on_output(void *arg, int fd, const void *data, size_t len)
{
	struct run *r = arg;

	if (r->first == 0)
		r->first = clock_monotonic_ns();
}

static void
on_exit_record(void *arg, const struct wasmd_msg *record)
{
	struct run *r = arg;

	r->ended = clock_monotonic_ns();
	if (r->first == 0)
		fail("a call", "it ended without output");
	running--;
}

static void
on_refused(void *arg, const struct wasmd_error *error)
{
	fail("a call", "the daemon refused it");
}

static void
call_begin(struct run *r)
{
	static const struct wasmd_events events = {
		.size = sizeof(events),
		.on_output = on_output, .on_exit = on_exit_record,
		.on_refused = on_refused,
	};
	static const char *const args[] = { "module" };
	const struct wasmd_call call = {
		.size = sizeof(call), .module = module.bytes,
		.module_len = module.len, .args = args, .nargs = 1,
		.credit = 1 << 20,
	};
	struct wasmd_error err;

	*r = (struct run){ .started = clock_monotonic_ns() };
	if (wasmd_submit(daemon_run.conn, &call, &events, r, &err) == NULL)
		fail("submit", err.text);
	running++;
}

/* Until there are at most this many calls. */
static void
calls_wait(unsigned most)
{
	struct pollfd p = { .fd = wasmd_fd(daemon_run.conn) };
	struct wasmd_error err;

	while (running > most) {
		p.events = POLLIN |
			(wasmd_unsent(daemon_run.conn) > 0 ? POLLOUT : 0);
		if (poll(&p, 1, -1) == -1 && errno != EINTR)
			fail("poll", strerror(errno));
		if (wasmd_dispatch(daemon_run.conn, &err) == -1)
			fail("the daemon", err.text);
	}
}

static void
run_warm(struct run *r)
{
	call_begin(r);
	calls_wait(0);
}

static void
run_cold(struct run *r)
{
	struct tail tail = {
		.id = 0, .len = sizeof(tail) - 2, .name_len = 1, .name = 'n',
		.number = ++module.number,
	};
	size_t len = module.len;

	memcpy(module.bytes + len, &tail, sizeof(tail));
	module.len += sizeof(tail);
	run_warm(r);
	module.len = len;
}

static void
daemon_start(const char *wasmd, const char *worker)
{
	struct wasmd_error err = { .code = 0 };

	strcpy(daemon_run.dir, "/tmp/calls.XXXXXX");
	if (mkdtemp(daemon_run.dir) == NULL)
		fail("mkdtemp", strerror(errno));
	if (geteuid() == 0 && (chmod(daemon_run.dir, 0755) == -1 ||
		    chown(daemon_run.dir, NOBODY, NOBODY) == -1))
		fail(daemon_run.dir, strerror(errno));
	snprintf(daemon_run.socket, sizeof(daemon_run.socket), "%s/s",
		daemon_run.dir);
	daemon_run.pid = fork();
	if (daemon_run.pid == 0) {
		execl(wasmd, wasmd, "--socket", daemon_run.socket, "--worker",
			worker, "--log-level", "err",
			geteuid() == 0 ? "--user" : NULL, "nobody", NULL);
		_exit(127);
	}
	for (int ms = 0; ms < START_MS && daemon_run.conn == NULL; ms += 10) {
		daemon_run.conn = wasmd_open(daemon_run.socket, &err);
		usleep(10000);
	}
	if (daemon_run.conn == NULL)
		fail("the daemon", err.text);
}

/* ---- comparing --------------------------------------------------------- */

static const struct way {
	const char *name;
	void (*run)(struct run *r);
} ways[] = {
	{ "bare fork, write, wait", run_bare },
	{ "call of a module that is known", run_warm },
	{ "call of a new module", run_cold },
};
#define NWAYS (sizeof(ways) / sizeof(ways[0]))

static int
order(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), order);
	return values[n / 2];
}

static void
compare_latency(size_t rounds)
{
	double *values[NWAYS][NFIGURES], medians[NWAYS][NFIGURES];

	for (size_t w = 0; w < NWAYS; w++) {
		for (int f = 0; f < NFIGURES; f++) {
			values[w][f] = calloc(rounds, sizeof(double));
			if (values[w][f] == NULL)
				fail("memory", strerror(errno));
		}
	}
	for (size_t i = 0; i < rounds + WARM_UP; i++) {
		for (size_t w = 0; w < NWAYS; w++) {
			struct run r = { 0 };

			ways[w].run(&r);
			if (i < WARM_UP)
				continue;
			values[w][FIRST][i - WARM_UP] =
				(double)(r.first - r.started);
			values[w][ENDED][i - WARM_UP] =
				(double)(r.ended - r.started);
		}
	}
	printf("| through the daemon, median of %zu | first byte | ended |\n"
		"|---|---|---|\n", rounds);
	for (size_t w = 0; w < NWAYS; w++) {
		for (int f = 0; f < NFIGURES; f++) {
			medians[w][f] = median(values[w][f], rounds);
			free(values[w][f]);
		}
		printf("| %s | %.2f | %.2f |\n", ways[w].name,
			medians[w][FIRST] / medians[0][FIRST],
			medians[w][ENDED] / medians[0][ENDED]);
	}
	printf("\n(1.00 is %.0f us and %.0f us.)\n\n",
		medians[0][FIRST] / 1000, medians[0][ENDED] / 1000);
}

/* Calls per second with n on their way at any time. */
static double
bare_rate(size_t calls, unsigned n)
{
	struct {
		struct run run;
		int out;
		pid_t pid;
	} b[IN_FLIGHT] = { 0 };
	uint64_t start = clock_monotonic_ns();

	for (size_t i = 0; i < calls + n; i++) {
		if (i >= n)
			bare_end(&b[i % n].run, b[i % n].out, b[i % n].pid);
		if (i < calls)
			bare_begin(&b[i % n].run, &b[i % n].out, &b[i % n].pid);
	}
	return (double)calls / (double)(clock_monotonic_ns() - start) * 1e9;
}

static double
daemon_rate(size_t calls, unsigned n)
{
	struct run *runs = calloc(calls, sizeof(*runs));
	uint64_t start = clock_monotonic_ns();

	if (runs == NULL)
		fail("memory", strerror(errno));
	for (size_t i = 0; i < calls; i++) {
		calls_wait(n - 1);
		call_begin(&runs[i]);
	}
	calls_wait(0);
	free(runs);
	return (double)calls / (double)(clock_monotonic_ns() - start) * 1e9;
}

static void
compare_rates(size_t calls)
{
	static const unsigned in_flight[] = { 1, IN_FLIGHT };

	printf("| calls per second, median of %d turns | in flight | ratio |\n"
		"|---|---|---|\n", TURNS);
	for (size_t k = 0; k < sizeof(in_flight) / sizeof(in_flight[0]); k++) {
		double ratios[TURNS];

		for (int i = 0; i < TURNS; i++) {
			double bare = bare_rate(calls, in_flight[k]);

			ratios[i] = daemon_rate(calls, in_flight[k]) / bare;
		}
		printf("| %s | %u | 1.00 |\n| %s | %u | %.2f |\n", ways[0].name,
			in_flight[k], ways[1].name, in_flight[k],
			median(ratios, TURNS));
	}
}

static void
read_module(const char *path)
{
	FILE *f = fopen(path, "re");
	struct stat st;

	if (f == NULL || fstat(fileno(f), &st) == -1)
		fail(path, strerror(errno));
	module.len = (size_t)st.st_size;
	module.bytes = malloc(module.len + sizeof(struct tail));
	if (module.bytes == NULL ||
	    fread(module.bytes, 1, module.len, f) != module.len)
		fail(path, "cannot read it");
	fclose(f);
}

int
main(int argc, char **argv)
{
	size_t rounds = argc > 4 ? strtoul(argv[4], NULL, 10) : 500;
	char *wasmd, *worker;

	if (argc < 4 || rounds == 0) {
		fprintf(stderr, "usage: calls WASMD WORKER MODULE [ROUNDS]\n");
		return 2;
	}
	wasmd = realpath(argv[1], NULL);
	worker = realpath(argv[2], NULL);
	if (wasmd == NULL || worker == NULL)
		fail(wasmd == NULL ? argv[1] : argv[2], strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	read_module(argv[3]);
	daemon_start(wasmd, worker);
	compare_latency(rounds);
	compare_rates(rounds);
	daemon_stop();
	return 0;
}
