/* Part of bench/load: jobs that outlive their connection. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/crowd.h"
#include "bench/load.h"
#include "base/clock.h"

#define JOBS		1000
#define QUICK_JOBS	100
#define CREDIT		4096
#define ROUNDS		5

/* One of them; its text is its place among all. */
struct item {
	uint64_t id;
	char text[CROWD_TEXT], said[CROWD_TEXT];
	size_t nsaid;
	bool is_listed, has_ended, is_forgotten;
};

struct jobs {
	struct crowd crowd;
	struct item *items;
	size_t count, done;	/* of what is under way */
};

static struct jobs *all;	/* callbacks have an item only */

/* ---- submitted --------------------------------------------------------- */

static void
on_started(void *arg, struct wasmd_job *job)
{
	struct item *it = arg;

	it->id = wasmd_job_id(job);
	all->done++;
}

static void
submit_all(const struct service *s)
{
	static const struct wasmd_events events = {
		.size = sizeof(events),
		.on_started = on_started, .on_refused = crowd_on_refused,
	};
	struct wasmd_call call;
	struct wasmd_error err;

	all->done = 0;
	for (size_t i = 0; i < all->count; i++) {
		struct item *it = &all->items[i];
		const char *const args[2] = { "load", it->text };

		*it = (struct item){ .id = 0 };
		snprintf(it->text, sizeof(it->text), "job %zu", i);
		crowd_describe(&call, s, args);
		call.detach = true;
		if (wasmd_submit(all->crowd.conns[0], &call, &events, it,
			    &err) == NULL)
			service_fail("submit", err.text);
	}
	while (all->done < all->count)
		crowd_turn(&all->crowd);
}

/* ---- listed ------------------------------------------------------------ */

static void
on_item(void *arg, const struct wasmd_msg *m)
{
	uint64_t id = wasmd_msg_number(m, "job", 0);

	for (size_t i = 0; i < all->count; i++) {
		if (all->items[i].id == id && !all->items[i].is_listed) {
			all->items[i].is_listed = true;
			all->done++;
			return;
		}
	}
	service_fail("the list", "a job that is none of ours, or twice");
}

static void
on_listed(void *arg, const struct wasmd_msg *answer,
	const struct wasmd_error *error)
{
	if (error != NULL)
		service_fail("the list", error->text);
	*(bool *)arg = true;
}

static void
list_all(void)
{
	bool answered = false;
	const struct wasmd_asked asked = { on_item, on_listed, &answered };
	struct wasmd_error err;

	all->done = 0;
	if (wasmd_jobs(all->crowd.conns[0], &asked, &err) == -1)
		service_fail("the list", err.text);
	while (!answered)
		crowd_turn(&all->crowd);
	if (all->done != all->count)
		service_fail("the list", "a job is missing");
}

/* ---- waited for -------------------------------------------------------- */

static void
on_output(void *arg, int fd, const void *data, size_t len)
{
	struct item *it = arg;

	if (fd != 1 || len > sizeof(it->said) - it->nsaid)
		service_fail(it->text, "it said more than its argument");
	memcpy(it->said + it->nsaid, data, len);
	it->nsaid += len;
}

static void
on_exit_record(void *arg, const struct wasmd_msg *record)
{
	struct item *it = arg;

	crowd_check_record(record);
	if (it->nsaid != strlen(it->text) ||
	    memcmp(it->said, it->text, it->nsaid) != 0)
		service_fail(it->text, "its output is another's");
	all->done++;
}

static void
wait_for_all(void)
{
	static const struct wasmd_events events = {
		.size = sizeof(events),
		.on_output = on_output, .on_exit = on_exit_record,
		.on_refused = crowd_on_refused,
	};
	struct wasmd_error err;

	all->done = 0;
	for (size_t i = 0; i < all->count; i++) {
		const struct wasmd_follow what = {
			.size = sizeof(what), .job = all->items[i].id,
			.credit = CREDIT,
		};

		if (wasmd_follow(all->crowd.conns[0], &what, &events,
			    &all->items[i], &err) == NULL)
			service_fail("follow", err.text);
	}
	while (all->done < all->count)
		crowd_turn(&all->crowd);
}

/* ---- forgotten --------------------------------------------------------- */

static void
on_forgotten(void *arg, const struct wasmd_msg *answer,
	const struct wasmd_error *error)
{
	if (error != NULL)
		service_fail("forget", error->text);
	all->done++;
}

static void
forget_all(void)
{
	const struct wasmd_asked asked = { .on_answer = on_forgotten };
	struct wasmd_error err;

	all->done = 0;
	for (size_t i = 0; i < all->count; i++) {
		if (wasmd_forget(all->crowd.conns[0], all->items[i].id, &asked,
			    &err) == -1)
			service_fail("forget", err.text);
	}
	while (all->done < all->count)
		crowd_turn(&all->crowd);
}

/* ---- ------------------------------------------------------------------- */

/* Seconds since the last time. */
static double
lap(uint64_t *at)
{
	uint64_t before = *at;

	*at = clock_monotonic_ns();
	return (double)(*at - before) / 1e9;
}

enum step { SUBMITTED, LISTED, ENDED, FORGOTTEN, PROCESSOR, NSTEPS };

static void
take_round(struct load *l, const struct service *s, double *steps)
{
	struct floor_answer bare = load_floor(l, FLOOR_CALLS, 8, all->count);
	double cpu = service_cpu_us(s);
	uint64_t at = clock_monotonic_ns();

	submit_all(s);
	steps[SUBMITTED] = lap(&at);
	list_all();
	steps[LISTED] = lap(&at);
	wait_for_all();
	steps[ENDED] = lap(&at);
	forget_all();
	steps[FORGOTTEN] = lap(&at);
	for (int i = 0; i < PROCESSOR; i++)
		steps[i] /= bare.seconds;
	steps[PROCESSOR] = (service_cpu_us(s) - cpu) /
		(bare.cpu_us * (double)all->count);
}

void
load_detached(struct load *l)
{
	static const char *const options[] = {
		"--max-jobs", "2048", "--max-jobs-per-user", "2048", NULL,
	};
	struct jobs jobs = { .count = l->quick ? QUICK_JOBS : JOBS };
	double steps[NSTEPS][ROUNDS], one[NSTEPS];
	struct service s;

	all = &jobs;
	jobs.items = calloc(jobs.count, sizeof(*jobs.items));
	if (jobs.items == NULL)
		service_fail("memory", "none");
	load_service(l, &s, options);
	crowd_open(&jobs.crowd, &s, 1);
	for (size_t i = 0; i < ROUNDS; i++) {
		take_round(l, &s, one);
		for (int k = 0; k < NSTEPS; k++)
			steps[k][i] = one[k];
	}
	crowd_close(&jobs.crowd);
	service_stop(&s);
	free(jobs.items);
	printf("| %zu detached jobs, all outputs right, median of %d rounds | "
		"submitted | listed | all ended and read | forgotten "
		"| daemon's processor time |\n|---|---|---|---|---|---|\n"
		"| as many bare fork, write, wait, 8 at once | | | 1.00 | "
		"| (1.00) |\n| jobs, one step after the other |",
		jobs.count, ROUNDS);
	for (int k = 0; k < NSTEPS; k++)
		printf(" %.2f |", load_median(steps[k], ROUNDS));
	printf("\n\n");
}
