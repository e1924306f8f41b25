/* The limits of a call: defaults, bounds, options. */
#include "tests/daemon/unit.h"

#include "daemon/limits.h"
#include "daemon/option.h"

static int
read_limit(struct limits *out, const struct limits *most, int i, uint64_t v,
	struct err *err)
{
	struct msg m;

	*err = ERR_NONE;
	msg_init_request(&m, MSG_SUBMIT, 1);
	if (i >= 0)
		msg_set_number(&m, limit_info[i].field, v);
	return limits_from_msg(out, &m, most, err);
}

static void
test_defaults(void **state)
{
	struct limits l, most;
	struct err err;

	limits_init_most(&most);
	assert_int_equal(read_limit(&l, &most, -1, 0, &err), 0);
	for (int i = 0; i < LIMIT_COUNT; i++) {
		assert_int_equal(l.v[i], limit_info[i].def);
		assert_true(limit_info[i].def <= limit_info[i].most);
		assert_true(limit_info[i].def >= limit_info[i].least);
		assert_true(limit_info[i].most <=
			field_info[limit_info[i].field].max);
	}
}

static void
test_each_limit_up_to_the_most(void **state)
{
	struct limits l, most;
	struct err err;

	limits_init_most(&most);
	for (int i = 0; i < LIMIT_COUNT; i++) {
		most.v[i] = limit_info[i].least + 10;
		/* A default above the most is lowered to it. */
		assert_int_equal(read_limit(&l, &most, -1, 0, &err), 0);
		assert_int_equal(l.v[i], most.v[i]);
		assert_int_equal(read_limit(&l, &most, i, most.v[i], &err), 0);
		assert_int_equal(l.v[i], most.v[i]);
		l.v[i] = 77;
		assert_int_equal(read_limit(&l, &most, i, most.v[i] + 1, &err),
			-1);
		assert_int_equal(err.code, PROTO_ERROR_TOO_LARGE);
		assert_int_equal(l.v[i], 77);
		assert_int_equal(read_limit(&l, &most, i, limit_info[i].least,
				&err), 0);
		if (limit_info[i].least == 0)
			continue;
		assert_int_equal(read_limit(&l, &most, i,
				limit_info[i].least - 1, &err), -1);
		assert_int_equal(err.code, PROTO_ERROR_USAGE);
	}
}

static int
parse(struct options *o, const char *first, const char *second)
{
	char *argv[] = { "wasmd", (char *)first, (char *)second, NULL };
	struct err err = ERR_NONE;
	int r;

	assert_int_equal(options_init(o, &err), 0);
	r = options_parse(o, first == NULL ? 1 : second == NULL ? 2 : 3,
		argv, &err);

	assert_true(r == 0 || err.text[0] != '\0');
	return r;
}

static void
test_options(void **state)
{
	struct options o;

	assert_int_equal(parse(&o, NULL, NULL), 0);
	assert_int_equal(o.max_module, 64 << 20);
	assert_int_equal(o.policies.each.most.v[LIMIT_WALL], limit_info[LIMIT_WALL].most);
	assert_int_equal(o.policy[LAYER_SECCOMP], LAYER_REQUIRED);
	assert_int_equal(parse(&o, "--max-wall", "1500ms"), 0);
	assert_int_equal(o.policies.each.most.v[LIMIT_WALL], 1500);
	assert_int_equal(parse(&o, "--max-wall=2m", NULL), 0);
	assert_int_equal(o.policies.each.most.v[LIMIT_WALL], 120000);
	assert_int_equal(parse(&o, "--max-memory", "3G"), 0);
	assert_int_equal(o.policies.each.most.v[LIMIT_MEMORY], 3ull << 30);
	assert_int_equal(parse(&o, "--idle-exit", "7"), 0);
	assert_int_equal(o.idle_ms, 7000);
	assert_int_equal(parse(&o, "--without", "landlock"), 0);
	assert_int_equal(o.policy[LAYER_LANDLOCK], LAYER_OFF);
	assert_int_equal(parse(&o, "--require", "all"), 0);
	for (int i = 0; i < LAYER_COUNT; i++)
		assert_int_equal(o.policy[i], LAYER_REQUIRED);
	assert_int_equal(parse(&o, "--private", NULL), 0);
	assert_true(o.is_private);
}

static void
test_bad_options(void **state)
{
	static const char *const bad[][2] = {
		{ "--nope", NULL }, { "-x", NULL }, { "file", NULL },
		{ "--socket", NULL }, { "--max-jobs", "" },
		{ "--max-jobs", "-1" }, { "--max-jobs", " 1" },
		{ "--max-jobs", "1K" }, { "--max-jobs", "0" },
		{ "--max-jobs", "65537" }, { "--max-module", "1T" },
		{ "--max-memory", "18446744073709551615G" },
		{ "--max-memory", "18446744073709551616" },
		{ "--idle-exit", "1d" }, { "--log-level", "" },
		{ "--without", "all" }, { "--without", "nonsense" },
		{ "--access", "maybe" }, { "--priority", "101" },
	};
	struct options o;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(parse(&o, bad[i][0], bad[i][1]), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_each_limit_up_to_the_most),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_bad_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
