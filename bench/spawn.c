/*
 * What a call costs before the guest computes: first byte of output, complete
 * end, and the processor's time of all who take part, against fork + write +
 * wait of this small static process, in one alternating run; the page faults
 * of the child; and the memory of one that waits. Plays the daemon with
 * blocking calls.
 *
 *	spawn WORKER MODULE [ROUNDS]
 *
 * Figures in brackets are what is aimed at.
 *
 * MODULE writes something to standard output and returns.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sandbox/call.h"
#include "sandbox/ctl.h"
#include "sandbox/launch.h"

#define IN_FLIGHT 8
#define WARM_UP 20

/* One call, from the start to the end. */
struct run {
	int in, out, pidfd;
	uint64_t started, first, reaped;	/* nanoseconds */
};

struct template {
	int sock, pidfd;
	pid_t pid;
};

static struct launch launch;
static struct template warm;
static struct run pooled;
static int module_fd;
static struct buf call_frame;

static void
die(const char *what)
{
	fprintf(stderr, "spawn: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) == -1)
		die("clock_gettime");
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* The figure behind a word at the start of a line; 0 if there is none. */
static unsigned long
proc_figure(const char *path, const char *word)
{
	size_t len = strlen(word);
	unsigned long n = 0;
	char line[256];
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, word, len) == 0)
			n = strtoul(line + len, NULL, 10);
	}
	fclose(f);
	return n;
}

static pid_t
pidfd_pid(int pidfd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	return (pid_t)proc_figure(path, "Pid:");
}

/* ---- the daemon's part ------------------------------------------------- */

static void
answer(int sock, enum ctl_kind kind, int *fd)
{
	struct ctl_msg msg;
	size_t nfds;

	errno = 0;
	if (fd_recv(sock, &msg, sizeof(msg), fd, 1, &nfds) != sizeof(msg))
		die("a confined process ended");
	if (msg.kind == CTL_FAILED) {
		fprintf(stderr, "spawn: %s\n", msg.error.text);
		exit(1);
	}
	if (msg.kind != kind)
		die("an unexpected answer");
}

static void
template_open(struct template *t)
{
	struct ctl_msg msg = {
		.kind = CTL_TEMPLATE,
		.limits = {
			.memory_bytes = 64 << 20, .stack_bytes = 1 << 20,
			.table_elems = 100000, .module_bytes = 64 << 20,
			.load_cpu_us = 10000000, .cpu_us = 10000000,
		},
	};
	int socks[2], fds[2], none;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) == -1)
		die("socketpair");
	fds[0] = socks[1];
	fds[1] = module_fd;
	if (fd_send(launch.zygote_sock, &msg, sizeof(msg), fds, 2) == -1)
		die("zygote");
	close(socks[1]);
	t->sock = socks[0];
	answer(launch.zygote_sock, CTL_SPAWNED, &t->pidfd);
	t->pid = pidfd_pid(t->pidfd);
	answer(t->sock, CTL_READY, &none);
}

static void
wait_pidfd(int pidfd)
{
	siginfo_t info;

	if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) == -1)
		die("waitid");
	if (info.si_code != CLD_EXITED || info.si_status != 0) {
		fprintf(stderr, "spawn: a process ended with code %d, status %d\n",
		    info.si_code, info.si_status);
		exit(1);
	}
	close(pidfd);
}

static void
template_close(struct template *t)
{
	close(t->sock);
	wait_pidfd(t->pidfd);
}

static void
call_request(struct template *t, struct run *r, bool ahead)
{
	struct ctl_msg msg = { .kind = CTL_CALL, .call.ahead = ahead };
	int in[2], out[2], fds[2];

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
		die("pipe");
	fds[0] = in[0];
	fds[1] = out[1];
	if (fd_send(t->sock, &msg, sizeof(msg), fds, 2) == -1)
		die("template");
	close(in[0]);
	close(out[1]);
	r->in = in[1];
	r->out = out[0];
}

static void
call_begin(struct run *r)
{
	if (fd_write_all(r->in, call_frame.data, call_frame.len) == -1)
		die("call");
}

/* Read until the end of output; the time of the first byte. */
static void
read_out(struct run *r)
{
	char data[4096];
	ssize_t n;

	while ((n = read(r->out, data, sizeof(data))) > 0) {
		if (r->first == 0)
			r->first = clock_monotonic_ns();
	}
	if (n == -1)
		die("read");
	close(r->out);
}

static void
call_end(struct run *r)
{
	read_out(r);
	wait_pidfd(r->pidfd);
	r->reaped = clock_monotonic_ns();
	close(r->in);
}

/* ---- what is compared -------------------------------------------------- */

static void
bare_begin(struct run *r)
{
	int out[2];
	long pid;

	if (pipe2(out, O_CLOEXEC) == -1)
		die("pipe");
	pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &r->pidfd, 0, 0);
	if (pid == -1)
		die("clone");
	if (pid == 0)
		_exit(write(out[1], "hello, world\n", 13) != 13);
	close(out[1]);
	r->out = out[0];
	r->in = -1;
}

