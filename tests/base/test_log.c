/* Tests of base/log: priorities, levels, escaping, one line per call. */
#include "tests/cmocka.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"

static char captured[4096];
static int saved_stderr, capture_pipe[2];

static void
capture_start(void)
{
	assert_int_equal(pipe(capture_pipe), 0);
	saved_stderr = dup(STDERR_FILENO);
	dup2(capture_pipe[1], STDERR_FILENO);
}

static void
capture_stop(void)
{
	ssize_t n;

	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(capture_pipe[1]);
	n = read(capture_pipe[0], captured, sizeof(captured) - 1);
	captured[n > 0 ? n : 0] = '\0';
	close(capture_pipe[0]);
}

static void
test_lines_carry_the_program_or_the_priority(void **state)
{
	capture_start();
	log_open("prog", LOG_LEVEL_INFO, false);
	log_info("one %d", 1);
	log_open("prog", LOG_LEVEL_INFO, true);
	log_warning("two");
	capture_stop();
	assert_string_equal(captured, "prog: one 1\n<4>two\n");
}

static void
test_lines_above_the_level_are_dropped(void **state)
{
	capture_start();
	log_open("prog", LOG_LEVEL_ERR, false);
	log_info("no");
	log_debug("no");
	log_err("yes");
	capture_stop();
	assert_string_equal(captured, "prog: yes\n");
}

static void
test_control_characters_are_escaped(void **state)
{
	capture_start();
	log_open("prog", LOG_LEVEL_INFO, false);
	log_info("a\nb\033[31m\x7f\xc2\x9b");
	capture_stop();
	assert_string_equal(captured,
		"prog: a\\x0ab\\x1b[31m\\x7f\xc2\\x9b\n");
}

static void
test_long_lines_are_cut(void **state)
{
	char text[3 * LOG_LINE_MAX];

	memset(text, '\n', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	capture_start();
	log_open("prog", LOG_LEVEL_INFO, false);
	log_info("%s", text);
	capture_stop();
	assert_true(strlen(captured) <= LOG_LINE_MAX + 64);
	assert_int_equal(captured[strlen(captured) - 1], '\n');
	assert_ptr_equal(strchr(captured, '\n'), captured + strlen(captured) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_carry_the_program_or_the_priority),
		cmocka_unit_test(test_lines_above_the_level_are_dropped),
		cmocka_unit_test(test_control_characters_are_escaped),
		cmocka_unit_test(test_long_lines_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
