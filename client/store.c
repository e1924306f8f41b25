/* wasmctl put, list, info and remove: the modules that the daemon keeps. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/ask.h"
#include "client/json.h"
#include "client/module.h"
#include "client/outcome.h"
#include "client/quantity.h"
#include "client/report.h"
#include "client/upload.h"
#include "client/verb.h"

struct store_values {
	const char *digest;
	bool share;
	bool json;
	struct where where;
	bool help;
};

#define AT(field) offsetof(struct store_values, field)
#define STORE_JSON { 0, "json", OPTION_FLAG, AT(json), NULL, \
	"as JSON, a line for each module" }

const struct option_spec put_options[] = {
	{ 0, "digest", OPTION_TEXT, AT(digest), "DIGEST",
		"refuse it unless this is its SHA-256" },
	{ 0, "share", OPTION_FLAG, AT(share), NULL,
		"let every user of the daemon run it" },
	STORE_JSON,
	OPTIONS_COMMON(struct store_values),
	{ .name = NULL },
};

const struct option_spec list_options[] = {
	STORE_JSON,
	OPTIONS_COMMON(struct store_values),
	{ .name = NULL },
};

const struct option_spec remove_options[] = {
	OPTIONS_COMMON(struct store_values),
	{ .name = NULL },
};

#undef AT

/* One request after the other, on one connection. */
struct store_run {
	struct ask ask;
	const struct store_values *values;
	unsigned lines;
};

/* The digest that an operand names, or NULL after a report. */
static const char *
store_digest(const char *text)
{
	const char *digest = module_digest_text(text, true);

	if (digest == NULL)
		report("not a digest, which is sha256: and 64 digits: \"%s\"",
			text);
	return digest;
}

/* ---- put ----------------------------------------------------------------- */

static void
put_on_answer(void *arg, const struct wasmd_msg *answer)
{
	struct store_run *r = arg;
	struct wasmd_bytes digest = wasmd_msg_bytes(answer, "module");

	if (r->values->json)
		json_print(answer);
	else
		printf("sha256:%.*s\n", (int)digest.len, digest.data);
}

static int
put_one(struct store_run *r, const char *path)
{
	struct wasmd_put put = { .size = sizeof(put) };
	struct module_source m;
	int status = module_open(&m, path);

	if (status != 0)
		return status;
	if (m.digest != NULL) {
		report("%s: put takes a file", path);
		return EXIT_WASMCTL;
	}
	put.module_fd = m.fd;
	put.digest = r->values->digest;
	put.share = r->values->share;
	r->ask.what = path;
	r->ask.on_answer = put_on_answer;
	status = upload_run(&r->ask, &put);
	module_close(&m);
	return status;
}

/* ---- list and info --------------------------------------------------------- */

static void
store_print_line(struct store_run *r, struct wasmd_bytes digest, uint64_t size,
	bool own, bool shared)
{
	char text[QUANTITY_MAX];

	if (r->lines++ == 0)
		printf("%-71s %10s  %s\n", "MODULE", "SIZE", "ACCESS");
	printf("sha256:%.*s %10s  %s\n", (int)digest.len, digest.data,
		quantity_write_size(text, size),
		!shared ? "private" : own ? "shared" : "shared by another");
}

static void
list_on_item(void *arg, const struct wasmd_msg *item)
{
	struct store_run *r = arg;

	if (r->values->json)
		json_print(item);
	else
		store_print_line(r, wasmd_msg_bytes(item, "module"),
			wasmd_msg_number(item, "size", 0),
			wasmd_msg_number(item, "own", 0) != 0,
			wasmd_msg_number(item, "shared", 0) != 0);
}

static int
list_all(struct store_run *r)
{
	r->ask.on_item = list_on_item;
	return ask_wait(&r->ask, wasmd_list(r->ask.conn, &r->ask.asked,
		&r->ask.error));
}

static void
info_on_answer(void *arg, const struct wasmd_msg *answer)
{
	time_t put = (time_t)wasmd_msg_number(answer, "put_s", 0);
	struct wasmd_bytes digest = wasmd_msg_bytes(answer, "module");
	bool own = wasmd_msg_number(answer, "own", 0) != 0;
	bool shared = wasmd_msg_number(answer, "shared", 0) != 0;
	struct store_run *r = arg;
	char when[64] = "";
	struct tm tm;

	if (r->values->json) {
		json_print(answer);
		return;
	}
	if (localtime_r(&put, &tm) != NULL)
		strftime(when, sizeof(when), "%F %T", &tm);
	printf("module  sha256:%.*s\nsize    %" PRIu64 " bytes\n"
		"access  %s\nput     %s\n", (int)digest.len, digest.data,
		wasmd_msg_number(answer, "size", 0),
		!shared ? "private" : own ? "shared" : "shared by another",
		when);
}

static int
info_one(struct store_run *r, const char *text)
{
	const char *digest = store_digest(text);

	if (digest == NULL)
		return EXIT_WASMCTL;
	r->ask.what = text;
	r->ask.on_answer = info_on_answer;
	return ask_wait(&r->ask, wasmd_info(r->ask.conn, digest, &r->ask.asked,
		&r->ask.error));
}

/* ---- remove ------------------------------------------------------------------ */

static int
remove_one(struct store_run *r, const char *text)
{
	const char *digest = store_digest(text);

	if (digest == NULL)
		return EXIT_WASMCTL;
	r->ask.what = text;
	return ask_wait(&r->ask, wasmd_remove(r->ask.conn, digest,
		&r->ask.asked, &r->ask.error));
}

/* ---- the verbs ------------------------------------------------------------------ */

static int
store_do(const struct verb *verb, struct store_run *r, int argc, char **argv)
{
	int (*one)(struct store_run *, const char *) =
		strcmp(verb->name, "put") == 0 ? put_one :
		strcmp(verb->name, "info") == 0 ? info_one : remove_one;
	int status = 0;

	if (strcmp(verb->name, "list") == 0)
		return list_all(r);
	for (int i = 0; i < argc; i++) {
		int s = one(r, argv[i]);

		status = status == 0 ? s : status;
	}
	return status;
}

static int
store_check(const struct verb *verb, struct store_values *v, int count,
	char **argv)
{
	bool is_list = strcmp(verb->name, "list") == 0;

	if (v->digest != NULL && (v->digest = store_digest(v->digest)) == NULL)
		return -1;
	if (is_list && count > 0) {
		report("list: no operands, but \"%s\" was given", argv[0]);
		return -1;
	}
	if (!is_list && count == 0) {
		report("%s: which module? (see wasmctl %s --help)", verb->name,
			verb->name);
		return -1;
	}
	return 0;
}

int
store_run(const struct verb *verb, int argc, char **argv)
{
	struct store_values v = { .help = false };
	struct store_run r = { .values = &v, .ask.arg = &r };
	int status, first = verb_parse(verb, &v, argc, argv, &status);

	if (first == -1)
		return status;
	if (store_check(verb, &v, argc - first, argv + first) == -1)
		return EXIT_WASMCTL;
	r.ask.where = &v.where;
	if (ask_open(&r.ask, verb->name) == 0)
		status = store_do(verb, &r, argc - first, argv + first);
	ask_close(&r.ask);
	return status;
}
