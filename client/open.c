/* wasmctl open: an instance that stays, and takes calls line by line. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/ask.h"
#include "client/line.h"
#include "client/module.h"
#include "client/outcome.h"
#include "client/report.h"
#include "client/results.h"
#include "client/text.h"
#include "client/verb.h"

struct open_values {
	struct texts env;
	uint64_t wall_ms, cpu_ms, fuel, memory_bytes;	/* wall: of a call */
	uint64_t max_age_ms, max_calls, output_bytes;
	bool reset;
	bool json;
	struct where where;
	bool help;
};

#define AT(field) offsetof(struct open_values, field)

const struct option_spec open_options[] = {
	{ 0, "max-calls", OPTION_NUMBER, AT(max_calls), "NUMBER",
		"end it after so many calls" },
	{ 0, "max-age", OPTION_TIME, AT(max_age_ms), "TIME",
		"end it after this time, such as 10m" },
	{ 0, "reset", OPTION_FLAG, AT(reset), NULL,
		"after a trap begin again with a new one" },
	{ 'e', "env", OPTION_TEXTS, AT(env), "NAME[=VALUE]",
		"a variable for the guest; without a value, ours" },
	OPTION_TIMEOUT(struct open_values),
	OPTIONS_LIMITS(struct open_values),
	{ 0, "max-output", OPTION_SIZE, AT(output_bytes), "SIZE",
		"stop it after this much output" },
	{ 0, "json", OPTION_FLAG, AT(json), NULL,
		"print how each call ended as a line of JSON" },
	/* An instance's socket does not pass through ssh. */
	OPTIONS_LOCAL(struct open_values),
	{ .name = NULL },
};

#undef AT

#define OPEN_LINE_MAX (2u << 20)	/* more than a call may have */
#define OPEN_READ_MAX 65536

/* The instance and the calls that wait for it. */
struct opened {
	struct ask ask;
	const struct open_values *values;
	const struct module_source *module;
	struct wasmd_instance *instance;
	struct buf in;		/* lines to come */
	bool eof;
	char *text;		/* the line of the call that runs, or NULL */
	struct line line;
	int status;		/* that of the first that failed, or 0 */
	bool over;
};

/* ---- how a call ended ---------------------------------------------------- */

static const struct {
	const char *word;
	int exit;
} open_ends[] = {
	[WASMD_RETURNED] = { "returned", 0 },
	[WASMD_EXITED] = { "exited", 0 },
	[WASMD_TRAPPED] = { "trapped", 134 },
	[WASMD_OUT_OF_FUEL] = { "out-of-fuel", 124 },
	[WASMD_OUT_OF_MEMORY] = { "out-of-memory", 137 },
	[WASMD_OUT_OF_OUTPUT] = { "out-of-output", 137 },
	[WASMD_NO_FUNCTION] = { "no-function", EXIT_NOT_FOUND },
	[WASMD_WRONG_ARGUMENTS] = { "wrong-arguments", EXIT_WASMCTL },
};

static void
open_set_status(struct opened *o, int status)
{
	if (o->status == 0)
		o->status = status;
}

static int
open_write_results(struct buf *out, const struct wasmd_return *r)
{
	char text[WASMD_VALUE_TEXT_MAX];

	for (size_t i = 0; i < r->nresults; i++)
		if (wasmd_value_text(text, &r->results[i]) == -1 ||
		    buf_printf(out, "%s\n", text) == -1)
			return -1;
	return 0;
}

/* What results_json does for a record. */
static int
open_write_values(struct buf *out, const struct wasmd_return *r)
{
	char text[WASMD_VALUE_TEXT_MAX];

	for (size_t i = 0; i < r->nresults; i++)
		if (wasmd_value_text(text, &r->results[i]) == -1 ||
		    buf_printf(out, "%s{\"type\":\"%s\",\"value\":\"%s\"}",
			    i > 0 ? "," : "",
			    wasmd_kind_name(r->results[i].kind), text) == -1)
			return -1;
	return 0;
}

static int
open_write_json(struct buf *out, const struct opened *o,
	const struct wasmd_return *r)
{
	if (buf_printf(out, "{\"end\":\"%s\",\"results\":[",
		    open_ends[r->end].word) == -1 ||
	    open_write_values(out, r) == -1 || buf_printf(out, "]") == -1)
		return -1;
	if (o->line.wants_bytes && r->end == WASMD_RETURNED &&
	    (buf_printf(out, ",\"bytes\":") == -1 ||
		    text_json(out, r->bytes.data, r->bytes.len) == -1))
		return -1;
	if (r->cause.len > 0 && (buf_printf(out, ",\"cause\":") == -1 ||
		    text_json(out, r->cause.data, r->cause.len) == -1))
		return -1;
	return buf_printf(out, ",\"exit_code\":%" PRIu32 ",\"fuel\":%" PRIu64
		",\"memory_pages\":%" PRIu64 ",\"last\":%s}\n", r->exit_code,
		r->fuel, r->memory_pages, r->last ? "true" : "false");
}

/* In the worst case each byte becomes six. */
#define OPEN_OUT_MAX (8u << 20)

