/* How a job ended: every death told apart. */
#include "tests/daemon/unit.h"

#include <signal.h>

#include "daemon/result.h"
#include "daemon/text.h"

static const struct limits limits = { .v = {
	[LIMIT_WALL] = 111, [LIMIT_CPU] = 222, [LIMIT_FUEL] = 333,
	[LIMIT_MEMORY] = 444, [LIMIT_OUTPUT] = 555,
} };

static struct facts
killed_by(int sig)
{
	struct facts f = { .has_end = true };

	f.end.info.si_code = CLD_KILLED;
	f.end.info.si_status = sig;
	return f;
}

static struct facts
exited(int code)
{
	struct facts f = { .has_end = true };

	f.end.info.si_code = CLD_EXITED;
	f.end.info.si_status = code;
	return f;
}

static struct facts
claims(enum call_end end, uint32_t code, const char *text)
{
	struct facts f = exited(0);
	struct call_result r = { .end = end, .exit_code = code,
		.trap_len = (uint32_t)strlen(text) };

	assert_int_equal(facts_set_result(&f, &r, text, strlen(text)), 0);
	return f;
}

static void
expect(struct facts f, enum proto_status status, uint32_t code, int sig,
	const char *cause)
{
	struct outcome o;

	outcome_of(&o, &f, &limits);
	assert_string_equal(proto_status_info[o.status].letters,
		proto_status_info[status].letters);
	assert_int_equal(o.exit_code, code);
	assert_int_equal(o.signal, sig);
	if (strstr(o.cause, cause) == NULL)
		fail_msg("'%s' is not in '%s'", cause, o.cause);
}

static void
test_signals(void **state)
{
	expect(killed_by(SIGSYS), PROTO_STATUS_SV, 0, SIGSYS, "forbidden");
	expect(killed_by(SIGILL), PROTO_STATUS_CR, 0, SIGILL, "internal check");
	expect(killed_by(SIGSEGV), PROTO_STATUS_CR, 0, SIGSEGV, "signal 11");
	expect(killed_by(SIGBUS), PROTO_STATUS_CR, 0, SIGBUS, "signal 7");
	expect(killed_by(SIGABRT), PROTO_STATUS_CR, 0, SIGABRT, "signal 6");
	expect(killed_by(SIGXCPU), PROTO_STATUS_TC, 0, SIGXCPU, "CPU time");
	expect(killed_by(SIGKILL), PROTO_STATUS_MO, 0, SIGKILL, "administrator");
	expect(exited(3), PROTO_STATUS_CR, 0, 0, "code 3");
	expect(exited(0), PROTO_STATUS_CR, 0, 0, "no result");
}

static void
test_what_the_daemon_did_comes_first(void **state)
{
	static const struct {
		enum job_cause cause;
		enum proto_status status;
		const char *text;
	} table[] = {
		{ CAUSE_CANCEL, PROTO_STATUS_CA, "cancelled" },
		{ CAUSE_SHUTDOWN, PROTO_STATUS_CA, "wasmd ends" },
		{ CAUSE_ABANDON, PROTO_STATUS_CA, "client is gone" },
		{ CAUSE_WALL, PROTO_STATUS_TO, "111 ms" },
		{ CAUSE_OUTPUT, PROTO_STATUS_OL, "555 bytes" },
		{ CAUSE_BROKEN, PROTO_STATUS_CR, "protocol" },
		{ CAUSE_DAEMON, PROTO_STATUS_XX, "wasmd ran out" },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct facts f = killed_by(SIGKILL);

		f.cause = table[i].cause;
		expect(f, table[i].status, 0, 0, table[i].text);
		f = claims(END_RETURNED, 0, "");
		f.cause = table[i].cause;
		expect(f, table[i].status, 0, 0, table[i].text);
		/* but a violation is never hidden */
		f = killed_by(SIGSYS);
		f.cause = table[i].cause;
		expect(f, PROTO_STATUS_SV, 0, SIGSYS, "forbidden");
	}
}

static void
test_a_signal_beats_a_claim(void **state)
{
	struct facts f = claims(END_RETURNED, 0, "");

	f.end = killed_by(SIGSEGV).end;
	expect(f, PROTO_STATUS_CR, 0, SIGSEGV, "signal 11");
}

