/*
 * guest/run.c in the real worker, behind all filters: how modules load, run
 * and end. The test plays the daemon.
 */
#include "config.h"

#include "tests/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "sandbox/process.h"
#include "tests/sandbox/harness.h"

static struct launch launch;
static struct template reactor, hello, crash;

static void
load_file(const char *name, struct template *t)
{
	static uint8_t bytes[1 << 20];
	struct template_limits lim;
	struct ctl_msg answer;
	char path[256];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", SRCDIR, name);
	file = fopen(path, "re");
	assert_non_null(file);
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	harness_limits(&lim);
	if (!template_try_bytes(&launch, bytes, len, &lim, t, &answer))
		fail_msg("%s: %s", name, answer.kind == CTL_FAILED ?
		    answer.error.text : "the template died");
}

static int
setup(void **state)
{
	harness_start_worker(&launch, "wasmd-worker");
	load_file("tests/guest/reactor.wasm", &reactor);
	load_file("examples/hello.wasm", &hello);
	load_file("examples/crash.wasm", &crash);
	return 0;
}

static int
teardown(void **state)
{
	template_stop(&reactor);
	template_stop(&hello);
	template_stop(&crash);
	launch_stop(&launch);
	return 0;
}

/* An end that the guest could say itself. */
static void
check_end(const struct outcome *o, enum call_end end)
{
	if (!o->has_result)
		fail_msg("no result: code %d, status %d", o->info.si_code,
		    o->info.si_status);
	assert_int_equal(o->info.si_code, CLD_EXITED);
	assert_int_equal(o->info.si_status, 0);
	assert_int_equal(o->result.end, end);
	assert_in_range(o->result.trap_len + o->result.backtrace_len, 0,
	    o->text.len);
}

static void
check_text(const struct outcome *o, const char *text)
{
	if (o->result.trap_len != strlen(text) ||
	    memcmp(o->text.data, text, strlen(text)) != 0)
		fail_msg("%.*s", (int)o->text.len, (char *)o->text.data);
}

static uint64_t
result_bits(const char *invoke, const char *param, char kind)
{
	struct outcome o;
	uint64_t bits;

	harness_run(&reactor, &o, invoke, param, NULL);
	check_end(&o, END_RETURNED);
	assert_int_equal(o.result.nresults, 1);
	assert_int_equal(o.result.results[0].kind, kind);
	bits = (uint64_t)o.value;
	outcome_clear(&o);
	return bits;
}

static void
test_command_writes_and_returns(void **state)
{
	struct outcome o;

	harness_run(&hello, &o, NULL, NULL);
	check_end(&o, END_RETURNED);
	assert_int_equal(o.output.len, 14);
	assert_memory_equal(o.output.data, "Hello, world!\n", 14);
	assert_true(o.result.fuel_used > 0);
	assert_true(o.result.memory_pages_peak > 0);
	outcome_clear(&o);
}

static void
test_arguments_and_results_have_their_types(void **state)
{
	assert_int_equal(result_bits("i64", "-2", 'l'), UINT64_MAX - 1);
	assert_int_equal(result_bits("f32", "1.5", 'f'), 0x3fc00000);
	assert_int_equal(result_bits("f32", "nan:0x200001", 'f'), 0x7fa00001);
	assert_int_equal(result_bits("f64", "-inf", 'd'), 0xfffull << 52);
	assert_int_equal(result_bits("grow", "1", 'i'), 1);
}

static void
test_reactor_is_initialised_first(void **state)
{
	assert_int_equal(result_bits("get", NULL, 'i'), 42);
}

static void
test_reactor_without_a_name_has_nothing_to_run(void **state)
{
	struct outcome o;

	harness_run(&reactor, &o, NULL, NULL);
	check_end(&o, END_UNSUPPORTED);
	check_text(&o, "the module is no command: it exports no function _start, "
	    "and no other was named; it exports _initialize, get, quit, spin, "
	    "deep, grow, i64, f32, f64, ref");
	outcome_clear(&o);
}

static void
test_missing_export_is_told_with_the_others(void **state)
{
	struct outcome o;

	harness_run(&hello, &o, "nope", NULL);
	check_end(&o, END_NOT_FOUND);
	check_text(&o, "the module exports no function nope; it exports _start");
	outcome_clear(&o);
	harness_run(&reactor, &o, "memory", NULL);	/* no function */
	check_end(&o, END_NOT_FOUND);
	outcome_clear(&o);
}

