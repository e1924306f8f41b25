/* wasmctl submit and its alias run: run a module and be its terminal. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/address.h"
#include "client/grants.h"
#include "client/json.h"
#include "client/outcome.h"
#include "client/profile.h"
#include "client/program.h"
#include "client/quantity.h"
#include "client/report.h"
#include "client/results.h"
#include "client/session.h"
#include "client/text.h"
#include "client/verb.h"

struct submit_values {
	struct texts env;
	const char *argv0;
	struct texts preload;
	struct texts sockets;
	struct texts dirs;
	int broker;		/* of these two, or -1 */
	const char *invoke;
	uint64_t wall_ms, cpu_ms, fuel;
	uint64_t memory_bytes, stack_bytes, output_bytes, table_elems;
	bool detach;
	bool open_stdin;
	uint64_t keep_bytes;
	uint64_t priority;
	uint64_t open_files;
	const char *stdin_path;
	bool no_stdin;
	struct maybe trace;
	bool profile;
	bool deterministic;
	const char *seed_text;
	uint64_t seed;
	bool json;
	const char *meta;
	bool quiet;
	bool verbose;
	struct where where;
	bool help;
};

#define AT(field) offsetof(struct submit_values, field)

const struct option_spec submit_options[] = {
	{ 'e', "env", OPTION_TEXTS, AT(env), "NAME[=VALUE]",
		"a variable for the guest; without a value, ours" },
	{ 0, "argv0", OPTION_TEXT, AT(argv0), "NAME",
		"what the guest is told to be called" },
	{ 'i', "invoke", OPTION_TEXT, AT(invoke), "NAME",
		"call this export; the arguments are its parameters" },
	{ 0, "preload", OPTION_TEXTS, AT(preload), "NAME=FILE",
		"a module it imports from as NAME; may be repeated" },
	{ 0, "dir", OPTION_TEXTS, AT(dirs), "HOST[::GUEST[:ro]]",
		"a directory for it, as GUEST; may be repeated" },
	{ 0, "fd", OPTION_TEXTS, AT(sockets), "NUMBER",
		"a socket for it that we inherited; may be repeated" },
	OPTION_TIMEOUT(struct submit_values),
	OPTIONS_LIMITS(struct submit_values),
	{ 0, "max-output", OPTION_SIZE, AT(output_bytes), "SIZE",
		"stop it after this much output" },
	{ 0, "max-stack", OPTION_SIZE, AT(stack_bytes), "SIZE",
		"memory for its calls in calls" },
	{ 0, "max-table", OPTION_NUMBER, AT(table_elems), "NUMBER",
		"elements that its tables may have" },
	{ 'd', "detach", OPTION_FLAG, AT(detach), NULL,
		"let it run on its own, and print its number" },
	{ 0, "open-stdin", OPTION_FLAG, AT(open_stdin), NULL,
		"leave a detached job's input to wasmctl attach" },
	{ 0, "keep", OPTION_SIZE, AT(keep_bytes), "SIZE",
		"keep this much of a detached job's output [1M]" },
	{ 0, "priority", OPTION_NUMBER, AT(priority), "NUMBER",
		"1 to 9 [5]: before your jobs with lower numbers" },
	{ 0, "max-files", OPTION_NUMBER, AT(open_files), "NUMBER",
		"files and directories it may have open at once" },
	{ 0, "stdin", OPTION_TEXT, AT(stdin_path), "FILE",
		"its standard input, in place of ours" },
	{ 'n', "no-stdin", OPTION_FLAG, AT(no_stdin), NULL,
		"give it no standard input" },
	{ 0, "deterministic", OPTION_FLAG, AT(deterministic), NULL,
		"make time, randomness and NaNs always the same" },
	{ 0, "seed", OPTION_TEXT, AT(seed_text), "NUMBER",
		"the same, with other randomness for each number" },
	{ 0, "trace-hostcalls", OPTION_MAYBE, AT(trace), "FILE",
		"write its calls of the host, here or to FILE" },
	{ 0, "profile", OPTION_FLAG, AT(profile), NULL,
		"say at the end what each of its functions cost" },
	{ 0, "json", OPTION_FLAG, AT(json), NULL,
		"the record as JSON on standard error, no messages" },
	{ 0, "meta", OPTION_TEXT, AT(meta), "FILE",
		"write the record as JSON to this file" },
	{ 'q', "quiet", OPTION_FLAG, AT(quiet), NULL,
		"no messages; the exit status says how it went" },
	{ 'v', "verbose", OPTION_FLAG, AT(verbose), NULL,
		"say which daemon is used, and show the record" },
	OPTIONS_COMMON(struct submit_values),
	{ .name = NULL },
};

