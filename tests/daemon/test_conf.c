/* The configuration file: values, sections, and what is said of mistakes. */
#include "tests/daemon/unit.h"

#include <unistd.h>

#include "base/log.h"
#include "daemon/conf.h"
#include "daemon/option.h"

static char path[64];

static int
setup(void **state)
{
	snprintf(path, sizeof(path), "/tmp/test_conf-%d", (int)getpid());
	return 0;
}

static int
teardown(void **state)
{
	unlink(path);
	return 0;
}

static void
write_file(const void *text, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static struct options *
load(const char *text, const char *argument, struct err *err)
{
	char *argv[] = { "wasmd", "--config", path, (char *)argument, NULL };
	const struct conf_source source = { argument == NULL ? 3 : 4, argv,
		"/nonexistent" };

	write_file(text, strlen(text));
	return conf_load(&source, err);
}

static struct options *
good(const char *text, const char *argument)
{
	struct err err = ERR_NONE;
	struct options *o = load(text, argument, &err);

	if (o == NULL)
		fail_msg("%s", err.text);
	return o;
}

static void
bad(const char *text, const char *expected)
{
	struct err err = ERR_NONE;
	char whole[1024];

	assert_null(load(text, NULL, &err));
	snprintf(whole, sizeof(whole), "%s:%s", path, expected);
	assert_string_equal(err.text, whole);
}

static void
test_values(void **state)
{
	struct options *o = good("# comment\nmax-jobs = 7\nmax-wall = 2m\n"
		"max-module = 3M // M\nsocket = \"/a b/c\"\neveryone = yes\n"
		"log-level = debug /* or\nless */ require = {landlock}\n"
		"without = {no-new-executable-memory, network-namespace}\nmax-rate-per-user = 9\n", NULL);

	assert_int_equal(o->max_jobs, 7);
	assert_int_equal(o->policies.each.most.v[LIMIT_WALL], 120000);
	assert_int_equal(o->max_module, 3 << 20);
	assert_string_equal(o->socket, "/a b/c");
	assert_true(o->everyone);
	assert_int_equal(o->log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(o->policy[LAYER_LANDLOCK], LAYER_REQUIRED);
	assert_int_equal(o->policy[LAYER_MDWE], LAYER_OFF);
	assert_int_equal(o->policy[LAYER_NETNS], LAYER_OFF);
	assert_int_equal(o->policies.each.rate, 9);
	assert_int_equal(o->max_running, 32);
	assert_int_equal(o->idle_ms, 0);
	conf_free(o);
}

static void
test_command_line_passes_the_file(void **state)
{
	struct options *o = good("max-jobs = 7\nmax-connections = 8\n",
		"--max-jobs=9");

	assert_int_equal(o->max_jobs, 9);
	assert_int_equal(o->max_conns, 8);
	conf_free(o);
}

static void
test_sections(void **state)
{
	struct options *o = good("for-user root { max-wall = 5s\n priority = 3 }\n"
		"for-group 77 { access = no }\nfor-user 4000000000 {}\n", NULL);
	struct policy p;
	gid_t group = 77;

	policies_find(&o->policies, 0, NULL, 0, &p);
	assert_int_equal(p.most.v[LIMIT_WALL], 5000);
	assert_int_equal(p.priority, 3);
	assert_int_equal(p.max_running, 16);
	policies_find(&o->policies, 12, &group, 1, &p);
	assert_int_equal(p.access, 0);
	assert_int_equal(p.priority, 10);
	policies_find(&o->policies, 12, NULL, 0, &p);
	assert_int_equal(p.access, 1);
	conf_free(o);
}

static void
test_mistakes_are_named_with_their_line(void **state)
{
	static const char *const mistakes[][2] = {
		{ "\nmax-runing = 3\n", "2: there is no option max-runing; is it "
			"max-running?" },
		{ "# a\n/* b\nc */ max-jobs = 2 // x\nmax-run# = 3",
			"4: there is no option max-run; is it max-running?" },
		{ "socket = '# /* \\' //'\nmax-jobs = 0 # 1",
			"2: max-jobs: '0' is out of bounds: 1 to 65536" },
		{ "xyzzy = 1", "1: there is no option xyzzy" },
		{ "foruser 1 {}", "1: there is no option foruser; is it for-user?" },
		{ "max-jobs = many", "1: max-jobs: 'many' is not a number" },
		{ "max-jobs = 0", "1: max-jobs: '0' is out of bounds: 1 to 65536" },
		{ "max-memory = 3Q", "1: max-memory: '3Q' has an unknown unit" },
		{ "hello-timeout = 1ms", "1: hello-timeout: '1ms' is out of "
			"bounds: 100ms to 1h" },
		{ "everyone = 1", "1: everyone: '1' is neither yes nor no" },
		{ "\n\n\nlog-level = loud", "4: log-level: 'loud' is no level: err, "
			"warning, notice, info or debug" },
		{ "require = {landlock,\nluck}", "2: require: 'luck' is no layer of "
			"confinement; wasmctl check lists them" },
		{ "private = yes", "1: private can be given on the command line "
			"only" },
		{ "for-user root {\nmax-running = 1\n}",
			"2: max-running cannot stand in a section" },
		{ "for-user root {\nmax-wal = 1\n}",
			"2: there is no option max-wal; is it max-wall?" },
		{ "for-user nobody-here {}", "1: there is no user 'nobody-here'" },
		{ "for-group 4294967296 {}", "1: there is no group '4294967296'" },
		{ "for-user 5 {}\nfor-user 5 {}", "2: found duplicate title '5'" },
		{ "max-jobs 3", "1: missing equal sign after option 'max-jobs'" },
		{ "for-user root { max-wall = 1", " the file ends within a section "
			"or value" },
		{ "max-jobs = ", " the file ends within a section or value" },
		{ "max-jobs = 3 /* never closed", " the file ends within a comment" },
	};

	for (size_t i = 0; i < COUNT(mistakes); i++)
		bad(mistakes[i][0], mistakes[i][1]);
}

static void
test_what_is_no_file(void **state)
{
	const struct conf_source here = { 3, (char *[]){ "wasmd", "--config",
		path, NULL }, "/nonexistent" };
	struct err err = ERR_NONE;

	write_file("max-jobs = 3\0", 13);
	assert_null(conf_load(&here, &err));
	assert_non_null(strstr(err.text, "no configuration file"));
	unlink(path);
	err = (struct err)ERR_NONE;
	assert_null(conf_load(&here, &err));
	assert_non_null(strstr(err.text, "No such file"));
}

static void
test_standard_file(void **state)
{
	char *argv[] = { "wasmd", "--private", "--config", "none", NULL };
	struct err err = ERR_NONE;
	struct conf_source source = { 1, argv, path };
	struct options *o;

	write_file("max-jobs = 3\n", 13);
	o = conf_load(&source, &err);
	assert_int_equal(o->max_jobs, 3);
	conf_free(o);
	/* It is not meant for private daemons. */
	source.argc = 2;
	o = conf_load(&source, &err);
	assert_int_equal(o->max_jobs, 1024);
	assert_int_equal(o->policies.each.max_jobs, 1024);
	conf_free(o);
	source.standard = "/nonexistent";
	o = conf_load(&source, &err);
	assert_int_equal(o->max_jobs, 1024);
	conf_free(o);
}

/* Everything that could be sent as one: no crash, no leak, one message. */
static void
test_cut_files(void **state)
{
	static const char text[] = "max-jobs = 3\nfor-user root {\n"
		"priority = 4 # x\n}\nrequire = {\"landlock\", mdwe}\n/* c */";
	char cut[sizeof(text)];

	for (size_t n = 0; n < sizeof(text); n++) {
		struct err err = ERR_NONE;
		struct options *o;

		snprintf(cut, sizeof(cut), "%.*s", (int)n, text);
		o = load(cut, NULL, &err);
		assert_int_equal(o == NULL, err.code != 0);
		conf_free(o);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_command_line_passes_the_file),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_mistakes_are_named_with_their_line),
		cmocka_unit_test(test_what_is_no_file),
		cmocka_unit_test(test_standard_file),
		cmocka_unit_test(test_cut_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
