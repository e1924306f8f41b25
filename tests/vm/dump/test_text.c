/* Tests of vm/dump: how single things are written. */
#include "tests/cmocka.h"

#include <string.h>

#include "tests/vm/dump/collect.h"
#include "vm/binary/decode.h"
#include "vm/dump/text.h"

#define NAME(literal) ((struct name){ literal, sizeof(literal) - 1 })

static const uint8_t empty[] = { 0, 'a', 's', 'm', 1, 0, 0, 0 };

static struct module module;
static struct dump *dump;
static struct buf text;
static struct dump_sink sink;

static int
setup(void **state)
{
	struct err err = ERR_NONE;

	if (module_decode(&module, empty, sizeof(empty), &err) == -1)
		return -1;
	dump = dump_new(&module);
	sink = collect_init(&text, 1 << 20);
	out_init(&dump->out, &sink);
	return 0;
}

static int
teardown(void **state)
{
	dump_free(dump);
	module_clear(&module);
	buf_clear(&text);
	return 0;
}

/* What was written since the last call. */
static const char *
written(void)
{
	text.len = 0;
	assert_int_equal(out_finish(&dump->out), 0);
	return collect_text(&text);
}

static const char *
quoted(struct name name)
{
	out_quoted(&dump->out, name);
	return written();
}

static const char *
json(struct name name)
{
	out_json_name(&dump->out, name);
	return written();
}

static const char *
id(struct name name)
{
	out_id(&dump->out, name);
	return written();
}

static const char *
instr(struct instr in)
{
	text_instr(dump, &in);
	return written();
}

static const char *
f32(uint32_t bits)
{
	return instr((struct instr){ .op = OP_F32_CONST, .i32 = bits });
}

static const char *
f64(uint64_t bits)
{
	return instr((struct instr){ .op = OP_F64_CONST, .i64 = bits });
}

/* ---- names ------------------------------------------------------------- */

static void
test_names_cannot_command_a_terminal(void **state)
{
	assert_string_equal(quoted(NAME("a\x1b[2J\n\0b")),
		"\"a\\u{1b}[2J\\u{a}\\u{0}b\"");
	assert_string_equal(quoted(NAME("\"\\")), "\"\\\"\\\\\"");
	assert_string_equal(quoted(NAME("\x7f\xc2\x9b")), "\"\\u{7f}\\u{9b}\"");
	assert_string_equal(quoted(NAME("\xe2\x80\xae" "evil")),
		"\"\\u{202e}evil\"");
	assert_string_equal(quoted(NAME("\xf3\xa0\x80\xa0")), "\"\\u{e0020}\"");
	assert_string_equal(quoted(NAME("gr\xc3\xbc\xc3\x9f \xe2\x82\xac"
		" \xf0\x9f\x98\x80")), "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac"
		" \xf0\x9f\x98\x80\"");
}

static void
test_json_strings_are_escaped(void **state)
{
	assert_string_equal(json(NAME("a\x1b\n\0b")),
		"\"a\\u001b\\u000a\\u0000b\"");
	assert_string_equal(json(NAME("\"\\")), "\"\\\"\\\\\"");
	assert_string_equal(json(NAME("\xe2\x80\xa8")), "\"\\u2028\"");
	assert_string_equal(json(NAME("\xf3\xa0\x80\xa0")),
		"\"\\udb40\\udc20\"");
	assert_string_equal(json(NAME("\xc3\xbc\xf0\x9f\x98\x80")),
		"\"\xc3\xbc\xf0\x9f\x98\x80\"");
	out_json_open(&dump->out);
	out_id(&dump->out, NAME("a \"\n"));
	out_json_close(&dump->out);
	assert_string_equal(written(), "\"$\\\"a \\\\\\\"\\\\u{a}\\\"\"");
}

static void
test_identifiers_are_quoted_when_they_need_it(void **state)
{
	assert_string_equal(id(NAME("a.b$c::d<int>")), "$a.b$c::d<int>");
	assert_string_equal(id(NAME("f(int, int)")), "$\"f(int, int)\"");
	assert_string_equal(id(NAME("")), "$\"\"");
	assert_string_equal(id(NAME("a\nb")), "$\"a\\u{a}b\"");
}

/* At the end of a character, not inside it. */
static void
test_long_identifiers_are_cut(void **state)
{
	char name[OUT_NAME_MAX + 2], want[OUT_NAME_MAX + 8] = "$\"";

	memset(name, 'x', sizeof(name));
	memset(want + 2, 'x', OUT_NAME_MAX - 1);
	strcpy(want + 1 + OUT_NAME_MAX, "\"...");
	name[OUT_NAME_MAX - 1] = '\xc3';
	name[OUT_NAME_MAX] = '\xbc';
	assert_string_equal(id((struct name){ name, OUT_NAME_MAX - 1 }) + 1,
		(name[OUT_NAME_MAX - 1] = '\0', name));
	name[OUT_NAME_MAX - 1] = '\xc3';
	name[0] = want[2] = ' ';
	assert_string_equal(id((struct name){ name, sizeof(name) }), want);
}

/* ---- constants --------------------------------------------------------- */

