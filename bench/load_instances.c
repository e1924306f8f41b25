/* Part of bench/load: instances that stay open. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/crowd.h"
#include "bench/load.h"
#include "base/clock.h"
#include "proto/serve.h"

#define INSTANCES	2000
#define QUICK_INSTANCES	100
#define PAGE		16	/* of them are being opened at a time */
#define CALLS		300
#define TURNS		7
#define CHILDREN_MAX	4096
#define WALL_MS		3600000

struct instance {
	int sock;
};

static size_t opened;

static void
on_socket(void *arg, int fd)
{
	((struct instance *)arg)->sock = fd;
	opened++;
}

static void
on_ended(void *arg, const struct wasmd_msg *record)
{
	service_fail("an instance", "it ended");
}

static void
open_all(struct crowd *c, struct instance *all, size_t count)
{
	static const struct wasmd_events events = {
		.size = sizeof(events),
		.on_exit = on_ended, .on_refused = crowd_on_refused,
		.on_socket = on_socket,
	};
	const char *const args[2] = { "load", "instance" };
	struct wasmd_call call;
	struct wasmd_error err;

	opened = 0;
	crowd_describe(&call, c->service, args);
	call.mode = "serve";
	call.credit = 0;
	call.wall_ms = WALL_MS;
	for (size_t i = 0; i < count; i++) {
		all[i].sock = -1;
		if (wasmd_submit(c->conns[0], &call, &events, &all[i],
			    &err) == NULL)
			service_fail("an instance", err.text);
		while (opened + PAGE <= i)
			crowd_turn(c);
	}
	while (opened < count)
		crowd_turn(c);
}

/* ---- one call ---------------------------------------------------------- */

static void
read_all(int fd, void *data, size_t len)
{
	size_t at = 0;

	while (at < len) {
		ssize_t n = read(fd, (uint8_t *)data + at, len - at);

		if (n == -1 && errno == EAGAIN) {
			struct pollfd p = { fd, POLLIN, 0 };

			poll(&p, 1, -1);
			continue;
		}
		if (n <= 0)
			service_fail("an instance", "it does not answer");
		at += (size_t)n;
	}
}

/* The next SERVE_OUT_RETURN; its first result, if it has one. */
static int32_t
take_return(const struct instance *in)
{
	static uint8_t payload[SERVE_DATA_MAX];
	struct serve_return ret;
	struct typed value;
	struct serve_frame head;
	int32_t number = -1;

	do {
		read_all(in->sock, &head, sizeof(head));
		if (head.len > sizeof(payload))
			service_fail("an instance", "its answer is too long");
		read_all(in->sock, payload, head.len);
	} while (head.kind != SERVE_OUT_RETURN);
	memcpy(&ret, payload, sizeof(ret));
	if (ret.end != WASMD_RETURNED)
		service_fail("an instance", "a call failed");
	if (ret.nresults == 1) {
		memcpy(&value, payload + sizeof(ret), sizeof(value));
		memcpy(&number, value.bytes, sizeof(number));
	}
	return number;
}

static int32_t
call_count(const struct instance *in)
{
	static const char name[] = "count";
	struct {
		struct serve_frame head;
		struct serve_invoke invoke;
		char name[sizeof(name) - 1];
	} __attribute__((packed)) m = {
		.head = { SERVE_IN_INVOKE,
			sizeof(struct serve_invoke) + sizeof(name) - 1 },
		.invoke = { .name_len = sizeof(name) - 1 },
	};

	memcpy(m.name, name, sizeof(m.name));
	if (write(in->sock, &m, sizeof(m)) != sizeof(m))
		service_fail("an instance", strerror(errno));
	return take_return(in);
}

/* Every one answers, with its own count; microseconds for each. */
static double
call_all(const struct instance *all, size_t count, int32_t expected)
{
	uint64_t began = clock_monotonic_ns();

	for (size_t i = 0; i < count; i++) {
		if (call_count(&all[i]) != expected)
			service_fail("an instance", "another's state");
	}
	return (double)(clock_monotonic_ns() - began) / 1000 / (double)count;
}