static void
test_claims(void **state)
{
	expect(claims(END_RETURNED, 9, ""), PROTO_STATUS_OK, 0, 0, "returned");
	expect(claims(END_EXITED, 0, ""), PROTO_STATUS_OK, 0, 0, "exited with 0");
	expect(claims(END_EXITED, 0xffffffff, ""), PROTO_STATUS_RE, 0xffffffff,
		0, "4294967295");
	expect(claims(END_TRAPPED, 9, "unreachable"), PROTO_STATUS_TR, 0, 0,
		"trap: unreachable");
	expect(claims(END_FUEL, 0, ""), PROTO_STATUS_TF, 0, 0, "333 units");
	expect(claims(END_MEMORY, 0, ""), PROTO_STATUS_MO, 0, 0, "444 bytes");
	expect(claims(END_OUTPUT, 0, ""), PROTO_STATUS_OL, 0, 0, "555 bytes");
	expect(claims(END_NOT_FOUND, 0, "no 'x'"), PROTO_STATUS_NF, 0, 0,
		"no 'x'");
	expect(claims(END_NOT_FOUND, 0, ""), PROTO_STATUS_NF, 0, 0, "export");
	expect(claims(END_USAGE, 0, "too few"), PROTO_STATUS_XX, 0, 0, "too few");
	expect(claims(END_MALFORMED, 0, "illegal opcode ff"), PROTO_STATUS_IV,
		0, 0, "malformed module: illegal opcode ff");
	expect(claims(END_UNSUPPORTED, 0, "no _start"), PROTO_STATUS_NF, 0, 0,
		"no _start");
}

static void
test_claims_that_no_child_of_ours_makes(void **state)
{
	static const struct call_result bad[] = {
		{ .end = 0 }, { .end = END_MALFORMED + 1 },
		{ .end = 0xffffffff },
		{ .end = END_RETURNED, .nresults = CALL_VALUES_MAX + 1 },
		{ .end = END_TRAPPED, .trap_len = 6 },
		{ .end = END_TRAPPED, .trap_len = 2, .backtrace_len = 4 },
		{ .end = END_TRAPPED, .trap_len = 0xffffffff,
			.backtrace_len = 6 },
		{ .end = END_TRAPPED, .trap_len = 5,
			.backtrace_len = 0xffffffff },
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct facts f = { 0 };

		assert_int_equal(facts_set_result(&f, &bad[i], "12345", 5), -1);
		assert_false(f.has_result);
	}
}

static void
test_trap_with_backtrace(void **state)
{
	static const char text[] = "boom\nf (0x10)\n\ng (0x20)\nh";
	struct call_result r = { .end = END_TRAPPED, .trap_len = 4,
		.backtrace_len = sizeof(text) - 5 };
	struct facts f = exited(0);
	struct outcome o;

	assert_int_equal(facts_set_result(&f, &r, text, sizeof(text) - 1), 0);
	outcome_of(&o, &f, &limits);
	assert_int_equal(o.trap.len, 4);
	assert_int_equal(o.nbacktrace, 3);
	assert_memory_equal(o.backtrace[0].data, "f (0x10)", 8);
	assert_memory_equal(o.backtrace[2].data, "h", 1);
}

static void
test_backtrace_is_bounded(void **state)
{
	static char text[RESULT_TEXT_MAX];
	struct call_result r = { .end = END_TRAPPED,
		.backtrace_len = sizeof(text) };
	struct facts f = exited(0);
	struct outcome o;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '\n' : 'f';
	assert_int_equal(facts_set_result(&f, &r, text, sizeof(text)), 0);
	outcome_of(&o, &f, &limits);
	assert_int_equal(o.nbacktrace, OUTCOME_FRAMES);
}

static void
test_backtrace_fits_in_its_message(void **state)
{
	static char text[RESULT_TEXT_MAX];
	struct call_result r = { .end = END_TRAPPED,
		.backtrace_len = sizeof(text) };
	struct facts f = exited(0);
	struct outcome o;
	size_t all = 0;

	memset(text, 'f', sizeof(text));
	assert_int_equal(facts_set_result(&f, &r, text, sizeof(text)), 0);
	outcome_of(&o, &f, &limits);
	assert_int_equal(o.nbacktrace, 0);
	text[sizeof(text) / 2] = '\n';
	assert_int_equal(facts_set_result(&f, &r, text, sizeof(text)), 0);
	outcome_of(&o, &f, &limits);
	for (size_t i = 0; i < o.nbacktrace; i++)
		all += o.backtrace[i].len + 1;
	assert_int_equal(o.nbacktrace, 1);
	assert_true(all <= PROTO_TEXT_MAX);
}

/* Text on the wire is UTF-8, wherever a child or a bound cuts it. */
static void
test_cut_characters_are_replaced(void **state)
{
	struct call_result r = { .end = END_TRAPPED, .trap_len = 2,
		.backtrace_len = 2 };
	struct facts f = exited(0);
	char text[sizeof(((struct outcome *)0)->cause) + 8];
	struct outcome o;

	assert_int_equal(facts_set_result(&f, &r, "a\xc3\xa9z", 4), 0);
	assert_memory_equal(f.text, "a??z", 4);
	memset(text, 'x', sizeof(text));
	memcpy(text + sizeof(o.cause) - 2, "\xc3\xa9", 2);
	text[sizeof(text) - 1] = '\0';
	f = claims(END_NOT_FOUND, 0, text);
	outcome_of(&o, &f, &limits);
	assert_string_equal(o.cause + sizeof(o.cause) - 3, "x?");
}

