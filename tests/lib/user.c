/*
 * A program of libwasmd as another project would write it: built by
 * tests/system/test_library.py with what is installed and nothing else. Says
 * what went wrong and exits with 1.
 *
 *	user SOCKET CAT_MODULE SLEEP_MODULE
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

static void
on_want_input(void *arg, size_t bytes)
{
	struct run *r = arg;

	CHECK(bytes >= 5);
	if (r->sent++ > 0)
		return;
	CHECK(wasmd_job_input(r->job, "bytes", 5, &error) == 0);
	CHECK(wasmd_job_input(r->job, "", 0, &error) == 0);
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
	CHECK(wasmd_submit(w, call, &events, r, &error) != NULL);
	while (r->record == NULL && r->refused == 0)
		CHECK(wasmd_wait(w, 10000, &error) == 0);
}

/* ---- what is tried ------------------------------------------------------- */

static char module[2][1 << 16];
static size_t module_len[2];

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

int
main(int argc, char **argv)
{
	struct answer a = { .came = 0 };
	const struct wasmd_asked asked = { on_item, on_answer, &a };
	struct wasmd *w;
	char digest[65];

	CHECK(argc == 4);
	CHECK(wasmd_open("/nowhere/at/all", &error) == NULL);
	CHECK(error.code == WASMD_ERROR_UNAVAILABLE);
	CHECK(wasmd_open("/nowhere/at/all", NULL) == NULL);
	w = wasmd_open(argv[1], &error);
	CHECK(w != NULL);
	read_module(0, argv[2]);
	read_module(1, argv[3]);
	try_messages(w, &a, &asked);
	try_store(w, &a, &asked, digest);
	try_calls(w, digest);
	try_kill(w, &a, &asked);
	try_sizes(w);
	CHECK(wasmd_remove(w, digest, &asked, &error) == 0);
	CHECK(wait_for(w, &a).code == 0);
	/* What has not been answered is no concern of a connection's end. */
	CHECK(wasmd_list(w, &asked, &error) == 0);
	wasmd_close(w);
	CHECK(a.came == 0);
	printf("all is well\n");
	return 0;
}