static void
test_wrong_arguments_are_told(void **state)
{
	struct outcome o;

	harness_run(&reactor, &o, "quit", NULL);
	check_end(&o, END_USAGE);
	check_text(&o, "quit takes 1 argument (i32), not 0");
	outcome_clear(&o);
	harness_run(&reactor, &o, "quit", "1", "2", NULL);
	check_end(&o, END_USAGE);
	outcome_clear(&o);
	harness_run(&reactor, &o, "quit", "1.5", NULL);
	check_end(&o, END_USAGE);
	check_text(&o, "argument 1 of quit: \"1.5\" is no i32");
	outcome_clear(&o);
	harness_run(&reactor, &o, "ref", NULL);
	check_end(&o, END_RETURNED);
	assert_int_equal(o.result.results[0].kind, 'r');
	assert_int_equal(o.result.results[0].bytes[0], 0);
	outcome_clear(&o);
}

static void
test_exit_code_is_the_guests(void **state)
{
	struct outcome o;

	harness_run(&reactor, &o, "quit", "0xdeadbeef", NULL);
	check_end(&o, END_EXITED);
	assert_int_equal(o.result.exit_code, 0xdeadbeef);
	outcome_clear(&o);
}

static void
test_trap_has_cause_and_backtrace(void **state)
{
	struct outcome o;
	char text[RESULT_TEXT_MAX + 1];

	harness_run(&crash, &o, NULL, NULL);
	check_end(&o, END_TRAPPED);
	check_text(&o, "integer divide by zero");
	memcpy(text, o.text.data, o.text.len);
	text[o.text.len] = '\0';
	assert_int_equal(o.text.len, o.result.trap_len + o.result.backtrace_len);
	assert_ptr_equal(strstr(text, "#0 share+0x"), text + o.result.trap_len);
	assert_non_null(strstr(text, "(func "));
	assert_non_null(strstr(text, ", offset 0x"));
	assert_non_null(strstr(text, "#1 report+0x"));
	assert_int_equal(text[o.text.len - 1], '\n');
	outcome_clear(&o);
}

static void
test_recursion_ends_in_a_trap(void **state)
{
	struct outcome o;
	char text[RESULT_TEXT_MAX + 1];

	harness_run(&reactor, &o, "deep", NULL);
	check_end(&o, END_TRAPPED);
	check_text(&o, "call stack exhausted");
	memcpy(text, o.text.data, o.text.len);
	text[o.text.len] = '\0';
	assert_non_null(strstr(text, "... and "));
	outcome_clear(&o);
}

static void
test_fuel_ends_a_loop(void **state)
{
	struct call call = {
		.invoke = "spin", .fuel = 100000, .output_bytes = 100,
	};
	struct outcome o;
	struct child c;

	child_fork(&reactor, &c);
	child_call(&c, &call);
	child_finish(&c, &o);
	check_end(&o, END_FUEL);
	assert_in_range(o.result.fuel_used, 99000, 101000);
	outcome_clear(&o);
}

static void
test_cpu_limit_ends_a_loop(void **state)
{
	struct outcome o;

	harness_run(&reactor, &o, "spin", NULL);
	assert_false(o.has_result);
	assert_int_equal(o.info.si_code, CLD_KILLED);
	assert_int_equal(o.info.si_status, SIGXCPU);
	outcome_clear(&o);
}

static void
test_output_limit_ends_the_guest(void **state)
{
	struct call call = { .fuel = UINT64_MAX, .output_bytes = 5 };
	struct outcome o;
	struct child c;

	child_fork(&hello, &c);
	child_call(&c, &call);
	child_finish(&c, &o);
	check_end(&o, END_OUTPUT);
	assert_int_equal(o.output.len, 5);
	assert_memory_equal(o.output.data, "Hello", 5);
	outcome_clear(&o);
}

static void
test_memory_limit_makes_growth_fail(void **state)
{
	/* 64 MiB are 1024 pages, one of which there is. */
	assert_int_equal(result_bits("grow", "1023", 'i'), 1);
	assert_int_equal(result_bits("grow", "1024", 'i'), 0xffffffff);
	assert_int_equal(result_bits("grow", "-1", 'i'), 0xffffffff);
}

