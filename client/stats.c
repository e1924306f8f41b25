/* wasmctl stats: what the daemon counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ask.h"
#include "client/outcome.h"
#include "client/overview.h"
#include "client/report.h"
#include "client/stats.h"
#include "client/text.h"
#include "client/verb.h"

struct stats_values {
	struct where where;
	bool prometheus, json, help;
};

const struct option_spec stats_options[] = {
	{ 0, "prometheus", OPTION_FLAG,
		offsetof(struct stats_values, prometheus), NULL,
		"print the text that Prometheus reads" },
	{ 0, "json", OPTION_FLAG, offsetof(struct stats_values, json), NULL,
		"print one JSON object" },
	OPTIONS_COMMON(struct stats_values),
	{ .name = NULL },
};

static void
stats_on_answer(void *arg, const struct wasmd_msg *answer)
{
	struct wasmd_bytes text = wasmd_msg_bytes(answer, "text");
	struct buf *out = arg;

	if (buf_append(out, text.data, text.len) == -1)
		report_fatal("out of memory");
}

int
stats_ask(struct ask *a, struct buf *text, struct samples *samples)
{
	int status;

	text->len = 0;
	a->what = "stats";
	a->on_answer = stats_on_answer;
	a->arg = text;
	status = ask_plain(a, "stats");
	if (status == 0 && samples_read(samples, (const char *)text->data,
		    text->len) == -1) {
		report("stats: the daemon's answer was not understood");
		status = EXIT_WASMCTL;
	}
	return status;
}

/* Metrics of one name stand together; those with a label are objects. */
static void
stats_print_json(const struct samples *s)
{
	printf("{");
	for (size_t i = 0; i < s->count; i++) {
		const struct sample *item = &s->items[i];
		bool first = i == 0 ||
			strcmp(item->name, item[-1].name) != 0;
		bool last = i + 1 == s->count ||
			strcmp(item->name, item[1].name) != 0;

		if (first)
			printf("%s\"%s\":%s", i == 0 ? "" : ",", item->name,
				item->label[0] == '\0' ? "" : "{");
		if (item->label[0] != '\0')
			printf("%s\"%s\":", first ? "" : ",", item->value);
		printf("%s", item->number);
		if (last && item->label[0] != '\0')
			printf("}");
	}
	printf("}\n");
}

static void
stats_print(const struct stats_values *v, const struct buf *text,
	const struct samples *samples)
{
	struct buf out;

	buf_init(&out, 1u << 20);
	if (v->prometheus)
		fwrite(text->data, 1, text->len, stdout);
	else if (v->json)
		stats_print_json(samples);
	else if (overview_write(&out, samples, NULL, 0) == -1)
		report_fatal("out of memory");
	if (out.len > 0)
		fwrite(out.data, 1, out.len, stdout);
	buf_clear(&out);
}

int
stats_run(const struct verb *verb, int argc, char **argv)
{
	struct stats_values v = { .help = false };
	static struct samples samples;
	struct ask a = { .on_item = NULL };
	struct buf text;
	int status, first = verb_parse(verb, &v, argc, argv, &status);

	if (first == -1)
		return status;
	if (first < argc) {
		report("stats: no operands, but \"%s\" was given", argv[first]);
		return EXIT_WASMCTL;
	}
	a.where = &v.where;
	buf_init(&text, STATS_TEXT_MAX);
	if (ask_open(&a, "stats") == 0)
		status = stats_ask(&a, &text, &samples);
	if (status == 0)
		stats_print(&v, &text, &samples);
	ask_close(&a);
	buf_clear(&text);
	return status;
}