#undef AT

/* ---- before ------------------------------------------------------------ */

/* Without --seed it is 0, which may be given, too. */
static int
submit_read_seed(struct submit_values *v)
{
	if (v->seed_text == NULL)
		return 0;
	if (quantity_read_number(v->seed_text, &v->seed) == -1) {
		report("--seed: not a number, such as 1000: \"%s\"",
			v->seed_text);
		return -1;
	}
	v->deterministic = true;
	return 0;
}

/* Which of the standard descriptors cannot do what they are for, as those that
 * were closed before we began (see main_fill_descriptors). */
static unsigned
submit_closed(void)
{
	unsigned closed = 0;

	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		int flags = fcntl(fd, F_GETFL);
		int wrong = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (flags == -1 || (flags & O_ACCMODE) == wrong)
			closed |= 1u << fd;
	}
	return closed;
}

static bool
submit_wants_stdin(const struct submit_values *v, const struct module_source *m)
{
	/* A module from "-" has used up ours. */
	return !v->no_stdin &&
		(v->stdin_path != NULL || strcmp(m->path, "-") != 0);
}

static unsigned
submit_terminals(bool has_stdin)
{
	unsigned tty = 0;

	for (int fd = has_stdin ? 0 : 1; fd <= STDERR_FILENO; fd++)
		if (isatty(fd))
			tty |= 1u << fd;
	return tty;
}

/* operands: the module's arguments, or the export's parameters. */
static void
submit_make_call(struct wasmd_call *call, const struct submit_values *v,
	const struct program *p, const struct texts *args)
{
	const char *const *words = (const char *const *)args->items;
	bool wants_stdin = submit_wants_stdin(v, &p->modules[0]);
	unsigned closed = submit_closed();

	*call = (struct wasmd_call){
		.size = sizeof(*call),
		.args = words,
		.nargs = v->invoke != NULL ? 1 : args->count,
		.env = (const char *const *)v->env.items,
		.nenv = v->env.count,
		.invoke = v->invoke,
		.params = words + 1,
		.nparams = args->count - 1,
		.has_stdin = wants_stdin && (closed & 1) == 0,
		.closed = wants_stdin ? closed : closed & ~1u,
		.trace = v->trace.given,
		.deterministic = v->deterministic,
		.seed = v->seed,
		.detach = v->detach,
		.keep_bytes = (uint32_t)v->keep_bytes,
		.priority = (unsigned)v->priority,
		.wall_ms = v->wall_ms,
		.cpu_ms = v->cpu_ms,
		.fuel = v->fuel,
		.memory_bytes = v->memory_bytes,
		.stack_bytes = v->stack_bytes,
		.output_bytes = v->output_bytes,
		.table_elems = v->table_elems,
		.open_files = v->open_files,
		.has_broker = v->broker != -1,
		.broker = v->broker,
	};
	if (!v->detach)
		call->tty = submit_terminals(call->has_stdin);
}

/* ---- after ------------------------------------------------------------- */

static void
submit_write_results(const struct wasmd_msg *record)
{
	struct buf out;

	buf_init(&out, RECORD_JSON_MAX);
	if (results_lines(&out, record) == -1)
		report_fatal("out of memory");
	if (fd_write_all(STDOUT_FILENO, out.data, out.len) == -1 &&
	    errno != EPIPE)
		report("cannot write standard output: %s", strerror(errno));
	buf_clear(&out);
}

