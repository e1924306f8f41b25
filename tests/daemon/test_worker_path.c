/* Where the worker is looked for. */
#include "tests/cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/processor.h"
#include "daemon/worker_path.h"

static char own[64], installed[64];

static void
touch(const char *folder, const char *name, mode_t mode)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	close(fd);
}

static void
remove_all(const char *folder)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/wasmd-worker", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/wasmd-worker-v3", folder);
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
}

static int
setup(void **state)
{
	snprintf(own, sizeof(own), "/tmp/worker-path-XXXXXX");
	snprintf(installed, sizeof(installed), "/tmp/worker-path-XXXXXX");
	return mkdtemp(own) == NULL || mkdtemp(installed) == NULL;
}

static int
teardown(void **state)
{
	remove_all(own);
	remove_all(installed);
	return 0;
}

static void
assert_found(const char *folder, const char *name, bool v3)
{
	char program[128], want[128], place[128];

	snprintf(program, sizeof(program), "%s/wasmd", own);
	snprintf(want, sizeof(want), "%s/%s", folder, name);
	snprintf(place, sizeof(place), "%s/wasmd-worker", installed);
	assert_string_equal(worker_path(program, place, v3), want);
}

static void
test_worker_beside_the_program_comes_first(void **state)
{
	touch(installed, "wasmd-worker", 0755);
	assert_found(installed, "wasmd-worker", false);
	touch(own, "wasmd-worker", 0755);
	assert_found(own, "wasmd-worker", false);
}

static void
test_processor_decides_between_two(void **state)
{
	touch(installed, "wasmd-worker", 0755);
	assert_found(installed, "wasmd-worker", true);
	touch(installed, "wasmd-worker-v3", 0755);
	assert_found(installed, "wasmd-worker-v3", true);
	assert_found(installed, "wasmd-worker", false);
}

static void
test_file_that_cannot_be_executed_is_none(void **state)
{
	touch(own, "wasmd-worker-v3", 0644);
	touch(own, "wasmd-worker", 0755);
	assert_found(own, "wasmd-worker", true);
}

static void
test_without_any_the_installed_one_is_named(void **state)
{
	assert_found(installed, "wasmd-worker", true);
	assert_string_equal(worker_path(NULL, "/no/such/wasmd-worker", true),
		"/no/such/wasmd-worker");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_worker_beside_the_program_comes_first,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_processor_decides_between_two, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_file_that_cannot_be_executed_is_none,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_without_any_the_installed_one_is_named,
			setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
