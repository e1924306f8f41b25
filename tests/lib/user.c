/*
 * A program of libwasmd as another project would write it: built by
 * tests/system/test_library.py with what is installed and nothing else. Says
 * what went wrong and exits with 1.
 *
 *	user SOCKET CAT_MODULE SLEEP_MODULE PLUGIN_MODULE VALUES_MODULE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasmd.h>

#define CHECK(condition) do { \
	if (!(condition)) { \
		fprintf(stderr, "line %d: %s: %s\n", __LINE__, #condition, \
			error.text); \
		exit(1); \
	} \
} while (0)

static struct wasmd_error error;

/* ---- requests ------------------------------------------------------------ */

struct answer {
	int came;
	int code;		/* of an error, or 0 */
	unsigned items;
	char module[65];
	uint64_t job;
};

static void
on_item(void *arg, const struct wasmd_msg *item)
{
	struct answer *a = arg;

	a->items++;
	a->job = wasmd_msg_number(item, "job", 0);
}

static void
on_answer(void *arg, const struct wasmd_msg *m, const struct wasmd_error *e)
{
	struct wasmd_bytes module;
	struct answer *a = arg;

	a->came = 1;
	a->code = e != NULL ? e->code : 0;
	if (m == NULL)
		return;
	module = wasmd_msg_bytes(m, "module");
	snprintf(a->module, sizeof(a->module), "%.*s", (int)module.len,
		module.data);
}

static struct answer
wait_for(struct wasmd *w, struct answer *a)
{
	struct answer got;

	while (!a->came)
		CHECK(wasmd_wait(w, 10000, &error) == 0);
	got = *a;
	memset(a, 0, sizeof(*a));
	return got;
}

/* ---- a job --------------------------------------------------------------- */

struct run {
	struct wasmd_job *job;
	char out[100];
	size_t len;
	unsigned sent;
	struct wasmd_msg *record;
	int refused;
};

static void
on_started(void *arg, struct wasmd_job *job)
{
	struct run *r = arg;

	r->job = job;
}

static void
on_output(void *arg, int fd, const void *data, size_t len)
{
	struct run *r = arg;

	CHECK(fd == 1 && r->len + len < sizeof(r->out));
	memcpy(r->out + r->len, data, len);
	r->len += len;
	CHECK(wasmd_job_credit(r->job, len, &error) == 0);
}

static char too_much[1 << 20];

static void
on_want_input(void *arg, size_t bytes)
{
	struct run *r = arg;

	CHECK(bytes >= 5 && bytes < sizeof(too_much) && r->sent++ == 0);
	CHECK(wasmd_job_input(r->job, too_much, bytes + 1, &error) == -1);
	CHECK(error.code == WASMD_ERROR_USAGE);
	CHECK(wasmd_job_input(r->job, "bytes", 5, &error) == 0);
	CHECK(wasmd_job_input(r->job, "", 0, &error) == 0);
	/* Again it is harmless, but nothing comes behind it. */
	CHECK(wasmd_job_input(r->job, "", 0, &error) == 0);
	CHECK(wasmd_job_input(r->job, "x", 1, &error) == -1);
}

static void
on_exit_record(void *arg, const struct wasmd_msg *record)
{
	struct run *r = arg;

	r->record = wasmd_msg_copy(record);
}

static void
on_refused(void *arg, const struct wasmd_error *e)
{
	struct run *r = arg;

	r->refused = e->code;
}

static const struct wasmd_events events = {
	.size = sizeof(events), .on_started = on_started,
	.on_output = on_output, .on_want_input = on_want_input,
	.on_exit = on_exit_record, .on_refused = on_refused,
};

static void
run(struct wasmd *w, const struct wasmd_call *call, struct run *r)
{
	memset(r, 0, sizeof(*r));
	r->job = wasmd_submit(w, call, &events, r, &error);
	CHECK(r->job != NULL && wasmd_job_credit(r->job, 1, &error) == -1);
	while (r->record == NULL && r->refused == 0)
		CHECK(wasmd_wait(w, 10000, &error) == 0);
}

/* ---- what is tried ------------------------------------------------------- */

static char module[4][1 << 16];
static size_t module_len[4];

static void
read_module(int i, const char *path)
{
	FILE *f = fopen(path, "rb");

	CHECK(f != NULL);
	module_len[i] = fread(module[i], 1, sizeof(module[i]), f);
	fclose(f);
}