/* The last member of the record as JSON, which is an object. */
static int
submit_add_profile(struct buf *json, const struct profile_report *profile)
{
	if (profile == NULL)
		return 0;
	json->len--;
	return buf_printf(json, ",\"profile\":") == -1 ||
		profile_json(json, profile) == -1 ? -1 :
		buf_append(json, "}", 1);
}

/* The record to the file of --meta and, with --json or -v, to standard error. */
static void
submit_write_record(const struct wasmd_msg *record, const struct submit_values *v,
	const struct profile_report *profile, int meta)
{
	struct buf json, table;

	buf_init(&json, RECORD_JSON_MAX);
	buf_init(&table, RECORD_JSON_MAX);
	if (json_message(&json, record) == -1 ||
	    submit_add_profile(&json, profile) == -1 ||
	    buf_append(&json, "\n", 1) == -1 ||
	    (v->verbose && record_table(&table, record) == -1) ||
	    (profile != NULL && profile_table(&table, profile) == -1))
		report_fatal("out of memory");
	if (meta != -1 && fd_write_all(meta, json.data, json.len) == -1)
		report("cannot write %s: %s", v->meta, strerror(errno));
	if (v->json)
		fd_write_all(STDERR_FILENO, json.data, json.len);
	if (!v->json)
		fd_write_all(STDERR_FILENO, table.data, table.len);
	buf_clear(&json);
	buf_clear(&table);
}

/* What the record says, told to the terminal and to the caller. */
static int
submit_finish(struct session *s, const struct submit_values *v,
	const struct program *p, int meta)
{
	const struct wasmd_msg *record = s->record;
	int status;

	if (s->stdout_errno == 0)
		submit_write_results(record);
	if (s->out.trace_errno != 0)
		report("cannot write the trace: %s",
			strerror(s->out.trace_errno));
	status = outcome_finish(s, p->modules, p->count);
	submit_write_record(record, v, s->profile == NULL ? NULL :
		profile_last(s->profile), meta);
	return status;
}

/* ---- the verb ---------------------------------------------------------- */

/* There was no job: a record all the same, for whoever reads records. */
static int
submit_fail(const struct submit_values *v, int meta, const char *where,
	const char *why)
{
	struct wasmd_msg *record = record_new("XX", why);

	report("%s: %s", where, why);
	submit_write_record(record, v, NULL, meta);
	wasmd_msg_free(record);
	return EXIT_WASMCTL;
}

/* What is written beside the guest's streams. */
struct submit_files {
	int meta;	/* -1: none */
	int trace;
};

static int
submit_session(struct wasmd *conn, const struct submit_values *v,
	struct program *p, const struct texts *args,
	const struct submit_files *files)
{
	static struct profile profile;
	struct wasmd_call call;
	struct session s;
	int status;

	submit_make_call(&call, v, p, args);
	status = program_for_call(p, conn, &call);
	if (status != 0)
		return status;
	if (session_run(&s, conn, &call, files->trace,
	    v->profile ? &profile : NULL) == -1)
		status = submit_fail(v, files->meta, p->modules[0].path,
			s.err.text);
	else if (s.detach && s.id != 0)
		status = printf("%llu\n", (unsigned long long)s.id) > 0 ? 0 :
			EXIT_WASMCTL;
	else
		status = submit_finish(&s, v, p, files->meta);
	session_clear(&s);
	return status;
}

static int
submit_connect(const struct submit_values *v, struct program *p,
	const struct texts *args, const struct submit_files *files)
{
	struct err err = ERR_NONE;
	struct address address;
	struct wasmd *conn = address_open(&v->where, &address, &err);
	int status;

	if (conn == NULL)
		return submit_fail(v, files->meta, address_text(&address),
			err.text);
	if (v->verbose && !v->json)
		report("%s daemon at %s", address.was_started ? "started a" :
			"using the", address_text(&address));
	status = submit_session(conn, v, p, args, files);
	wasmd_close(conn);
	return status;
}

