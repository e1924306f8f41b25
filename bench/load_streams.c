/* Part of bench/load: what guests write, one and many of them. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/crowd.h"
#include "bench/load.h"
#include "base/clock.h"

#define MANY		100
#define MIB		512	/* of all together */
#define QUICK_MIB	50
#define ROUNDS		5
#define CHUNKS_OF_MIB	16	/* of 64 KiB, in bench/load.wat */
#define CREDIT		(1u << 20)

struct stream {
	struct wasmd_job *job;
	uint64_t bytes;
	size_t owed;		/* credit that is not given back yet */
};

static size_t nended;

static void
on_started(void *arg, struct wasmd_job *job)
{
	((struct stream *)arg)->job = job;
}

static void
on_output(void *arg, int fd, const void *data, size_t len)
{
	struct stream *st = arg;
	struct wasmd_error err;

	st->bytes += len;
	st->owed += len;
	if (st->owed < CREDIT / 4)
		return;
	if (wasmd_job_credit(st->job, st->owed, &err) == -1)
		service_fail("a stream", err.text);
	st->owed = 0;
}

static void
on_exit_record(void *arg, const struct wasmd_msg *record)
{
	crowd_check_record(record);
	nended++;
}

/* Seconds for count streams, each on a connection of its own. */
static double
run_streams(struct crowd *c, size_t count, unsigned mib, double *cpu_us)
{
	static const struct wasmd_events events = {
		.size = sizeof(events),
		.on_started = on_started, .on_output = on_output,
		.on_exit = on_exit_record, .on_refused = crowd_on_refused,
	};
	const unsigned chunks = mib * CHUNKS_OF_MIB / (unsigned)count;
	struct stream *all = calloc(count, sizeof(*all));
	const char *const args[2] = { "load", "stream" };
	uint64_t began = clock_monotonic_ns();
	struct wasmd_error err;
	struct wasmd_call call;
	const char *param;
	char number[16];

	if (all == NULL)
		service_fail("memory", "none");
	*cpu_us = service_cpu_us(c->service);
	snprintf(number, sizeof(number), "%u", chunks);
	param = number;
	crowd_describe(&call, c->service, args);
	call.invoke = "write";
	call.params = &param;
	call.nparams = 1;
	call.credit = CREDIT;
	nended = 0;
	for (size_t i = 0; i < count; i++) {
		if (wasmd_submit(c->conns[i], &call, &events, &all[i],
			    &err) == NULL)
			service_fail("a stream", err.text);
	}
	while (nended < count)
		crowd_turn(c);
	for (size_t i = 0; i < count; i++) {
		if (all[i].bytes != (uint64_t)chunks << 16)
			service_fail("a stream", "bytes are missing");
	}
	free(all);
	*cpu_us = service_cpu_us(c->service) - *cpu_us;
	return (double)(clock_monotonic_ns() - began) / 1e9;
}

static void
compare(struct load *l, struct crowd *c, size_t count)
{
	const unsigned mib = l->quick ? QUICK_MIB : MIB;
	double ratios[ROUNDS], cpus[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		struct floor_answer bare = load_floor(l, FLOOR_STREAMS,
			(unsigned)count, (uint64_t)mib << 20);
		double cpu_us;

		ratios[i] = bare.seconds / run_streams(c, count, mib, &cpu_us);
		cpus[i] = cpu_us / bare.cpu_us;
	}
	printf("| %zu | %.2f | %.2f |\n", count, load_median(ratios, ROUNDS),
		load_median(cpus, ROUNDS));
}

void
load_streams(struct load *l)
{
	static const char *const options[] = {
		"--max-running", "128", "--max-running-per-user", "128", NULL,
	};
	struct service s;
	struct crowd c;

	load_service(l, &s, options);
	crowd_open(&c, &s, MANY);
	printf("| streams at once, median of %d rounds | MiB/s | daemon's "
		"processor time |\n|---|---|---|\n"
		"| a process, pipe, another that copies, pipe | 1.00 | (1.00) "
		"|\n", ROUNDS);
	compare(l, &c, 1);
	compare(l, &c, MANY);
	printf("\n");
	crowd_close(&c);
	service_stop(&s);
}