static void
test_floats_keep_all_their_bits(void **state)
{
	assert_string_equal(f32(0x3fc00000), "f32.const 0x1.8p+0 (;=1.5;)");
	assert_string_equal(f32(0x80000000), "f32.const -0x0p+0 (;=-0;)");
	assert_string_equal(f32(0x00000001), "f32.const 0x1p-149 (;=1.4013e-45;)");
	assert_string_equal(f32(0x7f7fffff),
		"f32.const 0x1.fffffep+127 (;=3.40282e+38;)");
	assert_string_equal(f32(0x7f800000), "f32.const inf");
	assert_string_equal(f32(0xff800000), "f32.const -inf");
	assert_string_equal(f32(0x7fc00000), "f32.const nan");
	assert_string_equal(f32(0xffc00000), "f32.const -nan");
	assert_string_equal(f32(0x7f800001), "f32.const nan:0x1");
	assert_string_equal(f32(0xffa00000), "f32.const -nan:0x200000");
	assert_string_equal(f32(0x7fffffff), "f32.const nan:0x7fffff");
	assert_string_equal(f64(0x3ff8000000000000), "f64.const 0x1.8p+0 (;=1.5;)");
	assert_string_equal(f64(0x0000000000000001),
		"f64.const 0x0.0000000000001p-1022 (;=4.94066e-324;)");
	assert_string_equal(f64(0xfff8000000000000), "f64.const -nan");
	assert_string_equal(f64(0x7ff0000000000001), "f64.const nan:0x1");
	assert_string_equal(f64(0xfff0000000000000), "f64.const -inf");
}

static void
test_integers_are_signed(void **state)
{
	assert_string_equal(instr((struct instr){ .op = OP_I32_CONST,
		.i32 = 0x80000000 }), "i32.const -2147483648");
	assert_string_equal(instr((struct instr){ .op = OP_I64_CONST,
		.i64 = UINT64_C(1) << 63 }), "i64.const -9223372036854775808");
	assert_string_equal(instr((struct instr){ .op = OP_I64_CONST,
		.i64 = 7 }), "i64.const 7");
}

static void
test_memory_arguments_leave_out_what_is_usual(void **state)
{
	assert_string_equal(instr((struct instr){ .op = OP_I64_LOAD,
		.mem = { .align = 3 } }), "i64.load");
	assert_string_equal(instr((struct instr){ .op = OP_I64_LOAD,
		.mem = { .offset = UINT64_MAX, .memory = 2, .align = 63 } }),
		"i64.load 2 offset=18446744073709551615"
		" align=9223372036854775808");
	assert_string_equal(instr((struct instr){ .op = OP_V128_STORE16_LANE,
		.mem = { .align = 1, .lane = 7 } }), "v128.store16_lane 7");
}

/* ---- every instruction ------------------------------------------------- */

/* A row of the table needs nothing else to be shown. */
static void
test_every_opcode_is_shown_by_its_name(void **state)
{
	static const uint8_t zeros[2];

	for (unsigned op = 0; op < OP_COUNT; op++) {
		const char *name = op_info[op].name;
		size_t len = strcspn(name, " ");
		struct instr in = { .op = (enum op)op };
		const char *got;

		if (op_info[op].imm == IMM_LABELS)
			in.labels.bytes = zeros;
		if (op_info[op].imm == IMM_TRY_TABLE)
			in.catches.bytes = zeros;
		if (op_info[op].imm == IMM_HEAPTYPE)
			in.heap = HEAP_ANY;
		got = instr(in);
		assert_memory_equal(got, name, len);
		assert_true(got[len] == '\0' || got[len] == ' ');
		assert_null(strchr(got, '\n'));
		if (op_info[op].imm == IMM_NONE)
			assert_string_equal(got, name);
	}
}

static void
test_every_reference_type_has_its_name(void **state)
{
	static const char *const names[] = {
		"funcref", "nullfuncref", "externref", "nullexternref",
		"anyref", "eqref", "i31ref", "structref", "arrayref",
		"nullref", "exnref", "nullexnref",
	};

	for (heaptype h = HEAP_FUNC; h <= HEAP_NOEXN; h++) {
		text_valtype(&dump->out, VALTYPE_REF(true, h));
		assert_string_equal(written(), names[h - HEAP_FUNC]);
	}
	text_valtype(&dump->out, VALTYPE_REF(false, HEAP_EXN));
	assert_string_equal(written(), "(ref exn)");
	text_valtype(&dump->out, VALTYPE_REF(true, 7));
	assert_string_equal(written(), "(ref null 7)");
	text_valtype(&dump->out, VAL_V128);
	assert_string_equal(written(), "v128");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_names_cannot_command_a_terminal),
		TEST(test_json_strings_are_escaped),
		TEST(test_identifiers_are_quoted_when_they_need_it),
		TEST(test_long_identifiers_are_cut),
		TEST(test_floats_keep_all_their_bits),
		TEST(test_integers_are_signed),
		TEST(test_memory_arguments_leave_out_what_is_usual),
		TEST(test_every_opcode_is_shown_by_its_name),
		TEST(test_every_reference_type_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
