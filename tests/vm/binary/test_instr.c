/* Instructions: every row of the table decodes to itself, and immediates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vm/binary/instr.h"
#include "vm/vm.h"

static struct err err;
static struct reader reader;
static struct instr in;

static int
decode(const void *bytes, size_t len)
{
	err = ERR_NONE;
	reader_init(&reader, bytes, (struct range){ 0, (uint32_t)len }, &err);
	return instr_read(&reader, &in);
}
#define DECODE(literal) decode(literal, sizeof(literal) - 1)

/* An opcode with as many zero bytes behind it as any immediate takes. */
static size_t
encode_op(uint8_t *to, unsigned prefix, unsigned code)
{
	size_t n = 0;

	if (prefix != OP_PREFIX_NONE)
		to[n++] = (uint8_t)prefix;
	if (prefix != OP_PREFIX_NONE && code >= 0x80)
		to[n++] = (uint8_t)(0x80 | (code & 0x7f));
	to[n++] = (uint8_t)(prefix != OP_PREFIX_NONE && code >= 0x80 ?
		code >> 7 : code);
	memset(to + n, 0, 16);
	return n + 16;
}

static void
test_every_row_decodes_to_itself(void **state)
{
	uint8_t bytes[32];

	for (unsigned op = 0; op < OP_COUNT; op++) {
		size_t n = encode_op(bytes, op_info[op].prefix,
			op_info[op].code);

		assert_int_equal(decode(bytes, n), 0);
		assert_int_equal(in.op, op);
		assert_int_equal(in.offset, 0);
	}
}

static void
test_every_row_is_whole(void **state)
{
	static const char letters[] = "ilfdva:";

	for (unsigned op = 0; op < OP_COUNT; op++) {
		const char *sig = op_info[op].sig;

		assert_non_null(op_info[op].name);
		if (sig != NULL) {
			assert_int_equal(strspn(sig, letters), strlen(sig));
			assert_non_null(strchr(sig, ':'));
			assert_ptr_equal(strchr(sig, ':'), strrchr(sig, ':'));
		}
		assert_in_range(op_info[op].access_log2, 0, 4);
	}
}

/* The other way round: whatever decodes is what the table has there. */
static void
test_opcodes_that_no_row_has_are_illegal(void **state)
{
	static const unsigned prefixes[] = { OP_PREFIX_NONE, OP_PREFIX_GC,
		OP_PREFIX_MISC, OP_PREFIX_VECTOR };
	unsigned found = 0;
	uint8_t bytes[32];

	for (size_t p = 0; p < 4; p++) {
		for (unsigned code = 0; code < 0x400; code++) {
			size_t n = encode_op(bytes, prefixes[p], code);

			if (prefixes[p] == OP_PREFIX_NONE &&
			    (code >= 0x100 || (code >= 0xfb && code <= 0xfe)))
				continue;
			if (decode(bytes, n) == 0) {
				assert_int_equal(op_info[in.op].prefix,
					prefixes[p]);
				assert_int_equal(op_info[in.op].code, code);
				found++;
			} else {
				assert_memory_equal(err.text, "illegal opcode",
					14);
			}
		}
	}
	assert_int_equal(found, OP_COUNT);
}

static void
test_threads_are_refused_by_name(void **state)
{
	assert_int_equal(DECODE("\xfe\x10\2\0"), -1);
	assert_int_equal(err.code, VM_MALFORMED);
	assert_non_null(strstr(err.text, "threads"));
}

static void
test_reads_memory_arguments(void **state)
{
	assert_int_equal(DECODE("\x28\2\x80\1"), 0);
	assert_int_equal(in.mem.align, 2);
	assert_int_equal(in.mem.offset, 128);
	assert_int_equal(in.mem.memory, 0);
	assert_int_equal(DECODE("\x28\x42\3\4"), 0);
	assert_int_equal(in.mem.align, 2);
	assert_int_equal(in.mem.memory, 3);
	assert_int_equal(in.mem.offset, 4);
	assert_true(reader.features & 1 << FEATURE_MULTI_MEMORY);
	assert_int_equal(DECODE("\xfd\x54\0\0\7"), 0);
	assert_int_equal(in.mem.lane, 7);
	assert_int_equal(DECODE("\x28\x80\1\0"), -1);
	assert_string_equal(err.text, "malformed memop flags");
}

static void
test_reads_constants(void **state)
{
	assert_int_equal(DECODE("\x41\x7f"), 0);
	assert_int_equal(in.i32, UINT32_MAX);
	assert_int_equal(DECODE("\x42\x7f"), 0);
	assert_true(in.i64 == UINT64_MAX);
	assert_int_equal(DECODE("\x43\1\0\xa0\x7f"), 0);
	assert_int_equal(in.i32, 0x7fa00001);
	assert_int_equal(DECODE("\x44\0\0\0\0\0\0\0\x80"), 0);
	assert_true(in.i64 == UINT64_C(1) << 63);
}

