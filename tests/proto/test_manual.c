/* wasmd-protocol(7) held against the message table: every message and field
 * with its type, presence and limit, in order, and none that is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/broker.h"
#include "proto/msg.h"

static char manual[200000];

static int
read_manual(void **state)
{
	const char *dir = getenv("srcdir");
	char path[4096];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/man/wasmd-protocol.7",
		dir == NULL ? "." : dir);
	f = fopen(path, "r");
	if (f == NULL) {
		perror(path);
		return -1;
	}
	n = fread(manual, 1, sizeof(manual) - 1, f);
	fclose(f);
	return n > 0 && n < sizeof(manual) - 1 ? 0 : -1;
}

/* The lines of the section, without its heading. */
static char *
section(const char *name)
{
	char heading[100];
	const char *start, *end;

	snprintf(heading, sizeof(heading), "\n.Ss %s\n", name);
	start = strstr(manual, heading);
	if (start == NULL)
		fail_msg("wasmd-protocol(7) has no section %s", name);
	start += strlen(heading);
	end = strstr(start, "\n.S");
	return strndup(start, end == NULL ? strlen(start) :
		(size_t)(end - start));
}

static void
format_max(char *out, size_t size, const struct field_info *f)
{
	if (f->type == TYPE_BOOL)
		snprintf(out, size, "-");
	else if (f->max == UINT64_MAX)
		snprintf(out, size, "2^64-1");
	else if (f->max == PROTO_NUMBER_MAX)
		snprintf(out, size, "2^53");
	else
		snprintf(out, size, "%" PRIu64, f->max);
}

static void
format_row(char *out, size_t size, const struct field_info *f)
{
	static const char *const types[] = {
		[TYPE_UINT] = "uint", [TYPE_BOOL] = "bool", [TYPE_STR] = "str",
		[TYPE_BIN] = "bin", [TYPE_STRS] = "strs",
	};
	char max[40];

	format_max(max, sizeof(max), f);
	snprintf(out, size, ".It Va %s Ta %s Ta %s Ta %s Ta ", f->name,
		types[f->type], f->required ? "required" : "optional", max);
}

static void
check_message(int id)
{
	char *text = section(msg_info[id].name), *at = text;

	for (int i = msg_info[id].first; i < (int)msg_fields_end(id); i++) {
		char row[300];

		format_row(row, sizeof(row), &field_info[i]);
		at = strstr(at, ".It Va ");
		if (at == NULL || strncmp(at, row, strlen(row)) != 0)
			fail_msg("%s: wasmd-protocol(7) has '%.60s', not '%s'",
				msg_info[id].name, at == NULL ? "nothing" : at,
				row);
		at++;
	}
	assert_null(strstr(at, ".It Va "));
	free(text);
}

static void
test_every_message_and_field(void **state)
{
	for (int id = 0; id < MSG_COUNT; id++)
		check_message(id);
}

static void
expect(const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (strstr(manual, text) == NULL)
		fail_msg("wasmd-protocol(7) has no '%s'", text);
}

static void
test_every_error_code(void **state)
{
#define PROTO_ERROR(id, number, name) expect("\n.It %d Er %s\n", number, name);
#include "proto/errors.def"
#undef PROTO_ERROR
}

static void
test_every_status(void **state)
{
	for (int i = 0; i < PROTO_STATUS_COUNT; i++)
		expect("\n.It Li %s\n%s\n", proto_status_info[i].letters,
			proto_status_info[i].text);
}

static void
test_bounds(void **state)
{
	expect("at most %u.\n", PROTO_FRAME_MAX);
	expect("at most %u values", PROTO_VALUES_MAX);
	expect("at most %d containers", PROTO_DEPTH_MAX);
	expect("to %u at the most", PROTO_CREDIT_MAX);
	expect("specification of version %d.", PROTO_VERSION);
}

static void
test_every_request_to_a_broker(void **state)
{
#define BROKER_OP(id, number, name, npaths, flags, writes) \
	expect("\n.It %d Li %s\n", number, name);
#include "proto/broker.def"
#undef BROKER_OP
	expect(" more than %u or", BROKER_PATH_MAX);
	expect("at most %u:", BROKER_DATA_MAX);
	expect("is %u and the file", BROKER_NO_DIR);
}

static void
test_every_flag_of_a_broker(void **state)
{
	static const struct {
		unsigned flag;
		const char *name;
	} flags[] = {
		{ BROKER_READ, "read" }, { BROKER_WRITE, "write" },
		{ BROKER_CREATE, "create" }, { BROKER_EXCLUSIVE, "exclusive" },
		{ BROKER_TRUNCATE, "truncate" },
		{ BROKER_DIRECTORY, "directory" }, { BROKER_APPEND, "append" },
		{ BROKER_NONBLOCK, "nonblock" }, { BROKER_DSYNC, "dsync" },
		{ BROKER_SYNC, "sync" }, { BROKER_FOLLOW, "follow" },
		{ BROKER_ATIME, "atime" }, { BROKER_ATIME_NOW, "atime-now" },
		{ BROKER_MTIME, "mtime" }, { BROKER_MTIME_NOW, "mtime-now" },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		expect("\n.It %u Ta %s Ta", flags[i].flag, flags[i].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_message_and_field),
		cmocka_unit_test(test_every_error_code),
		cmocka_unit_test(test_every_status),
		cmocka_unit_test(test_every_request_to_a_broker),
		cmocka_unit_test(test_every_flag_of_a_broker),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, read_manual, NULL);
}