static void
test_results_as_text(void **state)
{
	static const char *const expected[] = {
		"i32:-2", "i64:-9223372036854775808", "f32:0.100000001",
		"f64:-0", "f64:inf", "f32:nan:0x400001",
		"f64:-nan:0x8000000000000",
		"v128:0x0f0e0d0c0b0a09080706050403020100", "unknown",
	};
	struct call_result r = { .end = END_RETURNED, .nresults = 9,
		.results = {
			{ .kind = 'i', .bytes = { 0xfe, 0xff, 0xff, 0xff } },
			{ .kind = 'l', .bytes = { [7] = 0x80 } },
			{ .kind = 'f', .bytes = { 0xcd, 0xcc, 0xcc, 0x3d } },
			{ .kind = 'd', .bytes = { [7] = 0x80 } },
			{ .kind = 'd', .bytes = { [6] = 0xf0, [7] = 0x7f } },
			{ .kind = 'f', .bytes = { 1, 0, 0xc0, 0x7f } },
			{ .kind = 'd', .bytes = { [6] = 0xf8, [7] = 0xff } },
			{ .kind = 'v', .bytes = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
				10, 11, 12, 13, 14, 15 } },
			{ .kind = 0xffffffff },
		} };
	struct facts f = exited(0);
	struct outcome o;

	assert_int_equal(facts_set_result(&f, &r, "", 0), 0);
	outcome_of(&o, &f, &limits);
	assert_int_equal(o.nresults, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_int_equal(o.results[i].len, strlen(expected[i]));
		assert_memory_equal(o.results[i].data, expected[i],
			strlen(expected[i]));
	}
}

static struct facts
failed(enum failure_how how, enum ctl_failure told)
{
	struct facts f = { .cause = CAUSE_FAILURE, .failure = {
		.how = how, .told = { told, true, 0x1c }, .text = "why" } };

	return f;
}

static void
test_failures_of_templates(void **state)
{
	struct facts f;

	expect(failed(FAILURE_TOLD, CTL_FAIL_MALFORMED), PROTO_STATUS_IV, 0, 0,
		"malformed module: why (at byte 0x1c)");
	expect(failed(FAILURE_TOLD, CTL_FAIL_INVALID), PROTO_STATUS_IV, 0, 0,
		"invalid");
	expect(failed(FAILURE_TOLD, CTL_FAIL_UNLINKABLE), PROTO_STATUS_IV, 0, 0,
		"unlinkable");
	expect(failed(FAILURE_TOLD, CTL_FAIL_LIMIT), PROTO_STATUS_IV, 0, 0,
		"limit");
	expect(failed(FAILURE_TOLD, CTL_FAIL_MEMORY), PROTO_STATUS_MO, 0, 0,
		"memory");
	expect(failed(FAILURE_TOLD, CTL_FAIL_TRAP), PROTO_STATUS_TR, 0, 0,
		"trap");
	expect(failed(FAILURE_TOLD, CTL_FAIL_SPAWN), PROTO_STATUS_XX, 0, 0,
		"why");
	expect(failed(FAILURE_BROKEN, 0), PROTO_STATUS_CR, 0, 0, "why");
	expect(failed(FAILURE_DAEMON, 0), PROTO_STATUS_XX, 0, 0, "why");
	f = failed(FAILURE_DIED, 0);
	f.failure.died = killed_by(SIGSYS).end;
	expect(f, PROTO_STATUS_SV, 0, SIGSYS, "loading");
	f.failure.died = killed_by(SIGXCPU).end;
	expect(f, PROTO_STATUS_TC, 0, SIGXCPU, "loading");
	f.failure.died = exited(2).end;
	expect(f, PROTO_STATUS_CR, 0, 0, "code 2 while loading");
}

static void
test_text_becomes_printable(void **state)
{
	static const struct {
		const char *in, *out;
	} table[] = {
		{ "plain\nlines", "plain\nlines" },
		{ "\x01\x1b[0m\x7f\t", "??[0m??" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", NULL },
		{ "\xc3", "?" }, { "\xc3(", "?(" }, { "\x80", "?" },
		{ "\xc0\x80", "??" }, { "\xe0\x80\x80", "???" },
		{ "\xed\xa0\x80", "???" }, { "\xf4\x90\x80\x80", "????" },
		{ "\xf5\x80\x80\x80", "????" }, { "\xe2\x82", "??" },
		{ "\xc2\x9b", "??" }, { "\xc2\xa0", NULL },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		size_t len = strlen(table[i].in);
		char *text = strdup(table[i].in);

		assert_non_null(text);
		text_sanitize(text, len);
		assert_string_equal(text, table[i].out == NULL ? table[i].in :
			table[i].out);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_what_the_daemon_did_comes_first),
		cmocka_unit_test(test_a_signal_beats_a_claim),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_claims_that_no_child_of_ours_makes),
		cmocka_unit_test(test_trap_with_backtrace),
		cmocka_unit_test(test_backtrace_is_bounded),
		cmocka_unit_test(test_backtrace_fits_in_its_message),
		cmocka_unit_test(test_cut_characters_are_replaced),
		cmocka_unit_test(test_results_as_text),
		cmocka_unit_test(test_failures_of_templates),
		cmocka_unit_test(test_text_becomes_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
