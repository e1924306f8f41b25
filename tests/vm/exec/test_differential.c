/*
 * Generated modules, the same ones in every run: each is valid, and does the
 * same with and without fused instructions. And what such modules found.
 */
#include "tests/cmocka.h"

#include <string.h>
#include <unistd.h>

#include "fuzz/generate.h"
#include "fuzz/play.h"
#include "tests/vm/builder.h"

#define MODULES 2000
#define INPUT_MIN 40
#define INPUT_MAX 1500
#define MODULE_MAX ((size_t)16 << 20)
#define NOPS 1000

/* xorshift64 */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void
generate(struct buf *module, uint64_t *state)
{
	uint8_t input[INPUT_MAX];
	size_t len = INPUT_MIN + next_random(state) % (INPUT_MAX - INPUT_MIN);

	for (size_t i = 0; i < len; i++)
		input[i] = (uint8_t)(next_random(state) >> 24);
	buf_init(module, MODULE_MAX);
	generate_module(module, input, len, GENERATE_CANONICAL_NANS);
}

static void
test_generated_modules_do_the_same_fused_and_plain(void **state)
{
	const struct play_options options = { .fuel = PLAY_FUEL };
	uint64_t random = 0x9e3779b97f4a7c15;

	for (int i = 0; i < MODULES; i++) {
		struct err err = ERR_NONE;
		struct buf module, record;

		generate(&module, &random);
		buf_init(&record, PLAY_RECORD_MAX);
		if (play_module(module.data, module.len, &options, &record,
		    &err) == -1)
			fail_msg("module %d: %s", i, err.text);
		play_both(module.data, module.len, PLAY_FUEL);
		buf_clear(&record);
		buf_clear(&module);
	}
}

/* ---- what was found ---------------------------------------------------- */

/* Locals: one i32, 1. A block that is left at once, over many instructions
 * that take no code. */
static void
build_leap(struct builder *b)
{
	build_open(b);
	BUILD(b, "\1\1\x7f" "\x41\1\x21\0" "\2\x40" "\x20\0\x0d\0");
	REPEAT(b, "\1", NOPS);
	BUILD(b, "\x0b");
}

/* A module of functions [] -> [], of which the last one is exported; the
 * code section is left open. */
static void
build_start(struct builder *b, unsigned nfuncs)
{
	builder_init(b);
	BUILD(b, "\1\4\1\x60\0\0");
	build_section(b, SECTION_FUNCTION);
	build_u32(b, nfuncs);
	REPEAT(b, "\0", nfuncs);
	build_close(b);
	BUILD(b, "\x0d\3\1\0\0");
	build_section(b, SECTION_EXPORT);
	BUILD(b, "\1\1f\0");
	build_u32(b, nfuncs - 1);
	build_close(b);
	build_section(b, SECTION_CODE);
	build_u32(b, nfuncs);
}

static void
build_end(struct builder *b)
{
	BUILD(b, "\x0b");
	build_close(b);
}

/* Play it; the line that tells how its one call ended. */
static char *
play(struct builder *b, struct buf *record)
{
	const struct play_options options = { .fuel = PLAY_FUEL };
	struct err err = ERR_NONE;
	char *line;

	build_close(b);
	buf_init(record, PLAY_RECORD_MAX);
	alarm(60);
	assert_int_equal(play_module(b->out.data, b->out.len, &options, record,
		&err), 0);
	alarm(0);
	builder_clear(b);
	assert_int_equal(buf_append(record, "", 1), 0);
	line = strchr((char *)record->data, '\n');
	assert_non_null(line);
	return line + 1;
}

/* Of three functions: the first throws, the second calls it, both after a
 * leap; the third calls the second as long as that throws. */
static void
test_fuel_ends_a_loop_of_exceptions_through_frames(void **state)
{
	struct builder b;
	struct buf record;

	build_start(&b, 3);
	build_leap(&b);
	BUILD(&b, "\x08\0");
	build_end(&b);
	build_leap(&b);
	BUILD(&b, "\x10\0");
	build_end(&b);
	build_open(&b);
	BUILD(&b, "\0" "\3\x40" "\x1f\x40\1\0\0\0" "\x10\1" "\x0b\x0b");
	build_end(&b);
	assert_non_null(strstr(play(&b, &record), "status 3,"));
	buf_clear(&record);
}

/* What leaving its frame costs is more than there is. */
static void
test_an_exception_that_nobody_catches_keeps_to_the_fuel(void **state)
{
	struct builder b;
	struct buf record;

	build_start(&b, 1);
	build_open(&b);
	BUILD(&b, "\1\1\x7f" "\x41\1\x21\0" "\2\x40" "\x20\0\x0d\0");
	REPEAT(&b, "\1", PLAY_FUEL);
	BUILD(&b, "\x0b\x08\0");
	build_end(&b);
	assert_non_null(strstr(play(&b, &record), "status 3,"));
	buf_clear(&record);
}

static void
test_fuel_used_is_not_negative_after_a_leap_and_a_trap(void **state)
{
	struct builder b;
	struct buf record;

	build_start(&b, 1);
	build_leap(&b);
	BUILD(&b, "\0");
	build_end(&b);
	assert_non_null(strstr(play(&b, &record),
		"status 1, trap unreachable, depth 1, fuel 0"));
	buf_clear(&record);
}

/* [i32] -> [i32]: the local twice, once as a block's parameter, which waits
 * for its old value while the block sets it. */
static void
test_a_blocks_parameter_keeps_the_value_of_a_local_set_inside(void **state)
{
	struct builder b;
	struct buf record;

	builder_init(&b);
	BUILD(&b, "\1\6\1\x60\1\x7f\1\x7f" "\3\2\1\0" "\7\5\1\1f\0\0");
	build_section(&b, SECTION_CODE);
	build_u32(&b, 1);
	build_open(&b);
	BUILD(&b, "\0" "\x20\0\x20\0" "\2\0" "\x41\5\x21\0" "\x0b" "\x6a");
	build_end(&b);
	assert_non_null(strstr(play(&b, &record), " fffffffa\n"));
	buf_clear(&record);
}

/* UndefinedBehaviorSanitizer sees more than this test. */
static void
test_the_first_instruction_may_be_one_in_c_without_operands(void **state)
{
	const struct play_options options = { .fuel = PLAY_FUEL };
	static const uint8_t module[] = "\0asm\1\0\0\0" "\1\4\1\x60\0\0"
		"\3\2\1\0" "\x09\4\1\1\0\0" "\x0a\7\1\5\0\xfc\x0d\0\x0b";
	struct err err = ERR_NONE;
	struct buf record;

	buf_init(&record, PLAY_RECORD_MAX);
	assert_int_equal(play_module(module, sizeof(module) - 1, &options,
		&record, &err), 0);
	buf_clear(&record);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_generated_modules_do_the_same_fused_and_plain),
		cmocka_unit_test(
			test_fuel_ends_a_loop_of_exceptions_through_frames),
		cmocka_unit_test(
			test_an_exception_that_nobody_catches_keeps_to_the_fuel),
		cmocka_unit_test(
			test_fuel_used_is_not_negative_after_a_leap_and_a_trap),
		cmocka_unit_test(
			test_a_blocks_parameter_keeps_the_value_of_a_local_set_inside),
		cmocka_unit_test(
			test_the_first_instruction_may_be_one_in_c_without_operands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