static void
run_bare(struct run *r)
{
	r->started = clock_monotonic_ns();
	bare_begin(r);
	call_end(r);
}

static void
run_template(struct run *r)
{
	r->started = clock_monotonic_ns();
	call_request(&warm, r, false);
	call_begin(r);
	answer(warm.sock, CTL_SPAWNED, &r->pidfd);
	call_end(r);
}

/* The next one is made ready after this one's end, as a daemon would when it
 * has nothing else to do. */
static void
run_pooled(struct run *r)
{
	*r = pooled;
	r->first = 0;
	r->started = clock_monotonic_ns();
	call_begin(r);
	call_end(r);
	call_request(&warm, &pooled, true);
	answer(warm.sock, CTL_SPAWNED, &pooled.pidfd);
}

static void
run_cold(struct run *r)
{
	struct template t;

	r->started = clock_monotonic_ns();
	template_open(&t);
	call_request(&t, r, false);
	call_begin(r);
	answer(t.sock, CTL_SPAWNED, &r->pidfd);
	call_end(r);
	template_close(&t);
}

#define AIM_RATE 0.9		/* calls per second */
#define AIM_MEMORY 150ul	/* kB of a child that waits */

static const struct way {
	const char *name;
	void (*run)(struct run *r);
	double aim_first, aim_reaped;	/* 0: none */
} ways[] = {
	{ "bare fork, write, wait", run_bare, 0, 0 },
	{ "call from its template", run_template, 1.5, 1.7 },
	{ "call in a child forked ahead", run_pooled, 0.45, 0 },
	{ "call with a cold template", run_cold, 0, 10 },
};
#define NWAYS (sizeof(ways) / sizeof(ways[0]))

static int
order(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t
median(uint64_t *values, size_t n)
{
	qsort(values, n, sizeof(*values), order);
	return values[n / 2];
}

/* Processor time of this process, of the warm template, and of all children
 * that were reaped; and the page faults of these. */
struct used {
	uint64_t cpu_ns;
	uint64_t faults;
};

static struct used
used_now(void)
{
	clockid_t clock;
	struct rusage ru;

	if (clock_getcpuclockid(warm.pid, &clock) != 0 ||
	    getrusage(RUSAGE_CHILDREN, &ru) == -1)
		die("processor time");
	return (struct used){
		.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + clock_ns(clock) +
		    1000 * (uint64_t)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) +
		    UINT64_C(1000000000) * (uint64_t)(ru.ru_utime.tv_sec +
		    ru.ru_stime.tv_sec),
		.faults = (uint64_t)(ru.ru_minflt + ru.ru_majflt),
	};
}

enum figure { FIRST, REAPED, CPU, FAULTS, NFIGURES };

static void
measure(const struct way *way, uint64_t figures[NFIGURES])
{
	struct used before = used_now(), after;
	struct run r = { 0 };

	way->run(&r);
	after = used_now();
	figures[FIRST] = r.first - r.started;
	figures[REAPED] = r.reaped - r.started;
	figures[CPU] = after.cpu_ns - before.cpu_ns;
	figures[FAULTS] = after.faults - before.faults;
}

static void
print_ratio(double ratio, double aim)
{
	printf(" %.2f ", ratio);
	if (aim > 0)
		printf("(%.2f) ", aim);
	printf("|");
}

static void
print_latency(double (*medians)[NFIGURES], size_t rounds)
{
	printf("| one at a time, median of %zu | first byte | ended and reaped "
	    "| processor time | page faults |\n|---|---|---|---|---|\n", rounds);
	for (size_t w = 0; w < NWAYS; w++) {
		printf("| %s |", ways[w].name);
		print_ratio(medians[w][FIRST] / medians[0][FIRST],
		    ways[w].aim_first);
		print_ratio(medians[w][REAPED] / medians[0][REAPED],
		    ways[w].aim_reaped);
		print_ratio(medians[w][CPU] / medians[0][CPU], 0);
		printf(" %.0f |\n", medians[w][FAULTS]);
	}
	printf("\n(1.00 is %.0f us, %.0f us and %.0f us.)\n\n",
	    medians[0][FIRST] / 1000, medians[0][REAPED] / 1000,
	    medians[0][CPU] / 1000);
}

static void
compare_latency(size_t rounds)
{
	uint64_t *values[NWAYS][NFIGURES], figures[NFIGURES];
	double medians[NWAYS][NFIGURES];

	for (size_t i = 0; i < NWAYS * NFIGURES; i++) {
		values[i / NFIGURES][i % NFIGURES] =
		    calloc(rounds, sizeof(uint64_t));
		if (values[i / NFIGURES][i % NFIGURES] == NULL)
			die("memory");
	}
	for (size_t i = 0; i < rounds + WARM_UP; i++) {
		for (size_t w = 0; w < NWAYS; w++) {
			measure(&ways[w], figures);
			for (int f = 0; f < NFIGURES && i >= WARM_UP; f++)
				values[w][f][i - WARM_UP] = figures[f];
		}
	}
	for (size_t i = 0; i < NWAYS * NFIGURES; i++) {
		uint64_t *v = values[i / NFIGURES][i % NFIGURES];

		medians[i / NFIGURES][i % NFIGURES] = (double)median(v, rounds);
		free(v);
	}
	print_latency(medians, rounds);
}