static void
open_print(const struct opened *o, const struct wasmd_return *r)
{
	struct buf out;
	int ret = -1;

	buf_init(&out, OPEN_OUT_MAX);
	if (o->values->json)
		ret = open_write_json(&out, o, r);
	else if (o->line.wants_bytes && r->end == WASMD_RETURNED)
		ret = buf_append(&out, r->bytes.data, r->bytes.len) == -1 ||
			buf_append(&out, "\n", 1) == -1 ? -1 : 0;
	else
		ret = open_write_results(&out, r);
	if (ret == -1)
		report_fatal("out of memory");
	if (out.len > 0)
		fwrite(out.data, 1, out.len, stdout);
	fflush(stdout);
	buf_clear(&out);
}

/* "add: trapped: integer divide by zero", and where. */
static void
open_explain(const char *name, const struct wasmd_return *r)
{
	const char *at = r->backtrace.data, *end = at + r->backtrace.len;

	if (r->end == WASMD_EXITED)
		report("%s: exited with %" PRIu32, name, r->exit_code);
	else
		report("%s: %s%.*s", name, r->end == WASMD_TRAPPED ?
			"trapped: " : "", (int)r->cause.len, r->cause.data);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline == NULL ? end : newline;

		report_more("    %.*s", (int)(stop - at), at);
		at = stop + 1;
	}
}

static void
open_fail(struct opened *o, const char *name, const struct wasmd_return *r)
{
	bool is_exit = r->end == WASMD_EXITED;

	if (!is_exit || r->exit_code != 0)
		open_explain(name, r);
	open_set_status(o, is_exit ? (int)(r->exit_code & 255) :
		open_ends[r->end].exit);
}

/* ---- what happens to it -------------------------------------------------- */

static void
open_on_ready(void *arg, const struct wasmd_return *start)
{
	struct opened *o = arg;

	if (start->end != WASMD_RETURNED)
		open_fail(o, o->module->path, start);
}

static void
open_on_return(void *arg, const struct wasmd_return *r)
{
	struct opened *o = arg;

	open_print(o, r);
	if (r->end != WASMD_RETURNED)
		open_fail(o, o->line.name, r);
	free(o->text);
	o->text = NULL;
}

static void
open_on_output(void *arg, int fd, const void *data, size_t len)
{
	struct opened *o = arg;

	if (fd_write_all(fd, data, len) == 0 || fd != STDOUT_FILENO)
		return;
	open_set_status(o, errno == EPIPE ? EXIT_CANCELLED : EXIT_WASMCTL);
	o->over = true;
}

/* Its wall time is its age. */
static bool
open_is_too_old(const struct wasmd_msg *record)
{
	struct wasmd_bytes status = wasmd_msg_bytes(record, "status");

	return status.len == 2 && memcmp(status.data, "TO", 2) == 0;
}

static void
open_on_exit(void *arg, const struct wasmd_msg *record)
{
	struct opened *o = arg;

	o->over = true;
	/* Only we can have cancelled it, for a call that took too long. */
	if (o->text != NULL && wasmd_record_exit(record) == EXIT_CANCELLED) {
		report("%s: took longer than --timeout; the instance has ended",
			o->line.name);
		open_set_status(o, 124);
		return;
	}
	if (o->status != 0)
		return;
	if (open_is_too_old(record))
		report("%s: reached --max-age", o->module->path);
	o->status = open_is_too_old(record) ? wasmd_record_exit(record) :
		outcome_tell(record, o->module, 1);
}

static void
open_on_refused(void *arg, const struct wasmd_error *error)
{
	struct opened *o = arg;

	o->over = true;
	report("%s: %s", o->module->path, error->text);
	open_set_status(o, error->code == WASMD_ERROR_NO_MODULE ?
		EXIT_NOT_FOUND : EXIT_WASMCTL);
}

static const struct wasmd_instance_events open_events = {
	.size = sizeof(open_events),
	.on_ready = open_on_ready,
	.on_return = open_on_return,
	.on_output = open_on_output,
	.on_exit = open_on_exit,
	.on_refused = open_on_refused,
};

/* ---- the calls ----------------------------------------------------------- */

/* The next line without its end, to be freed, and its length; NULL: it has not
 * come. */
static char *
open_take_line(struct opened *o, size_t *taken)
{
	const uint8_t *newline = o->in.len == 0 ? NULL :
		memchr(o->in.data, '\n', o->in.len);
	size_t len = newline == NULL ? o->in.len :
		(size_t)(newline - o->in.data);
	char *text;

	if (newline == NULL && (!o->eof || o->in.len == 0))
		return NULL;
	text = malloc(len + 1);
	if (text == NULL)
		report_fatal("out of memory");
	memcpy(text, o->in.data, len);
	text[len] = '\0';
	*taken = len;
	buf_drain(&o->in, len + (newline != NULL));
	return text;
}

static void
open_read(struct opened *o)
{
	char data[OPEN_READ_MAX];
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n == -1)
		report("cannot read standard input: %s", strerror(errno));
	o->eof = n <= 0;
	if (n > 0 && buf_append(&o->in, data, (size_t)n) == -1) {
		report("a line of more than %u bytes", OPEN_LINE_MAX);
		open_set_status(o, EXIT_WASMCTL);
		buf_clear(&o->in);
		o->over = true;
	}
}

