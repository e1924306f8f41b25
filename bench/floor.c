/*
 * Bare processes, for bench/load to compare with: see bench/floor.h. A program
 * of its own, linked statically.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/floor.h"

#define WIDTH_MAX 256
#define CHUNK 65536

static char chunk[CHUNK];

static void
die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static double
cpu_us_of(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static double
cpu_us(void)
{
	return cpu_us_of(RUSAGE_SELF) + cpu_us_of(RUSAGE_CHILDREN);
}

static pid_t
fork_or_die(void)
{
	pid_t pid = fork();

	if (pid == -1)
		die("fork");
	return pid;
}

static void
pipe_or_die(int fds[2])
{
	if (pipe(fds) == -1)
		die("pipe");
}

/* ---- calls ------------------------------------------------------------- */

struct run {
	uint64_t started;
	pid_t pid;
	int out;
};

static void
run_begin(struct run *r)
{
	int fds[2];

	r->started = now_ns();
	pipe_or_die(fds);
	r->pid = fork_or_die();
	if (r->pid == 0)
		_exit(write(fds[1], "hello, world\n", 13) != 13);
	close(fds[1]);
	r->out = fds[0];
}

/* In microseconds. */
static double
run_end(struct run *r)
{
	while (read(r->out, chunk, sizeof(chunk)) > 0)
		;
	close(r->out);
	waitpid(r->pid, NULL, 0);
	return (double)(now_ns() - r->started) / 1000;
}

static int
order(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
floor_calls(const struct floor_ask *ask, struct floor_answer *a)
{
	double *us = calloc(ask->count, sizeof(*us)), cpu = cpu_us();
	struct run runs[WIDTH_MAX];
	uint64_t began = now_ns();

	if (us == NULL)
		die("memory");
	for (uint64_t i = 0; i < ask->count + ask->width; i++) {
		struct run *r = &runs[i % ask->width];

		if (i >= ask->width)
			us[i - ask->width] = run_end(r);
		if (i < ask->count)
			run_begin(r);
	}
	a->seconds = (double)(now_ns() - began) / 1e9;
	a->cpu_us = (cpu_us() - cpu) / (double)ask->count;
	qsort(us, ask->count, sizeof(*us), order);
	a->p50_us = us[ask->count / 2];
	a->p99_us = us[ask->count * 99 / 100];
	free(us);
}

/* ---- streams ----------------------------------------------------------- */

static void
write_all(int fd, size_t len)
{
	size_t at = 0;

	while (at < len) {
		ssize_t n = write(fd, chunk + at, len - at);

		if (n == -1)
			_exit(1);
		at += (size_t)n;
	}
}

static void
produce(int out, uint64_t bytes)
{
	for (uint64_t at = 0; at < bytes; at += CHUNK)
		write_all(out, CHUNK);
	_exit(0);
}

static void
copy(int in, int out)
{
	ssize_t n;

	while ((n = read(in, chunk, sizeof(chunk))) > 0)
		write_all(out, (size_t)n);
	_exit(0);
}

/* A process that writes, and one between it and us; the end to read from. */
static int
stream_start(uint64_t bytes)
{
	int first[2], second[2];

	pipe_or_die(first);
	pipe_or_die(second);
	if (fork_or_die() == 0)
		produce(first[1], bytes);
	close(first[1]);
	if (fork_or_die() == 0)
		copy(first[0], second[1]);
	close(first[0]);
	close(second[1]);
	return second[0];
}

static void
streams_drain(struct pollfd *p, uint32_t open)
{
	while (open > 0) {
		if (poll(p, open, -1) == -1)
			die("poll");
		for (uint32_t i = open; i-- > 0;) {
			if (p[i].revents == 0 ||
			    read(p[i].fd, chunk, sizeof(chunk)) > 0)
				continue;
			close(p[i].fd);
			p[i] = p[--open];
		}
	}
}

static void
floor_streams(const struct floor_ask *ask, struct floor_answer *a)
{
	struct pollfd p[WIDTH_MAX];
	uint64_t began = now_ns();
	double cpu = cpu_us();

	for (uint32_t i = 0; i < ask->width; i++) {
		p[i].fd = stream_start(ask->count / ask->width);
		p[i].events = POLLIN;
	}
	streams_drain(p, ask->width);
	while (wait(NULL) != -1)
		;
	a->seconds = (double)(now_ns() - began) / 1e9;
	a->cpu_us = cpu_us() - cpu;
}

int
main(void)
{
	struct floor_ask ask;

	while (read(STDIN_FILENO, &ask, sizeof(ask)) == sizeof(ask)) {
		struct floor_answer a = { 0 };

		if (ask.width == 0 || ask.width > WIDTH_MAX || ask.count == 0)
			return 2;
		if (ask.kind == FLOOR_CALLS)
			floor_calls(&ask, &a);
		else
			floor_streams(&ask, &a);
		if (write(STDOUT_FILENO, &a, sizeof(a)) != sizeof(a))
			return 1;
	}
	return 0;
}