static void
try_store(struct wasmd *w, struct answer *a, const struct wasmd_asked *asked,
	char digest[65])
{
	const struct wasmd_put put = { .size = sizeof(put),
		.module = module[0], .module_len = module_len[0] };

	CHECK(wasmd_put(w, &put, asked, &error) == 0);
	strcpy(digest, wait_for(w, a).module);
	CHECK(strlen(digest) == 64);
	CHECK(wasmd_list(w, asked, &error) == 0);
	CHECK(wait_for(w, a).items == 1);
	CHECK(wasmd_info(w, digest, asked, &error) == 0);
	CHECK(strcmp(wait_for(w, a).module, digest) == 0);
}

static void
try_calls(struct wasmd *w, const char *digest)
{
	const char *const args[] = { "cat" };
	struct wasmd_call call = { .size = sizeof(call), .digest = digest,
		.args = args, .nargs = 1, .has_stdin = true, .credit = 64 };
	struct wasmd_bytes status;
	struct run r;

	run(w, &call, &r);
	CHECK(r.len == 5 && memcmp(r.out, "bytes", 5) == 0);
	CHECK(strcmp(wasmd_msg_name(r.record), "job.exit") == 0);
	status = wasmd_msg_bytes(r.record, "status");
	CHECK(status.len == 2 && memcmp(status.data, "OK", 2) == 0);
	CHECK(wasmd_record_exit(r.record) == 0);
	CHECK(wasmd_msg_number(r.record, "bytes_out", 0) == 5);
	CHECK(wasmd_msg_count(r.record, "layers") > 3);
	CHECK(!wasmd_msg_has(r.record, "no such field"));
	wasmd_msg_free(r.record);
	call.digest = NULL;
	call.module = "no module";
	call.module_len = 9;
	run(w, &call, &r);
	CHECK(wasmd_record_exit(r.record) == 126);
	wasmd_msg_free(r.record);
	call.wall_ms = UINT64_MAX / 2;
	CHECK(wasmd_submit(w, &call, &events, &r, &error) == NULL);
	CHECK(error.code == WASMD_ERROR_TOO_LARGE);
	call.digest = "00";
	call.wall_ms = 0;
	run(w, &call, &r);
	CHECK(r.refused != 0);
}

/* One that sleeps is cancelled, by its number. */
static void
try_kill(struct wasmd *w, struct answer *a, const struct wasmd_asked *asked)
{
	struct wasmd_call call = { .size = sizeof(call), .module = module[1],
		.module_len = module_len[1] };
	struct answer got;
	struct run r = { .job = NULL };

	CHECK(wasmd_submit(w, &call, &events, &r, &error) != NULL);
	while (r.job == NULL)
		CHECK(wasmd_wait(w, 10000, &error) == 0);
	CHECK(wasmd_jobs(w, asked, &error) == 0);
	got = wait_for(w, a);
	CHECK(got.items == 1 && got.job == wasmd_job_id(r.job));
	CHECK(wasmd_kill(w, got.job, asked, &error) == 0);
	while (r.record == NULL)
		CHECK(wasmd_wait(w, 10000, &error) == 0);
	CHECK(wasmd_record_exit(r.record) == 143);
	wasmd_msg_free(r.record);
	CHECK(wasmd_job_status(w, got.job, asked, &error) == 0);
	CHECK(wait_for(w, a).code == 0);
	CHECK(wasmd_job_status(w, 999999, asked, &error) == 0);
	CHECK(wait_for(w, a).code == WASMD_ERROR_NO_JOB);
}

/* Any message, by names. */
static void
try_messages(struct wasmd *w, struct answer *a, const struct wasmd_asked *asked)
{
	struct wasmd_msg *m = wasmd_msg_new("submit");
	const char *const words[] = { "one", "two" };
	struct wasmd_field field;

	CHECK(m != NULL && wasmd_msg_new("no such request") == NULL);
	CHECK(wasmd_msg_set_number(m, "fuel", 7) == 0);
	CHECK(wasmd_msg_set_str(m, "digest", "00") == 0);
	CHECK(wasmd_msg_set_strs(m, "args", words, 2) == 0);
	CHECK(wasmd_msg_set_number(m, "args", 7) == -1);
	CHECK(wasmd_msg_set_str(m, "nothing", "00") == -1);
	CHECK(wasmd_msg_item(m, "args", 1).len == 3);
	CHECK(wasmd_msg_item(m, "args", 2).len == 0);
	CHECK(wasmd_msg_field(m, 2, &field) && strcmp(field.name, "fuel") == 0);
	CHECK(field.type == WASMD_TYPE_UINT && !wasmd_msg_field(m, 3, &field));
	CHECK(wasmd_request(w, m, -1, asked, &error) == 0);
	CHECK(wait_for(w, a).code != 0);
	wasmd_msg_free(m);
	m = wasmd_msg_new("check");
	CHECK(wasmd_request(w, m, -1, asked, &error) == 0);
	CHECK(wait_for(w, a).code == 0);
	wasmd_msg_free(m);
}