static void
open_call(struct opened *o)
{
	struct wasmd_invoke call = {
		.size = sizeof(call), .name = o->line.name,
		.args = o->line.args, .nargs = o->line.nargs,
		.wants_bytes = o->line.wants_bytes,
		.timeout_ms = o->values->wall_ms,
	};

	if (wasmd_instance_call(o->instance, &call, &o->ask.error) == 0)
		return;
	report("%s: %s", o->line.name, o->ask.error.text);
	open_set_status(o, EXIT_WASMCTL);
	free(o->text);
	o->text = NULL;
}

/* Whether there was a line. */
static bool
open_next(struct opened *o)
{
	const char *why;
	size_t len;
	int r;

	o->text = open_take_line(o, &len);
	if (o->text == NULL)
		return false;
	r = line_parse(&o->line, o->text, len, &why);
	if (r == 1) {
		open_call(o);
		return true;
	}
	if (r == -1) {
		report("%s", why);
		open_set_status(o, EXIT_WASMCTL);
	}
	free(o->text);
	o->text = NULL;
	return true;
}

/* ---- the loop ------------------------------------------------------------ */

static void
open_wait(struct opened *o)
{
	bool idle = wasmd_instance_is_ready(o->instance);
	struct pollfd p[] = {
		{ wasmd_fd(o->ask.conn), POLLIN, 0 },
		{ wasmd_instance_fd(o->instance), POLLIN, 0 },
		{ idle && !o->eof ? STDIN_FILENO : -1, POLLIN, 0 },
	};

	if (wasmd_unsent(o->ask.conn) > 0)
		p[0].events |= POLLOUT;
	if (wasmd_instance_unsent(o->instance) > 0)
		p[1].events |= POLLOUT;
	poll(p, 3, wasmd_instance_timeout(o->instance));
	if (p[2].revents != 0)
		open_read(o);
	if (wasmd_instance_dispatch(o->instance, &o->ask.error) == -1 ||
	    wasmd_dispatch(o->ask.conn, &o->ask.error) == -1) {
		report("%s: %s", o->module->path, o->ask.error.text);
		open_set_status(o, EXIT_WASMCTL);
		o->over = true;
	}
}

static void
open_loop(struct opened *o)
{
	while (!o->over) {
		while (!o->over && wasmd_instance_is_ready(o->instance) &&
		    open_next(o))
			;
		if (o->eof && o->in.len == 0 &&
		    wasmd_instance_is_ready(o->instance))
			return;
		if (!o->over)
			open_wait(o);
	}
	if (o->in.len == 0)
		return;
	report("%s: the instance has ended before the calls did",
		o->module->path);
	open_set_status(o, EXIT_WASMCTL);
}

static int
open_module(struct opened *o, const struct module_source *m)
{
	const char *name = module_name(m);
	const struct open_values *v = o->values;
	const struct wasmd_call call = {
		.size = sizeof(call),
		.digest = m->digest,
		.module_fd = m->fd,
		.args = &name,
		.nargs = 1,
		.env = (const char *const *)v->env.items,
		.nenv = v->env.count,
		.wall_ms = v->max_age_ms,
		.cpu_ms = v->cpu_ms,
		.fuel = v->fuel,
		.memory_bytes = v->memory_bytes,
		.output_bytes = v->output_bytes,
		.max_calls = v->max_calls,
		.reset = v->reset,
	};

	o->module = m;
	o->instance = wasmd_instance_open(o->ask.conn, &call, &open_events, o,
		&o->ask.error);
	if (o->instance == NULL) {
		report("%s: %s", m->path, o->ask.error.text);
		return EXIT_WASMCTL;
	}
	open_loop(o);
	wasmd_instance_close(o->instance);
	free(o->text);
	return o->status;
}

static int
open_path(const struct open_values *v, const char *path)
{
	struct opened o = { .values = v, .ask.where = &v->where };
	struct module_source m;
	int status = module_open(&m, path);

	if (status != 0)
		return status;
	buf_init(&o.in, OPEN_LINE_MAX);
	status = EXIT_WASMCTL;
	if (ask_open(&o.ask, "open") == 0)
		status = open_module(&o, &m);
	ask_close(&o.ask);
	buf_clear(&o.in);
	module_close(&m);
	return status;
}

int
open_run(const struct verb *verb, int argc, char **argv)
{
	/* No socket of an instance comes from another machine. */
	struct open_values v = { .where.is_local = true };
	int status, first = verb_parse(verb, &v, argc, argv, &status);

	if (first == -1)
		return status;
	if (argc - first != 1)
		report("open: which module? One (see wasmctl open --help)");
	else if (strcmp(argv[first], "-") == 0)
		report("open: the calls come from standard input, so that the "
			"module cannot");
	else if (texts_fill_env(&v.env) == 0) {
		report_open(v.json);
		status = open_path(&v, argv[first]);
	}
	texts_clear(&v.env);
	return status;
}