/* What a child that waits costs while it does; /proc shows it to root only,
 * as nobody else may look into confined processes. */
static void
print_memory(void)
{
	unsigned long pss, tables;
	char path[64];
	int pid = (int)pidfd_pid(pooled.pidfd);

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	pss = proc_figure(path, "Pss:");
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	tables = proc_figure(path, "VmPTE:");
	if (pss == 0)
		printf("(Only root can see the memory of a waiting child.)\n\n");
	else
		printf("A child forked ahead takes %lu kB (%lu kB) while it "
		    "waits: %lu kB (Pss) and %lu kB of page tables.\n\n",
		    pss + tables, AIM_MEMORY, pss, tables);
}

/* IN_FLIGHT calls at any time: start one whenever the oldest has ended. */
static double
calls_per_second(size_t calls, bool bare)
{
	struct run runs[IN_FLIGHT] = { { 0 } };
	uint64_t start = clock_monotonic_ns();

	for (size_t i = 0; i < calls + IN_FLIGHT; i++) {
		struct run *r = &runs[i % IN_FLIGHT];

		if (i >= IN_FLIGHT)
			call_end(r);
		if (i >= calls)
			continue;
		if (bare) {
			bare_begin(r);
			continue;
		}
		call_request(&warm, r, false);
		call_begin(r);
		answer(warm.sock, CTL_SPAWNED, &r->pidfd);
	}
	return (double)calls / (double)(clock_monotonic_ns() - start) * 1e9;
}

static void
compare_throughput(size_t calls)
{
	enum { TURNS = 9 };
	uint64_t ratios[TURNS];

	for (int i = 0; i < TURNS; i++) {
		double bare = calls_per_second(calls, true);
		double ours = calls_per_second(calls, false);

		ratios[i] = (uint64_t)(ours / bare * 1000);
	}
	printf("| %d in flight, median of %d turns | calls per second |\n"
	    "|---|---|\n| %s | 1.00 |\n| %s |", IN_FLIGHT, TURNS,
	    ways[0].name, ways[1].name);
	print_ratio((double)median(ratios, TURNS) / 1000, AIM_RATE);
	printf("\n");
}

/* ---- setting up -------------------------------------------------------- */

static void
read_module(const char *path)
{
	static char data[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	module_fd = memfd_create("module", MFD_CLOEXEC);
	if (fd == -1 || module_fd == -1)
		die(path);
	while ((n = read(fd, data, sizeof(data))) > 0) {
		if (fd_write_all(module_fd, data, (size_t)n) == -1)
			die("memfd");
	}
	close(fd);
}

static void
make_call_frame(void)
{
	static const char *const args[] = { "module" };
	const struct call call = {
		.fuel = UINT64_MAX, .output_bytes = 1 << 20,
		.nargs = 1, .args = args,
	};
	struct frame f = { .kind = IN_CALL };

	buf_init(&call_frame, 4096);
	if (buf_append(&call_frame, &f, sizeof(f)) == -1 ||
	    call_pack(&call_frame, &call) == -1)
		die("call");
	f.len = (uint32_t)(call_frame.len - sizeof(f));
	memcpy(call_frame.data, &f, sizeof(f));
}

/*
 * Have the worker read from disk, as after a start of the machine. A file that
 * has just been written lies in larger pieces of the page cache, of which more is
 * mapped at once: 14 kB more of each child.
 */
static void
read_anew(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || fsync(fd) == -1 ||
	    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
		die(path);
	close(fd);
}

int
main(int argc, char **argv)
{
	struct launch_config cfg = {
		.uid = 65534, .gid = 65534, .max_processes = 256,
	};
	size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 1000;
	struct err err = ERR_NONE;

	if (argc < 3 || rounds == 0) {
		fprintf(stderr, "usage: spawn WORKER MODULE [ROUNDS]\n");
		return 2;
	}
	cfg.worker_path = realpath(argv[1], NULL);
	if (cfg.worker_path == NULL)
		die(argv[1]);
	read_anew(cfg.worker_path);
	launch_default_policy(cfg.policy);
	read_module(argv[2]);
	make_call_frame();
	if (launch_start(&cfg, &launch, &err) == -1) {
		fprintf(stderr, "spawn: %s\n", err.text);
		return 1;
	}
	template_open(&warm);
	call_request(&warm, &pooled, true);
	answer(warm.sock, CTL_SPAWNED, &pooled.pidfd);
	compare_latency(rounds);
	print_memory();
	compare_throughput(rounds);
	call_begin(&pooled);
	call_end(&pooled);
	template_close(&warm);
	launch_stop(&launch);
	return 0;
}