/* Structures of an older and of a newer program. */
static void
try_sizes(struct wasmd *w)
{
	struct {
		struct wasmd_put put;
		uint64_t later;
	} newer = { .put = { .size = sizeof(newer), .module = "x",
		.module_len = 1 } };
	struct wasmd_put none = { .size = 0 };

	CHECK(wasmd_put(w, &none, NULL, &error) == -1);
	CHECK(error.code == WASMD_ERROR_USAGE);
	CHECK(wasmd_put(w, &newer.put, NULL, &error) == 0);
	newer.later = 1;
	CHECK(wasmd_put(w, &newer.put, NULL, &error) == -1);
}

/* ---- instances ----------------------------------------------------------- */

struct plugin {
	struct wasmd_instance *instance;
	unsigned ready, returns;
	enum wasmd_end end, start;
	bool last, over;
	int exit, refused;
	struct wasmd_value results[16];
	size_t nresults;
	char bytes[100], out[100], cause[200];
	size_t nbytes, nout;
};

static void
on_ready(void *arg, const struct wasmd_return *start)
{
	struct plugin *p = arg;

	p->ready++;
	p->start = start->end;
}

static void
on_return(void *arg, const struct wasmd_return *r)
{
	struct plugin *p = arg;

	p->returns++;
	p->end = r->end;
	p->last = r->last;
	p->nresults = r->nresults;
	memcpy(p->results, r->results, r->nresults * sizeof(p->results[0]));
	p->nbytes = r->bytes.len < 100 ? r->bytes.len : 100;
	memcpy(p->bytes, r->bytes.data, p->nbytes);
	snprintf(p->cause, sizeof(p->cause), "%.*s", (int)r->cause.len,
		r->cause.data);
	CHECK(r->end != WASMD_RETURNED || r->fuel > 0);
}

static void
on_plugin_output(void *arg, int fd, const void *data, size_t len)
{
	struct plugin *p = arg;

	CHECK(fd == 1 && p->nout + len < sizeof(p->out));
	memcpy(p->out + p->nout, data, len);
	p->nout += len;
}

static void
on_plugin_exit(void *arg, const struct wasmd_msg *record)
{
	struct plugin *p = arg;

	p->over = true;
	p->exit = wasmd_record_exit(record);
}

static void
on_plugin_refused(void *arg, const struct wasmd_error *e)
{
	struct plugin *p = arg;

	p->over = true;
	p->refused = e->code;
}

static const struct wasmd_instance_events plugin_events = {
	.size = sizeof(plugin_events), .on_ready = on_ready,
	.on_return = on_return, .on_output = on_plugin_output,
	.on_exit = on_plugin_exit, .on_refused = on_plugin_refused,
};

static void
plugin_wait(struct plugin *p)
{
	CHECK(wasmd_instance_wait(p->instance, 10000, &error) == 0);
}

static void
plugin_open(struct plugin *p, struct wasmd *w, int which,
	struct wasmd_call call)
{
	memset(p, 0, sizeof(*p));
	call.size = sizeof(call);
	call.module = module[which];
	call.module_len = module_len[which];
	p->instance = wasmd_instance_open(w, &call, &plugin_events, p, &error);
	CHECK(p->instance != NULL && wasmd_instance_fd(p->instance) == -1);
	while (p->ready == 0 && !p->over)
		plugin_wait(p);
}

static void
plugin_invoke(struct plugin *p, const struct wasmd_invoke *call)
{
	unsigned before = p->returns;

	CHECK(wasmd_instance_is_ready(p->instance));
	CHECK(wasmd_instance_call(p->instance, call, &error) == 0);
	/* One at a time. */
	CHECK(wasmd_instance_call(p->instance, call, NULL) == -1);
	while (p->returns == before && !p->over)
		plugin_wait(p);
}