static void
test_reads_branch_tables(void **state)
{
	const uint8_t *cursor;

	assert_int_equal(DECODE("\x0e\2\1\x80\1\3"), 0);
	assert_int_equal(in.labels.count, 2);
	cursor = in.labels.bytes;
	assert_int_equal(instr_next_label(&cursor), 1);
	assert_int_equal(instr_next_label(&cursor), 128);
	assert_int_equal(instr_next_label(&cursor), 3);
	assert_ptr_equal(cursor, reader.end);
	assert_int_equal(DECODE("\x0e\xff\xff\xff\xff\x0f\0\0"), -1);
	assert_int_equal(err.code, VM_MALFORMED);
}

static void
test_reads_catch_clauses(void **state)
{
	const uint8_t *cursor;
	struct catch c;

	assert_int_equal(DECODE("\x1f\x40\2\1\7\5\3\6"), 0);
	assert_int_equal(in.block.kind, BLOCK_EMPTY);
	assert_int_equal(in.catches.count, 2);
	cursor = in.catches.bytes;
	c = instr_next_catch(&cursor);
	assert_int_equal(c.kind, CATCH_REF);
	assert_int_equal(c.tag, 7);
	assert_int_equal(c.label, 5);
	c = instr_next_catch(&cursor);
	assert_int_equal(c.kind, CATCH_ALL_REF);
	assert_int_equal(c.label, 6);
	assert_int_equal(DECODE("\x1f\x40\1\4\0\0"), -1);
}

static void
test_reads_block_types(void **state)
{
	assert_int_equal(DECODE("\2\x7e"), 0);
	assert_int_equal(in.block.kind, BLOCK_VALUE);
	assert_int_equal(in.block.value, VAL_I64);
	assert_int_equal(DECODE("\3\xc0\0"), 0);
	assert_int_equal(in.block.kind, BLOCK_TYPE);
	assert_int_equal(in.block.type, 64);
	assert_int_equal(DECODE("\4\x63\5"), 0);
	assert_int_equal(in.block.value, VALTYPE_REF(true, 5));
	assert_int_equal(DECODE("\2\xbf\x7f"), -1);
	assert_string_equal(err.text, "malformed block type");
}

static void
test_reads_casts(void **state)
{
	assert_int_equal(DECODE("\xfb\x18\1\2\x6e\x6b"), 0);
	assert_int_equal(in.cast.label, 2);
	assert_int_equal(in.cast.from, VALTYPE_REF(true, HEAP_ANY));
	assert_int_equal(in.cast.to, VALTYPE_REF(false, HEAP_STRUCT));
	assert_int_equal(DECODE("\xfb\x15\x6c"), 0);
	assert_int_equal(in.type, VALTYPE_REF(true, HEAP_I31));
	assert_int_equal(DECODE("\xfb\x18\4\2\x6e\x6b"), -1);
}

static void
test_a_typed_select_of_several_types_has_none(void **state)
{
	assert_int_equal(DECODE("\x1c\1\x7f"), 0);
	assert_int_equal(in.type, VAL_I32);
	assert_int_equal(DECODE("\x1c\2\x7f\x7f"), 0);
	assert_int_equal(in.type, VAL_BOT);
	assert_int_equal(DECODE("\x1c\0"), 0);
	assert_int_equal(in.type, VAL_BOT);
}

static void
test_finds_the_end_of_an_expression(void **state)
{
	static const uint8_t code[] = { 0x02, 0x40, 0x04, 0x40, 0x05, 0x0b,
		0x0b, 0x0b, 0x01 };

	err = ERR_NONE;
	reader_init(&reader, code, (struct range){ 0, sizeof(code) }, &err);
	assert_int_equal(expr_skip(&reader, NULL), 0);
	assert_int_equal(reader_offset(&reader), 8);
	assert_int_equal(expr_skip(&reader, NULL), -1);
}

static void
test_an_else_needs_an_if(void **state)
{
	static const uint8_t code[] = { 0x02, 0x40, 0x05, 0x0b, 0x0b };

	err = ERR_NONE;
	reader_init(&reader, code, (struct range){ 0, sizeof(code) }, &err);
	assert_int_equal(expr_skip(&reader, NULL), -1);
	assert_string_equal(err.text, "END opcode expected");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_decodes_to_itself),
		cmocka_unit_test(test_every_row_is_whole),
		cmocka_unit_test(test_opcodes_that_no_row_has_are_illegal),
		cmocka_unit_test(test_threads_are_refused_by_name),
		cmocka_unit_test(test_reads_memory_arguments),
		cmocka_unit_test(test_reads_constants),
		cmocka_unit_test(test_reads_branch_tables),
		cmocka_unit_test(test_reads_catch_clauses),
		cmocka_unit_test(test_reads_block_types),
		cmocka_unit_test(test_reads_casts),
		cmocka_unit_test(test_a_typed_select_of_several_types_has_none),
		cmocka_unit_test(test_finds_the_end_of_an_expression),
		cmocka_unit_test(test_an_else_needs_an_if),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
