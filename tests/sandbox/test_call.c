/* sandbox/call.c: what was packed is unpacked; what is not well formed, not. */
#include "tests/cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "sandbox/call.h"

static const char *const params[] = { "1", "-2.5" };
static const char *const args[] = { "prog", "", "with space" };
static const char *const env[] = { "A=b" };

static const struct call sample = {
	.fuel = UINT64_MAX, .output_bytes = 1 << 20,
	.invoke = "add", .nparams = 2, .params = params,
	.nargs = 3, .args = args, .nenv = 1, .env = env, .tty = 6, .closed = 1,
	.deterministic = true, .seed = UINT64_C(1) << 63,
};

static void
pack(struct buf *b, const struct call *c)
{
	buf_init(b, CALL_MAX);
	assert_int_equal(call_pack(b, c), 0);
}

/* Unpack from and into memory of exactly the promised size, so that a
 * sanitizer sees any step beyond. */
static int
unpack(struct call *c, const void *data, size_t len, void **held)
{
	struct err err = ERR_NONE;
	uint64_t strings = call_strings(data, len);
	void *scratch;
	void *copy = malloc(len > 0 ? len : 1);
	int rc;

	if (strings > CALL_STRINGS(len))
		strings = CALL_STRINGS(len);
	scratch = malloc(strings * sizeof(char *) + 1);
	memcpy(copy, data, len);
	rc = call_unpack(c, copy, len, scratch, &err);
	assert_true((rc == 0) == (err.code == 0));
	held[0] = scratch;
	held[1] = copy;
	return rc;
}

static void
release(void **held)
{
	free(held[0]);
	free(held[1]);
}

static void
test_unpack_gives_back_what_was_packed(void **state)
{
	struct call c;
	void *held[2];
	struct buf b;

	pack(&b, &sample);
	assert_int_equal(unpack(&c, b.data, b.len, held), 0);
	assert_int_equal(c.fuel, sample.fuel);
	assert_int_equal(c.output_bytes, sample.output_bytes);
	assert_string_equal(c.invoke, "add");
	assert_int_equal(c.nparams, 2);
	assert_string_equal(c.params[1], "-2.5");
	assert_int_equal(c.nargs, 3);
	assert_string_equal(c.args[0], "prog");
	assert_string_equal(c.args[1], "");
	assert_string_equal(c.args[2], "with space");
	assert_int_equal(c.nenv, 1);
	assert_string_equal(c.env[0], "A=b");
	assert_int_equal(c.tty, 6);
	assert_int_equal(c.closed, 1);
	assert_true(c.deterministic);
	assert_int_equal(c.seed, UINT64_C(1) << 63);
	release(held);
	buf_clear(&b);
}

static void
test_unpack_of_a_command_has_no_invoke(void **state)
{
	struct call c, none = { 0 };
	void *held[2];
	struct buf b;

	pack(&b, &none);
	assert_int_equal(unpack(&c, b.data, b.len, held), 0);
	assert_null(c.invoke);
	assert_int_equal(c.nargs + c.nenv + c.nparams, 0);
	release(held);
	buf_clear(&b);
}

static void
test_pack_over_the_bound_leaves_the_buffer(void **state)
{
	struct buf b;

	buf_init(&b, 60);
	assert_int_equal(buf_append(&b, "x", 1), 0);
	assert_int_equal(call_pack(&b, &sample), -1);
	assert_int_equal(b.len, 1);
	buf_clear(&b);
}

static void
test_unpack_refuses_every_shorter_and_longer_form(void **state)
{
	struct call c;
	void *held[2];
	struct buf b;

	pack(&b, &sample);
	for (size_t len = 0; len < b.len; len++) {
		assert_int_equal(unpack(&c, b.data, len, held), -1);
		release(held);
	}
	assert_int_equal(buf_append(&b, "", 1), 0);
	assert_int_equal(unpack(&c, b.data, b.len, held), -1);
	release(held);
	buf_clear(&b);
}

/* Every byte set to values that make counts huge: refused, or all strings it
 * then gives lie inside. */
static void
test_unpack_survives_any_changed_byte(void **state)
{
	static const uint8_t values[] = { 0, 1, 2, 0x7f, 0x80, 0xff };
	struct call c;
	void *held[2];
	struct buf b;

	pack(&b, &sample);
	for (size_t i = 0; i < b.len; i++) {
		for (size_t v = 0; v < sizeof(values); v++) {
			uint8_t old = b.data[i];

			b.data[i] = values[v];
			if (unpack(&c, b.data, b.len, held) == 0) {
				size_t total = 0;

				for (uint32_t k = 0; k < c.nparams; k++)
					total += strlen(c.params[k]) + 1;
				for (uint32_t k = 0; k < c.nargs; k++)
					total += strlen(c.args[k]) + 1;
				for (uint32_t k = 0; k < c.nenv; k++)
					total += strlen(c.env[k]) + 1;
				assert_in_range(total, 0, b.len);
			}
			release(held);
			b.data[i] = old;
		}
	}
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unpack_gives_back_what_was_packed),
		cmocka_unit_test(test_unpack_of_a_command_has_no_invoke),
		cmocka_unit_test(test_pack_over_the_bound_leaves_the_buffer),
		cmocka_unit_test(test_unpack_refuses_every_shorter_and_longer_form),
		cmocka_unit_test(test_unpack_survives_any_changed_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