static int
plugin_count(struct plugin *p)
{
	const struct wasmd_invoke call = { .size = sizeof(call),
		.name = "count" };

	plugin_invoke(p, &call);
	CHECK(p->end == WASMD_RETURNED && p->nresults == 1);
	CHECK(p->results[0].kind == WASMD_I32);
	return p->results[0].as.i32;
}

/* State stays in one alone; bytes go in and out; it sleeps. */
static void
try_state(struct wasmd *w)
{
	const struct wasmd_value text = { WASMD_BYTES,
		{ .bytes = { "HAL\0", 4 } } };
	const struct wasmd_value ms = { WASMD_I64, { .i64 = 20 } };
	const struct wasmd_invoke shift = { .size = sizeof(shift),
		.name = "shift", .args = &text, .nargs = 1, .wants_bytes = true };
	const struct wasmd_invoke nap = { .size = sizeof(nap), .name = "nap",
		.args = &ms, .nargs = 1 };
	const struct wasmd_invoke say = { .size = sizeof(say), .name = "say" };
	struct plugin one, other;

	plugin_open(&one, w, 2, (struct wasmd_call){ .size = 0 });
	plugin_open(&other, w, 2, (struct wasmd_call){ .size = 0 });
	CHECK(one.start == WASMD_RETURNED);
	CHECK(plugin_count(&one) == 101 && plugin_count(&one) == 102);
	CHECK(plugin_count(&other) == 101);
	plugin_invoke(&one, &shift);
	CHECK(one.nbytes == 4 && memcmp(one.bytes, "IBM\1", 4) == 0);
	plugin_invoke(&one, &nap);
	CHECK(one.end == WASMD_RETURNED);
	plugin_invoke(&one, &say);
	CHECK(one.nout == 6 && memcmp(one.out, "hello\n", 6) == 0);
	wasmd_instance_close(one.instance);
	CHECK(plugin_count(&other) == 102);
	wasmd_instance_close(other.instance);
	/* Their ends are awaited by nobody. */
	CHECK(wasmd_wait(w, 0, &error) == 0);
}

/* Every type there and back, whatever the locale. */
static void
try_values(struct wasmd *w)
{
	static const struct wasmd_value args[] = {
		{ WASMD_I32, { .i32 = INT32_MIN } },
		{ WASMD_I64, { .i64 = INT64_MAX } },
		{ WASMD_F32, { .f32 = -0.1f } },
		{ WASMD_F64, { .f64 = 1e-310 } },
		{ WASMD_V128, { .v128 = { 1, 2, 3, [15] = 0xff } } },
		{ WASMD_REF, { .ref = false } },
		{ WASMD_TEXT, { .bytes = { "null", 4 } } },
	};
	const struct wasmd_invoke all = { .size = sizeof(all), .name = "all",
		.args = args, .nargs = 7 };
	char text[WASMD_VALUE_TEXT_MAX];
	struct wasmd_value v;
	struct plugin p;

	plugin_open(&p, w, 3, (struct wasmd_call){ .size = 0 });
	plugin_invoke(&p, &all);
	CHECK(p.end == WASMD_RETURNED && p.nresults == 7);
	CHECK(p.results[0].as.i32 == INT32_MIN);
	CHECK(p.results[1].as.i64 == INT64_MAX);
	CHECK(p.results[2].as.f32 == -0.1f && p.results[3].as.f64 == 1e-310);
	CHECK(memcmp(p.results[4].as.v128, args[4].as.v128, 16) == 0);
	CHECK(p.results[5].kind == WASMD_REF && !p.results[6].as.ref);
	wasmd_instance_close(p.instance);
	CHECK(wasmd_value_text(text, &args[2]) == 0);
	CHECK(strcmp(text, "-0.100000001") == 0);
	CHECK(wasmd_value_text(text, &args[6]) == -1);
	CHECK(strcmp(wasmd_kind_name(WASMD_V128), "v128") == 0);
	CHECK(wasmd_value_read(&v, (struct wasmd_bytes){ "f64:0.5", 7 }) == 0);
	CHECK(v.kind == WASMD_F64 && v.as.f64 == 0.5);
	CHECK(wasmd_value_read(&v, (struct wasmd_bytes){ "f64:0,5", 7 }) == -1);
}

