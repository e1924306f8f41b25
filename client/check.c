/* wasmctl check: which layers of confinement this machine gives. */
#include <poll.h>
#include <stdio.h>

#include "client/address.h"
#include "client/outcome.h"
#include "client/report.h"
#include "client/text.h"
#include "client/verb.h"

struct check_values {
	const char *socket;
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

static void
check_print_layer(struct span layer)
{
	struct buf line;

	buf_init(&line, 5 * PROTO_TEXT_MAX);
	if (text_escape(&line, layer.data, layer.len) == -1)
		report_fatal("out of memory");
	printf("%.*s\n", (int)line.len, (char *)line.data);
	buf_clear(&line);
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
	conn = address_open(v.socket, &address, &err);
	if (conn == NULL || check_ask(conn, &a, &err) == -1) {
		report("%s: %s", address_text(&address), err.text);
		a.status = EXIT_WASMCTL;
	}
	wasmd_close(conn);
	return a.status;
}