/* What each module that cannot be run is told to be. */
static void
test_loading_says_what_is_wrong(void **state)
{
#define MAGIC "\0asm\1\0\0\0"
	static const struct {
		const char *bytes;
		size_t len;
		enum ctl_failure failure;
	} modules[] = {
		{ "", 0, CTL_FAIL_MALFORMED },
		{ "\0asm", 4, CTL_FAIL_MALFORMED },
		{ "#!/bin/sh\n", 10, CTL_FAIL_MALFORMED },
		{ MAGIC "\1", 9, CTL_FAIL_MALFORMED },
		{ MAGIC "\x0a\xff\xff\xff\xff\x07", 14, CTL_FAIL_MALFORMED },
		/* a function that does not return its i32 */
		{ MAGIC "\1\5\1\x60\0\1\x7f\3\2\1\0\x0a\4\1\2\0\x0b", 25,
			CTL_FAIL_INVALID },
		/* (import "nowhere" "f" (func)) */
		{ MAGIC "\1\4\1\x60\0\0\2\x0d\1\7nowhere\1f\0\0", 29,
			CTL_FAIL_UNLINKABLE },
		/* data behind the end of memory */
		{ MAGIC "\5\3\1\0\1\x0b\x09\1\0\x41\x80\x80\4\x0b\1x", 24,
			CTL_FAIL_TRAP },
		/* a memory larger than the limit */
		{ MAGIC "\5\4\1\0\x80\x20", 14, CTL_FAIL_MEMORY },
	};
	struct template_limits lim;

	harness_limits(&lim);
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		struct ctl_msg answer;
		struct template t;

		assert_false(template_try_bytes(&launch, modules[i].bytes,
		    modules[i].len, &lim, &t, &answer));
		if (answer.kind != CTL_FAILED)
			fail_msg("module %zu killed its template", i);
		if (answer.failure != modules[i].failure)
			fail_msg("module %zu: failure %u: %s", i, answer.failure,
			    answer.error.text);
		assert_true(answer.error.text[0] != '\0');
		template_stop(&t);
	}
}

/* ---- modules that import from each other --------------------------------- */

/* (func (export "f") (result i32) (i32.const 42)) */
#define LIB MAGIC "\1\5\1\x60\0\1\x7f" "\3\2\1\0" "\7\5\1\1f\0\0" \
	"\x0a\6\1\4\0\x41\x2a\x0b"
/* (import "lib" "f" (func (result i32))) (export "get" (func 0)) */
#define USER MAGIC "\1\5\1\x60\0\1\x7f" "\2\x09\1\3lib\1f\0\0" \
	"\7\7\1\3get\0\0"
/* the same, of another type: (func) */
#define MISUSER MAGIC "\1\4\1\x60\0\0" "\2\x09\1\3lib\1f\0\0"
/* (import "lib" "g" (func)) */
#define WRONG MAGIC "\1\4\1\x60\0\0" "\2\x09\1\3lib\1g\0\0"

#define MODULE(name, literal) { name, literal, sizeof(literal) - 1 }

static void
check_refused(const struct harness_module *modules, unsigned count,
    enum ctl_failure failure, const char *text)
{
	struct ctl_msg answer;
	struct template t;

	assert_false(template_try_modules(&launch, modules, count, &t, &answer));
	assert_int_equal(answer.kind, CTL_FAILED);
	assert_int_equal(answer.failure, failure);
	assert_string_equal(answer.error.text, text);
	template_stop(&t);
}

static void
test_preloaded_modules_give_imports(void **state)
{
	/* As many as there can be; each is in reach of the next ones only. */
	static const struct harness_module modules[] = {
		MODULE(NULL, USER), MODULE("a", LIB), MODULE("b", LIB),
		MODULE("c", LIB), MODULE("d", LIB), MODULE("e", LIB),
		MODULE("lib", LIB), MODULE("last", USER),
	};
	struct ctl_msg answer;
	struct template t;
	struct outcome o;

	_Static_assert(sizeof(modules) / sizeof(modules[0]) ==
	    1 + CTL_PRELOAD_MAX, "all of them");
	if (!template_try_modules(&launch, modules, 1 + CTL_PRELOAD_MAX, &t,
	    &answer))
		fail_msg("%s", answer.error.text);
	harness_run(&t, &o, "get", NULL);
	check_end(&o, END_RETURNED);
	assert_int_equal(o.value, 42);
	outcome_clear(&o);
	template_stop(&t);
}

static void
test_missing_import_is_explained(void **state)
{
	static const struct harness_module alone[] = { MODULE(NULL, USER) },
		other[] = { MODULE(NULL, USER), MODULE("x", LIB) },
		late[] = { MODULE(NULL, LIB), MODULE("x", USER),
			MODULE("lib", LIB) },
		itself[] = { MODULE(NULL, LIB), MODULE("lib", USER) },
		name[] = { MODULE(NULL, WRONG), MODULE("lib", LIB) };

	check_refused(alone, 1, CTL_FAIL_UNLINKABLE, "unknown import: lib.f: "
	    "wanted (func (result i32)), but there is no module lib, only "
	    "wasi_snapshot_preview1 and wasi_unstable; --preload lib=FILE gives "
	    "one");
	check_refused(other, 2, CTL_FAIL_UNLINKABLE, "unknown import: lib.f: "
	    "wanted (func (result i32)), but there is no module lib, only x, "
	    "wasi_snapshot_preview1 and wasi_unstable; x has a f; --preload "
	    "lib=FILE gives one");
	check_refused(late, 3, CTL_FAIL_UNLINKABLE, "preloaded module x: unknown "
	    "import: lib.f: wanted (func (result i32)), but lib is preloaded "
	    "after it");
	check_refused(itself, 2, CTL_FAIL_UNLINKABLE, "preloaded module lib: "
	    "unknown import: lib.f: wanted (func (result i32)), but a module "
	    "cannot import from itself");
	check_refused(name, 2, CTL_FAIL_UNLINKABLE, "unknown import: lib.g: "
	    "wanted (func), but the only function of lib is f");
}

