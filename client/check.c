/* wasmctl check: which layers of confinement this machine gives. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/ask.h"
#include "client/outcome.h"
#include "client/report.h"
#include "client/text.h"
#include "client/verb.h"

#define CHECK_TEXT_MAX (64u << 10)	/* of a layer, escaped */

struct check_values {
	struct where where;
	bool help;
};

const struct option_spec check_options[] = {
	OPTIONS_COMMON(struct check_values),
	{ .name = NULL },
};

/* The next word of *text, which is moved behind it. */
static struct wasmd_bytes
check_take_word(struct wasmd_bytes *text)
{
	const char *space = memchr(text->data, ' ', text->len);
	struct wasmd_bytes word = { text->data, space == NULL ? text->len :
		(size_t)(space - text->data) };
	size_t taken = word.len + (space == NULL ? 0 : 1);

	*text = (struct wasmd_bytes){ text->data + taken, text->len - taken };
	return word;
}

static void
check_print_escaped(struct wasmd_bytes text, int width)
{
	struct buf out;

	buf_init(&out, CHECK_TEXT_MAX);
	if (text_escape(&out, text.data, text.len) == -1)
		report_fatal("out of memory");
	printf("%-*.*s", width, (int)out.len, (char *)out.data);
	buf_clear(&out);
}

/* "NAME STATE REASON..." in columns. */
static void
check_print_layer(struct wasmd_bytes layer)
{
	static const char in_force[] = "in-force";
	struct wasmd_bytes name = check_take_word(&layer);
	struct wasmd_bytes state = check_take_word(&layer);
	bool is_good = state.len == strlen(in_force) &&
		memcmp(state.data, in_force, state.len) == 0;
	bool colour = report_wants_colour(STDOUT_FILENO);

	check_print_escaped(name, 26);
	printf("%s", !colour ? "" : is_good ? "\033[32m" : "\033[33m");
	check_print_escaped(state, layer.len > 0 ? 10 : 0);
	printf("%s", colour ? "\033[0m" : "");
	check_print_escaped(layer, 0);
	printf("\n");
}

static void
check_on_answer(void *arg, const struct wasmd_msg *answer)
{
	for (size_t i = 0; i < wasmd_msg_count(answer, "layers"); i++)
		check_print_layer(wasmd_msg_item(answer, "layers", i));
}

int
check_run(const struct verb *verb, int argc, char **argv)
{
	struct check_values v = { .help = false };
	struct ask a = { .on_answer = check_on_answer };
	int status, first = verb_parse(verb, &v, argc, argv, &status);

	if (first == -1)
		return status;
	if (first < argc) {
		report("check: no operands, but \"%s\" was given", argv[first]);
		return EXIT_WASMCTL;
	}
	a.where = &v.where;
	if (ask_open(&a, "check") == 0)
		status = ask_plain(&a, "check");
	ask_close(&a);
	return status;
}
