/* wasmctl top: what the daemon does, as a screen that lives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "client/address.h"
#include "client/ask.h"
#include "client/job_item.h"
#include "client/outcome.h"
#include "client/overview.h"
#include "client/report.h"
#include "client/screen.h"
#include "client/stats.h"
#include "client/verb.h"

#define TOP_INTERVAL_MS 2000
#define TOP_INTERVAL_MAX_MS (3600 * 1000)
#define TOP_LINES_MAX (64u << 10)
#define TOP_JOBS_MAX (16u << 10)	/* more than a screen */

struct top_values {
	struct where where;
	uint64_t interval_ms;
	bool help;
};

const struct option_spec top_options[] = {
	{ 'i', "interval", OPTION_TIME,
		offsetof(struct top_values, interval_ms), "TIME",
		"how often to look [2s]" },
	OPTIONS_COMMON(struct top_values),
	{ .name = NULL },
};

/* What was seen last, and what is seen now. */
struct top {
	struct ask ask;
	struct buf text, lines;
	struct buf running, waiting;	/* lines of jobs that are active */
	struct samples seen[2];
	uint64_t seen_us[2];
	unsigned count;
	int interval_ms;
};

static int
top_write_title(struct top *t)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[16] = "";

	if (localtime_r(&now, &tm) != NULL)
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	return buf_printf(&t->lines, "wasmd  %s  %s every %g s; q ends\n\n",
		text, t->count > 1 ? "changes," : "since it started,",
		t->interval_ms / 1000.0);
}

/* One after the other as far as there is room: nobody reads that many. */
static void
top_on_job(void *arg, const struct wasmd_msg *item)
{
	struct top *t = arg;

	if (wasmd_msg_has(item, "status"))
		return;
	job_item_line(wasmd_msg_has(item, "wall_us") ? &t->running :
		&t->waiting, item);
}

/* Those that run first. 0, or what wasmctl exits with. */
static int
top_list_jobs(struct top *t)
{
	int status;

	t->running.len = t->waiting.len = 0;
	t->ask.arg = t;
	t->ask.on_item = top_on_job;
	t->ask.on_answer = NULL;
	status = ask_wait(&t->ask, wasmd_jobs(t->ask.conn, &t->ask.asked,
		&t->ask.error));
	if (status != 0 || t->running.len + t->waiting.len == 0)
		return status;
	if (buf_printf(&t->lines, "\n") == -1 ||
	    job_item_head(&t->lines) == -1 ||
	    buf_append(&t->lines, t->running.data, t->running.len) == -1 ||
	    buf_append(&t->lines, t->waiting.data, t->waiting.len) == -1)
		report_fatal("out of memory");
	return 0;
}

/* 0 with the lines, or what wasmctl exits with. */
static int
top_look(struct top *t)
{
	unsigned at = t->count % 2;
	int status = stats_ask(&t->ask, &t->text, &t->seen[at]);

	if (status != 0)
		return status;
	t->seen_us[at] = clock_monotonic_us();
	t->count++;
	t->lines.len = 0;
	if (top_write_title(t) == -1 ||
	    overview_write(&t->lines, &t->seen[at],
		    t->count > 1 ? &t->seen[1 - at] : NULL,
		    (double)(t->seen_us[at] - t->seen_us[1 - at]) / 1e6) == -1)
		report_fatal("out of memory");
	return top_list_jobs(t);
}

static int
top_live(struct top *t)
{
	int status, key;

	do {
		status = top_look(t);
		if (status != 0)
			break;
		screen_show(&t->lines);
		key = screen_key(t->interval_ms);
	} while (key != 'q' && key != 'Q' && key != -1);
	return status;
}

static int
top_once(struct top *t)
{
	int status = stats_ask(&t->ask, &t->text, &t->seen[0]);

	if (status == 0 && overview_write(&t->lines, &t->seen[0], NULL, 0) ==
	    -1)
		report_fatal("out of memory");
	if (status == 0)
		status = top_list_jobs(t);
	if (status == 0)
		fwrite(t->lines.data, 1, t->lines.len, stdout);
	return status;
}

static int
top_serve(struct top *t)
{
	int status;

	if (ask_open(&t->ask, "top") == -1)
		return EXIT_WASMCTL;
	if (screen_open() == -1)
		return top_once(t);
	status = top_live(t);
	screen_close();
	return status;
}

int
top_run(const struct verb *verb, int argc, char **argv)
{
	struct top_values v = { .interval_ms = TOP_INTERVAL_MS };
	static struct top t;
	int status, first = verb_parse(verb, &v, argc, argv, &status);

	if (first == -1)
		return status;
	if (first < argc || v.interval_ms > TOP_INTERVAL_MAX_MS) {
		report(first < argc ? "top: no operands, but \"%s\" was given" :
			"top: an interval of more than an hour", argv[first]);
		return EXIT_WASMCTL;
	}
	t.ask.where = &v.where;
	t.interval_ms = (int)v.interval_ms;
	buf_init(&t.text, STATS_TEXT_MAX);
	buf_init(&t.lines, TOP_LINES_MAX);
	buf_init(&t.running, TOP_JOBS_MAX);
	buf_init(&t.waiting, TOP_JOBS_MAX);
	status = top_serve(&t);
	ask_close(&t.ask);
	buf_clear(&t.text);
	buf_clear(&t.lines);
	buf_clear(&t.running);
	buf_clear(&t.waiting);
	return status;
}