/* ---- figures ----------------------------------------------------------- */

struct memory {
	uint64_t pss, tables;	/* kB, of one */
};

static struct memory
measure_memory(const struct service *s, size_t count)
{
	static pid_t pids[CHILDREN_MAX];
	struct memory sum = { 0 };
	unsigned zombies;
	size_t n = service_children(s, pids, CHILDREN_MAX, &zombies);

	for (size_t i = 0; i < n; i++) {
		sum.pss += service_proc(pids[i], "smaps_rollup", "Pss:");
		sum.tables += service_proc(pids[i], "status", "VmPTE:");
	}
	return (struct memory){ sum.pss / count, sum.tables / count };
}

/* Of the calls of another client. */
static void
measure_calls(struct load *l, struct crowd *c, double *p50, double *p99)
{
	double p50s[TURNS], p99s[TURNS];

	for (size_t i = 0; i < TURNS; i++) {
		struct floor_answer bare = load_floor(l, FLOOR_CALLS, 1, CALLS);
		struct crowd_figures f;

		crowd_calls(c, 1, CALLS, &f);
		p50s[i] = f.p50_us / bare.p50_us;
		p99s[i] = f.p99_us / bare.p99_us;
	}
	*p50 = load_median(p50s, TURNS);
	*p99 = load_median(p99s, TURNS);
}

static void
print_others(struct load *l, struct crowd *c, const char *when)
{
	double p50, p99;

	measure_calls(l, c, &p50, &p99);
	printf("| %s | %.2f | %.2f |\n", when, p50, p99);
}

static void
print_instances(struct load *l, const struct service *s, struct crowd *c,
	size_t count)
{
	struct instance *all = calloc(count, sizeof(*all));
	struct floor_answer bare = load_floor(l, FLOOR_CALLS, 1, count);
	const double bare_us = bare.seconds * 1e6 / (double)count;
	uint64_t own = service_memory(s), began = clock_monotonic_ns();
	struct memory m;
	double open_us, call_us;
	char when[64];

	if (all == NULL)
		service_fail("memory", "none");
	open_all(c, all, count);
	open_us = (double)(clock_monotonic_ns() - began) / 1000 / (double)count;
	for (size_t i = 0; i < count; i++)
		take_return(&all[i]);
	call_all(all, count, 1);
	call_us = call_all(all, count, 2);
	m = measure_memory(s, count);
	own = service_memory(s) - own;
	snprintf(when, sizeof(when), "call, %zu instances open", count);
	print_others(l, c, when);
	printf("\n| %zu instances, all of them right | time | \n|---|---|\n"
		"| bare fork, write, wait | 1.00 |\n| one is opened | %.2f |\n"
		"| one is called | %.2f |\n\n", count, open_us / bare_us,
		call_us / bare_us);
	if (m.pss == 0)
		printf("(Only root can see the memory of an instance.)\n\n");
	else
		printf("(An instance takes %llu kB of memory (Pss), %llu kB of "
			"page tables, and %zu bytes in the daemon.)\n\n",
			(unsigned long long)m.pss,
			(unsigned long long)m.tables, (size_t)own / count);
	for (size_t i = 0; i < count; i++)
		close(all[i].sock);
	free(all);
}

void
load_instances(struct load *l)
{
	static const char *const options[] = {
		"--max-jobs", "4096", "--max-jobs-per-user", "4096", NULL,
	};
	struct service s;
	struct crowd c;

	load_service(l, &s, options);
	crowd_open(&c, &s, 1);
	printf("| another client | p50 | p99 |\n|---|---|---|\n"
		"| bare fork, write, wait | 1.00 | 1.00 |\n");
	print_others(l, &c, "call, no instances");
	print_instances(l, &s, &c, l->quick ? QUICK_INSTANCES : INSTANCES);
	/* Before the instances end, which is no error then. */
	service_stop(&s);
	crowd_close(&c);
}