static void
test_import_of_another_type_is_explained(void **state)
{
	static const struct harness_module modules[] = {
		MODULE(NULL, MISUSER), MODULE("lib", LIB),
	};

	check_refused(modules, 2, CTL_FAIL_UNLINKABLE, "incompatible import "
	    "type: lib.f: wanted (func), offered (func (result i32))");
}

static void
test_preloaded_module_that_is_none_is_named(void **state)
{
	static const struct harness_module text[] = {
		MODULE(NULL, USER), MODULE("lib", "(module)"),
	}, empty[] = { MODULE(NULL, USER), MODULE("lib", "") },
	invalid[] = { MODULE(NULL, USER), MODULE("lib", MAGIC
		"\1\5\1\x60\0\1\x7f\3\2\1\0\x0a\4\1\2\0\x0b") };

	check_refused(text, 2, CTL_FAIL_MALFORMED,
	    "preloaded module lib: magic header not detected");
	check_refused(empty, 2, CTL_FAIL_MALFORMED,
	    "preloaded module lib: unexpected end");
	check_refused(invalid, 2, CTL_FAIL_INVALID, "preloaded module lib: type "
	    "mismatch: instruction requires [i32] but stack has [] "
	    "(function 0)");
}

/* Nobody but the daemon writes there; all the same. */
static void
test_wrong_request_ends_the_zygote(void **state)
{
	static const struct {
		uint32_t npreload;
		size_t nfds;
	} requests[] = {
		{ 0, 0 }, { 0, 1 }, { 0, 3 }, { 1, 2 }, { 2, 3 },
		{ CTL_PRELOAD_MAX + 1, FD_PASS_MAX }, { UINT32_MAX, 1 },
		{ 1, 3 },	/* its name has no end */
	};
	const int fds[FD_PASS_MAX] = { 0 };

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct ctl_msg req = { .kind = CTL_TEMPLATE,
			.npreload = requests[i].npreload };
		struct launch l;
		siginfo_t info;

		harness_limits(&req.limits);
		memset(req.preload[0], 'x', CTL_NAME_MAX);
		harness_start_worker(&l, "wasmd-worker");
		assert_int_equal(fd_send(l.zygote_sock, &req, sizeof(req), fds,
		    requests[i].nfds), 0);
		harness_reap(l.zygote_pidfd, &info);
		if (info.si_code != CLD_EXITED ||
		    info.si_status != PROCESS_EXIT_PEER)
			fail_msg("request %zu: code %d, status %d", i,
			    info.si_code, info.si_status);
		fd_close(&l.zygote_pidfd);
		launch_stop(&l);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_writes_and_returns),
		cmocka_unit_test(test_arguments_and_results_have_their_types),
		cmocka_unit_test(test_reactor_is_initialised_first),
		cmocka_unit_test(test_reactor_without_a_name_has_nothing_to_run),
		cmocka_unit_test(test_missing_export_is_told_with_the_others),
		cmocka_unit_test(test_wrong_arguments_are_told),
		cmocka_unit_test(test_exit_code_is_the_guests),
		cmocka_unit_test(test_trap_has_cause_and_backtrace),
		cmocka_unit_test(test_recursion_ends_in_a_trap),
		cmocka_unit_test(test_fuel_ends_a_loop),
		cmocka_unit_test(test_cpu_limit_ends_a_loop),
		cmocka_unit_test(test_output_limit_ends_the_guest),
		cmocka_unit_test(test_memory_limit_makes_growth_fail),
		cmocka_unit_test(test_loading_says_what_is_wrong),
		cmocka_unit_test(test_preloaded_modules_give_imports),
		cmocka_unit_test(test_missing_import_is_explained),
		cmocka_unit_test(test_import_of_another_type_is_explained),
		cmocka_unit_test(test_preloaded_module_that_is_none_is_named),
		cmocka_unit_test(test_wrong_request_ends_the_zygote),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