static int
submit_open_file(const char *path, int *fd)
{
	if (path == NULL)
		return 0;
	*fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (*fd == -1)
		report("cannot write %s: %s", path, strerror(errno));
	return *fd == -1 ? -1 : 0;
}

/* Make the named file our standard input: 0, or what to exit with. */
static int
submit_open_stdin(const char *path)
{
	int fd;

	if (path == NULL)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1 || dup2(fd, STDIN_FILENO) == -1) {
		report("--stdin %s: %s", path, strerror(errno));
		return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_WASMCTL;
	}
	close(fd);
	return 0;
}

static int
submit_file(const struct submit_values *v, int argc, char **argv)
{
	struct texts args = { .count = 0 };
	struct program p;
	struct submit_files files = { .meta = -1, .trace = STDERR_FILENO };
	int status;

	status = program_open(&p, argv[0], &v->preload);
	if (status != 0)
		return status;
	texts_add(&args, v->argv0 != NULL ? v->argv0 :
		module_name(&p.modules[0]));
	for (int i = 1; i < argc; i++)
		texts_add(&args, argv[i]);
	status = submit_open_stdin(v->stdin_path);
	if (status == 0) {
		status = EXIT_WASMCTL;
		if (submit_open_file(v->meta, &files.meta) == 0 &&
		    submit_open_file(v->trace.text, &files.trace) == 0)
			status = submit_connect(v, &p, &args, &files);
		fd_close(&files.meta);
	}
	program_close(&p);
	texts_clear(&args);
	return status;
}

static int
submit_check(const struct submit_values *v)
{
	if (v->keep_bytes > 0 && !v->detach)
		report("--keep is for --detach: other output is not kept");
	else if (v->open_stdin && !v->detach)
		report("--open-stdin is for --detach");
	else if (v->keep_bytes > WASMD_KEEP_MAX)
		report("--keep: at most 16M can be kept");
	else if (v->priority > 9)
		report("--priority: at most 9");
	else if (v->detach && (v->trace.given || v->profile ||
	    v->dirs.count > 0 || v->sockets.count > 0))
		report("--detach: not with --trace, --profile, --dir or --fd, "
			"which need this process");
	else if (address_is_remote(&v->where) &&
	    (v->dirs.count > 0 || v->sockets.count > 0))
		report("--host: not with --dir or --fd, as files and sockets "
			"of this machine cannot be passed to another");
	else if (v->detach && (v->json || v->meta != NULL))
		report("--detach: there is no record yet; see wasmctl wait");
	else
		return 0;
	return -1;
}

static int
submit_with(const struct verb *verb, struct submit_values *v, int argc,
	char **argv)
{
	int status, first = verb_parse(verb, v, argc, argv, &status);

	if (first == -1)
		return status;
	report_open(v->quiet || v->json);
	if (first == argc) {
		report("%s: which module? (see wasmctl %s --help)", argv[0],
			argv[0]);
		return EXIT_WASMCTL;
	}
	if (submit_check(v) == -1 || texts_fill_env(&v->env) == -1 ||
	    submit_read_seed(v) == -1)
		return EXIT_WASMCTL;
	/* Before anything of the module or the daemon is in our memory. */
	status = grants_open(&v->dirs, &v->sockets, &v->broker);
	if (status == 0)
		status = submit_file(v, argc - first, argv + first);
	fd_close(&v->broker);
	return status;
}

int
submit_run(const struct verb *verb, int argc, char **argv)
{
	struct submit_values v = { .broker = -1 };
	int status = submit_with(verb, &v, argc, argv);

	texts_clear(&v.env);
	texts_clear(&v.preload);
	texts_clear(&v.dirs);
	texts_clear(&v.sockets);
	return status;
}
