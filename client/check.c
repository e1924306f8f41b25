/* wasmctl check: which layers of confinement this machine gives. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/address.h"
#include "client/outcome.h"
#include "client/report.h"
#include "client/text.h"
#include "client/verb.h"

struct check_values {
	struct where where;
	bool help;
};

const struct option_spec check_options[] = {
	OPTIONS_COMMON(struct check_values),
	{ .name = NULL },
};

struct check_answer {
	bool came;
	int status;
};

/* The next word of *text, which is moved behind it. */
static struct span
check_take_word(struct span *text)
{
	const char *space = memchr(text->data, ' ', text->len);
	struct span word = { text->data, space == NULL ? text->len :
		(size_t)(space - text->data) };
	size_t taken = word.len + (space == NULL ? 0 : 1);

	*text = (struct span){ text->data + taken, text->len - taken };
	return word;
}

static void
check_print_escaped(struct span text, int width)
{
	struct buf out;

	buf_init(&out, 5 * PROTO_TEXT_MAX);
	if (text_escape(&out, text.data, text.len) == -1)
		report_fatal("out of memory");
	printf("%-*.*s", width, (int)out.len, (char *)out.data);
	buf_clear(&out);
}

/* "NAME STATE REASON..." in columns. */
static void
check_print_layer(struct span layer)
{
	static const char in_force[] = "in-force";
	struct span name = check_take_word(&layer);
	struct span state = check_take_word(&layer);
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
check_on_layers(void *arg, const struct msg *answer)
{
	struct check_answer *a = arg;
	const struct span *layers;
	struct span text;
	size_t n;

	a->came = true;
	if (answer->id == MSG_ERROR) {
		text = msg_bytes(answer, FIELD_ERROR_TEXT);
		report("check: %.*s", (int)text.len, text.data);
		a->status = EXIT_WASMCTL;
		return;
	}
	layers = msg_strs(answer, RESULT_CHECK_LAYERS, &n);
	for (size_t i = 0; i < n; i++)
		check_print_layer(layers[i]);
}

static int
check_ask(struct wasmd *conn, struct check_answer *a, struct err *err)
{
	if (wasmd_check(conn, check_on_layers, a, err) == -1)
		return -1;
	while (!a->came) {
		struct pollfd p = { .fd = wasmd_fd(conn), .events = POLLIN };

		if (wasmd_dispatch(conn, err) == -1)
			return -1;
		if (!a->came)
			poll(&p, 1, -1);
	}
	return 0;
}

int
check_run(const struct verb *verb, int argc, char **argv)
{
	struct check_values v = { .help = false };
	struct check_answer a = { .status = 0 };
	struct err err = ERR_NONE;
	struct address address;
	struct wasmd *conn;
	int first = options_parse(check_options, &v, argc, argv);

	if (first == -1)
		return EXIT_WASMCTL;
	if (v.help) {
		verb_print_help(verb);
		return 0;
	}
	if (first < argc) {
		report("check: no operands, but \"%s\" was given", argv[first]);
		return EXIT_WASMCTL;
	}
	conn = address_open(&v.where, &address, &err);
	if (conn == NULL || check_ask(conn, &a, &err) == -1) {
		report("%s: %s", address_text(&address), err.text);
		a.status = EXIT_WASMCTL;
	}
	wasmd_close(conn);
	return a.status;
}