/* Wrong calls, traps, resets, deadlines, limits. */
static void
try_ends(struct wasmd *w)
{
	const struct wasmd_invoke none = { .size = sizeof(none),
		.name = "no such function" };
	const struct wasmd_invoke trap = { .size = sizeof(trap),
		.name = "trap" };
	const struct wasmd_invoke spin = { .size = sizeof(spin),
		.name = "spin", .timeout_ms = 50 };
	const struct wasmd_invoke fuel = { .size = sizeof(fuel),
		.name = "spin", .fuel = 1000 };
	struct plugin p;

	plugin_open(&p, w, 2, (struct wasmd_call){ .reset = true });
	plugin_invoke(&p, &none);
	CHECK(p.end == WASMD_NO_FUNCTION && !p.last);
	CHECK(plugin_count(&p) == 101);
	plugin_invoke(&p, &trap);
	CHECK(p.end == WASMD_TRAPPED && p.last);
	CHECK(strcmp(p.cause, "unreachable") == 0);
	while (p.ready < 2)
		plugin_wait(&p);
	CHECK(plugin_count(&p) == 101);
	plugin_invoke(&p, &fuel);
	CHECK(p.end == WASMD_OUT_OF_FUEL);
	while (p.ready < 3)
		plugin_wait(&p);
	plugin_invoke(&p, &spin);
	CHECK(p.over && p.exit == 143);
	wasmd_instance_close(p.instance);
	plugin_open(&p, w, 2, (struct wasmd_call){ .max_calls = 1 });
	CHECK(plugin_count(&p) == 101 && p.last);
	while (!p.over)
		plugin_wait(&p);
	CHECK(p.exit == 0 && wasmd_instance_fd(p.instance) == -1);
	CHECK(wasmd_instance_call(p.instance, &trap, &error) == -1);
	CHECK(error.code == WASMD_ERROR_USAGE);
	wasmd_instance_close(p.instance);
	plugin_open(&p, w, 2, (struct wasmd_call){ .wall_ms = UINT64_MAX / 4096 });
	CHECK(p.over && p.refused == WASMD_ERROR_TOO_LARGE);
	wasmd_instance_close(p.instance);
}

/* In the middle of a call, and before it has begun. */
static void
try_leaving(struct wasmd *w)
{
	const struct wasmd_invoke spin = { .size = sizeof(spin),
		.name = "spin" };
	struct wasmd_call call = { .size = sizeof(call), .module = module[2],
		.module_len = module_len[2] };
	struct wasmd_instance *i;
	struct plugin p;

	plugin_open(&p, w, 2, (struct wasmd_call){ .size = 0 });
	CHECK(wasmd_instance_call(p.instance, &spin, &error) == 0);
	wasmd_instance_close(p.instance);
	i = wasmd_instance_open(w, &call, &plugin_events, &p, &error);
	CHECK(i != NULL);
	wasmd_instance_close(i);
	CHECK(wasmd_wait(w, 100, &error) == 0);
	wasmd_instance_close(NULL);
}

int
main(int argc, char **argv)
{
	struct answer a = { .came = 0 };
	const struct wasmd_asked asked = { on_item, on_answer, &a };
	struct wasmd *w;
	char digest[65];

	CHECK(argc == 6);
	CHECK(wasmd_open("/nowhere/at/all", &error) == NULL);
	CHECK(error.code == WASMD_ERROR_UNAVAILABLE);
	CHECK(wasmd_open("/nowhere/at/all", NULL) == NULL);
	w = wasmd_open(argv[1], &error);
	CHECK(w != NULL);
	for (int i = 0; i < 4; i++)
		read_module(i, argv[2 + i]);
	try_messages(w, &a, &asked);
	try_store(w, &a, &asked, digest);
	try_calls(w, digest);
	try_kill(w, &a, &asked);
	try_sizes(w);
	try_state(w);
	try_values(w);
	try_ends(w);
	try_leaving(w);
	CHECK(wasmd_remove(w, digest, &asked, &error) == 0);
	CHECK(wait_for(w, &a).code == 0);
	/* What has not been answered is no concern of a connection's end. */
	CHECK(wasmd_list(w, &asked, &error) == 0);
	wasmd_close(w);
	CHECK(a.came == 0);
	printf("all is well\n");
	return 0;
}
