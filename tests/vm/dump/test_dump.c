/* Tests of vm/dump: whole modules as text, and what can go wrong. */
#include "tests/cmocka.h"

#include <string.h>

#include "tests/vm/builder.h"
#include "tests/vm/dump/collect.h"
#include "vm/binary/decode.h"
#include "vm/vm.h"

#define TEXT_MAX ((size_t)1 << 20)

static struct builder b;
static struct module module;
static struct dump *dump;
static struct buf text;
static struct dump_sink sink;
static struct err err;

static int
setup(void **state)
{
	builder_init(&b);
	sink = collect_init(&text, TEXT_MAX);
	err = ERR_NONE;
	dump = NULL;
	return 0;
}

static int
teardown(void **state)
{
	dump_free(dump);
	module_clear(&module);
	buf_clear(&text);
	builder_clear(&b);
	return 0;
}

static void
decode(void)
{
	assert_int_equal(module_decode(&module, b.out.data, b.out.len, &err), 0);
	dump = dump_new(&module);
	assert_non_null(dump);
}

/*
 * (module $mod
 *   (type $bin (func (param i32 i32) (result i32)))
 *   (type (func (param i32))) (type (func (param i64) (result i64)))
 *   (import "env" "log" (func $log (type 1)))
 *   (func $add (export "add") (type 0) ...) (func $fac (export "fac") (type 2))
 *   (table 3 funcref) (memory (export "mem") 1 2)
 *   (global $g (mut i32) (i32.const 42))
 *   (elem (i32.const 0) $add $fac) (data (i32.const 16) "hello\00"))
 */
static void
build_plain(void)
{
	BUILD(&b, "\x01\x10\3\x60\2\x7f\x7f\1\x7f\x60\1\x7f\0\x60\1\x7e\1\x7e");
	BUILD(&b, "\x02\x0b\1\3env\3log\0\1");
	BUILD(&b, "\x03\x03\2\0\2");
	BUILD(&b, "\x04\x04\1\x70\0\3");
	BUILD(&b, "\x05\x04\1\1\1\2");
	BUILD(&b, "\x06\x06\1\x7f\1\x41\x2a\x0b");
	BUILD(&b, "\x07\x13\3\3mem\2\0\3" "add\0\1\3" "fac\0\2");
	BUILD(&b, "\x09\x08\1\0\x41\0\x0b\2\1\2");
	BUILD(&b, "\x0a\x59\2\x41");
	BUILD(&b, "\2\1\x7c\2\x7e");			/* locals */
	BUILD(&b, "\x20\0\x20\1\x6a\x24\0");
	BUILD(&b, "\x44\x23\1\0\0\0\0\xf0\x7f\x1a");	/* f64.const nan:0x123 */
	BUILD(&b, "\x43\xcd\xcc\xcc\xbd\x1a");		/* f32.const -0.1 */
	BUILD(&b, "\x44\0\0\0\0\0\0\xf0\xff\x1a");	/* f64.const -inf */
	BUILD(&b, "\x41\4\x28\0\x08\x1a\x41\1\x10\0");
	BUILD(&b, "\x02\x40\x03\x40\x41\1\x0e\3\0\1\0\1\x0b\x0b\x41\3\x0b");
	BUILD(&b, "\x15\0\x20\0\x50\x04\x7e\x42\1\x05\x20\0\x20\0\x42\1\x7d"
		"\x10\2\x7e\x0b\x0b");
	BUILD(&b, "\x0b\x0c\1\0\x41\x10\x0b\x06hello\0");
	BUILD(&b, "\0\x3a\4name\0\4\3mod");
	BUILD(&b, "\1\x10\3\0\3log\1\3" "add\2\3" "fac");
	BUILD(&b, "\2\x0d\3\0\0\1\1\2\1x\2\1\0\1n");	/* locals x and n */
	BUILD(&b, "\4\6\1\0\3bin\7\4\1\0\1g");
	BUILD(&b, "\0\x2d\x09producers\2\x08language\1\3C11\0"
		"\x0cprocessed-by\1\2cc\0012");
}

static void
test_inspect_shows_what_the_module_declares(void **state)
{
	build_plain();
	decode();
	assert_int_equal(dump_inspect(dump, &sink, &err), 0);
	assert_string_equal(collect_text(&text),
		"module $mod, 307 bytes\n"
		"features: none beyond WebAssembly 1.0\n"
		"\n"
		"types (3)\n"
		"  0 $bin  (func (param i32 i32) (result i32))\n"
		"  1  (func (param i32))\n"
		"  2  (func (param i64) (result i64))\n"
		"\n"
		"imports (1)\n"
		"  \"env\" \"log\"  (func 0 $log (type 1) (param i32))\n"
		"\n"
		"functions (3)\n"
		"  1 imported, 2 defined\n"
		"\n"
		"tables (1)\n"
		"  0  3 funcref\n"
		"\n"
		"memories (1)\n"
		"  0  1 2\n"
		"\n"
		"globals (1)\n"
		"  0 $g  (mut i32) (i32.const 42)\n"
		"\n"
		"exports (3)\n"
		"  \"mem\"  (memory 0 1 2)\n"
		"  \"add\"  (func 1 $add (type 0 $bin) (param i32 i32)"
		" (result i32))\n"
		"  \"fac\"  (func 2 $fac (type 2) (param i64) (result i64))\n"
		"\n"
		"element segments (1)\n"
		"  0  active (table 0) (i32.const 0)  2 (ref func)\n"
		"\n"
		"data segments (1)\n"
		"  0  active (memory 0) (i32.const 16)  6 bytes\n"
		"\n"
		"sections (12)\n"
		"  0x00000a  type, 16 bytes\n"
		"  0x00001c  import, 11 bytes\n"
		"  0x000029  function, 3 bytes\n"
		"  0x00002e  table, 4 bytes\n"
		"  0x000034  memory, 4 bytes\n"
		"  0x00003a  global, 6 bytes\n"
		"  0x000042  export, 19 bytes\n"
		"  0x000057  element, 8 bytes\n"
		"  0x000061  code, 89 bytes\n"
		"  0x0000bc  data, 12 bytes\n"
		"  0x0000ca  custom \"name\", 58 bytes\n"
		"  0x000106  custom \"producers\", 45 bytes\n"
		"\n"
		"producers\n"
		"  \"language\"  \"C11\"\n"
		"  \"processed-by\"  \"cc\" \"2\"\n");
}

static void
test_inspect_json_shows_the_same(void **state)
{
	build_plain();
	decode();
	assert_int_equal(dump_inspect_json(dump, &sink, &err), 0);
	assert_string_equal(collect_text(&text),
		"{\"bytes\": 307, \"symbol\": \"mod\", \"features\": [],\n"
		"\"types\": [\n"
		" {\"index\": 0, \"symbol\": \"bin\", \"kind\": \"func\","
		" \"params\": [\"i32\", \"i32\"], \"results\": [\"i32\"],"
		" \"final\": true},\n"
		" {\"index\": 1, \"kind\": \"func\", \"params\": [\"i32\"],"
		" \"results\": [], \"final\": true},\n"
		" {\"index\": 2, \"kind\": \"func\", \"params\": [\"i64\"],"
		" \"results\": [\"i64\"], \"final\": true}],\n"
		"\"imports\": [\n"
		" {\"index\": 0, \"module\": \"env\", \"name\": \"log\","
		" \"kind\": \"func\", \"func\": 0, \"type\": 1,"
		" \"signature\": \"(func (param i32))\"}],\n"
		"\"functions\": {\"imported\": 1, \"defined\": 2},\n"
		"\"tables\": [\n"
		" {\"index\": 0, \"imported\": false, \"element\": \"funcref\","
		" \"address\": \"i32\", \"min\": 3}],\n"
		"\"memories\": [\n"
		" {\"index\": 0, \"imported\": false, \"address\": \"i32\","
		" \"min\": 1, \"max\": 2, \"page_bytes\": 65536}],\n"
		"\"tags\": [],\n"
		"\"globals\": [\n"
		" {\"index\": 0, \"symbol\": \"g\", \"imported\": false,"
		" \"value\": \"i32\", \"mutable\": true,"
		" \"init\": \"i32.const 42\"}],\n"
		"\"exports\": [\n"
		" {\"index\": 0, \"name\": \"mem\", \"kind\": \"memory\","
		" \"memory\": 0, \"address\": \"i32\", \"min\": 1, \"max\": 2,"
		" \"page_bytes\": 65536},\n"
		" {\"index\": 1, \"name\": \"add\", \"kind\": \"func\","
		" \"func\": 1, \"type\": 0,"
		" \"signature\": \"(func (param i32 i32) (result i32))\"},\n"
		" {\"index\": 2, \"name\": \"fac\", \"kind\": \"func\","
		" \"func\": 2, \"type\": 2,"
		" \"signature\": \"(func (param i64) (result i64))\"}],\n"
		"\"elements\": [\n"
		" {\"index\": 0, \"mode\": \"active\", \"table\": 0,"
		" \"offset\": \"i32.const 0\", \"element\": \"(ref func)\","
		" \"count\": 2}],\n"
		"\"data\": [\n"
		" {\"index\": 0, \"mode\": \"active\", \"memory\": 0,"
		" \"offset\": \"i32.const 16\", \"bytes\": 6}],\n"
		"\"sections\": [\n"
		" {\"index\": 0, \"id\": 1, \"name\": \"type\","
		" \"offset\": 10, \"bytes\": 16},\n"
		" {\"index\": 1, \"id\": 2, \"name\": \"import\","
		" \"offset\": 28, \"bytes\": 11},\n"
		" {\"index\": 2, \"id\": 3, \"name\": \"function\","
		" \"offset\": 41, \"bytes\": 3},\n"
		" {\"index\": 3, \"id\": 4, \"name\": \"table\","
		" \"offset\": 46, \"bytes\": 4},\n"
		" {\"index\": 4, \"id\": 5, \"name\": \"memory\","
		" \"offset\": 52, \"bytes\": 4},\n"
		" {\"index\": 5, \"id\": 6, \"name\": \"global\","
		" \"offset\": 58, \"bytes\": 6},\n"
		" {\"index\": 6, \"id\": 7, \"name\": \"export\","
		" \"offset\": 66, \"bytes\": 19},\n"
		" {\"index\": 7, \"id\": 9, \"name\": \"element\","
		" \"offset\": 87, \"bytes\": 8},\n"
		" {\"index\": 8, \"id\": 10, \"name\": \"code\","
		" \"offset\": 97, \"bytes\": 89},\n"
		" {\"index\": 9, \"id\": 11, \"name\": \"data\","
		" \"offset\": 188, \"bytes\": 12},\n"
		" {\"index\": 10, \"id\": 0, \"name\": \"custom\","
		" \"custom\": \"name\", \"offset\": 202, \"bytes\": 58},\n"
		" {\"index\": 11, \"id\": 0, \"name\": \"custom\","
		" \"custom\": \"producers\", \"offset\": 262, \"bytes\": 45}],\n"
		"\"producers\": [\n"
		" {\"index\": 0, \"field\": \"language\", \"values\":"
		" [{\"name\": \"C11\", \"version\": \"\"}]},\n"
		" {\"index\": 1, \"field\": \"processed-by\", \"values\":"
		" [{\"name\": \"cc\", \"version\": \"2\"}]}]}\n");
}

static const char fac_text[] =
	"func 2 $fac (export \"fac\") (type 2) (param i64) (result i64)\n"
	"  param 0 $n i64\n"
	"  0x0000a6  local.get 0 $n\n"
	"  0x0000a8  i64.eqz\n"
	"  0x0000a9  if @1 (result i64)\n"
	"  0x0000ab    i64.const 1\n"
	"  0x0000ad  else @1\n"
	"  0x0000ae    local.get 0 $n\n"
	"  0x0000b0    local.get 0 $n\n"
	"  0x0000b2    i64.const 1\n"
	"  0x0000b4    i64.sub\n"
	"  0x0000b5    call 2 $fac\n"
	"  0x0000b7    i64.mul\n"
	"  0x0000b8  end @1\n"
	"  0x0000b9  end @0\n";

static void
test_disasm_shows_all_functions(void **state)
{
	static const char first[] =
		"func 0 $log (import \"env\" \"log\") (type 1) (param i32)\n"
		"func 1 $add (export \"add\") (type 0 $bin) (param i32 i32)"
		" (result i32)\n"
		"  local 2 $x f64\n"
		"  local 3..4 i64\n"
		"  0x000068  local.get 0\n"
		"  0x00006a  local.get 1\n"
		"  0x00006c  i32.add\n"
		"  0x00006d  global.set 0 $g\n"
		"  0x00006f  f64.const nan:0x123\n"
		"  0x000078  drop\n"
		"  0x000079  f32.const -0x1.99999ap-4 (;=-0.1;)\n"
		"  0x00007e  drop\n"
		"  0x00007f  f64.const -inf\n"
		"  0x000088  drop\n"
		"  0x000089  i32.const 4\n"
		"  0x00008b  i32.load offset=8 align=1\n"
		"  0x00008e  drop\n"
		"  0x00008f  i32.const 1\n"
		"  0x000091  call 0 $log\n"
		"  0x000093  block @1\n"
		"  0x000095    loop @2\n"
		"  0x000097      i32.const 1\n"
		"  0x000099      br_table 0 @2 1 @1 0 @2 1 @1\n"
		"  0x00009f    end @2\n"
		"  0x0000a0  end @1\n"
		"  0x0000a1  i32.const 3\n"
		"  0x0000a3  end @0\n"
		"\n";
	const char *got;

	build_plain();
	decode();
	assert_int_equal(dump_disasm(dump, DUMP_ALL, &sink, &err), 0);
	got = collect_text(&text);
	assert_int_equal(strlen(got), strlen(first) + strlen(fac_text));
	assert_memory_equal(got, first, strlen(first));
	assert_string_equal(got + strlen(first), fac_text);
}

/* In any order: the names of locals are found again. */
static void
test_disasm_shows_one_function(void **state)
{
	struct buf other;
	struct dump_sink other_sink = collect_init(&other, TEXT_MAX);

	build_plain();
	decode();
	assert_int_equal(dump_disasm(dump, 2, &sink, &err), 0);
	assert_string_equal(collect_text(&text), fac_text);
	assert_int_equal(dump_disasm(dump, 1, &other_sink, &err), 0);
	assert_non_null(strstr(collect_text(&other), "local 2 $x f64\n"));
	buf_clear(&other);
	text.len = 0;
	assert_int_equal(dump_disasm(dump, 2, &sink, &err), 0);
	assert_string_equal(collect_text(&text), fac_text);
}

/*
 * (rec (type $t0 (sub (struct (field $f0 (mut i8)) (field (ref null 1)))))
 *      (type (array (mut i64))))
 * (type (sub final 0 (struct (field (mut i8)) (field (ref null 1)) (field anyref))))
 * (type (func (result i32))) (type (func))
 */
static void
build_aggregates(void)
{
	build_section(&b, SECTION_TYPE);
	BUILD(&b, "\4\x4e\2\x50\0\x5f\2\x78\1\x63\1\0\x5e\x7e\1"
		"\x4f\1\0\x5f\3\x78\1\x63\1\0\x6e\0\x60\0\1\x7f\x60\0\0");
	build_close(&b);
	build_section(&b, SECTION_FUNCTION);
	BUILD(&b, "\1\3");
	build_close(&b);
	build_section(&b, SECTION_MEMORY);
	BUILD(&b, "\2\4\x80\x80\x80\x80\x80\x80\x80\x10\x08\1\0");
	build_close(&b);
	build_section(&b, SECTION_TAG);
	BUILD(&b, "\1\0\4");
	build_close(&b);
	build_section(&b, SECTION_CODE);
	BUILD(&b, "\1");
	build_open(&b);
	BUILD(&b, "\0\x02\x40");
	BUILD(&b, "\x1f\3\4\0\0\0\1\0\0\2\0\3\1");	/* all clauses */
	BUILD(&b, "\xd0\x6e\xfb\x18\3\0\x6e\0");	/* br_on_cast */
	BUILD(&b, "\xfb\x15\x6b\xfb\x14\0\x1a");	/* ref.test */
	BUILD(&b, "\xfb\x03\0\0\xfb\x08\1\3\x1c\1\x6f");
	BUILD(&b, "\xfd\x54\x41\1\4\2");	/* v128.load8_lane */
	BUILD(&b, "\xfd\x0c\1\0\0\0\2\0\0\0\3\0\0\0\xff\xff\xff\xff");
	BUILD(&b, "\xfc\x0a\0\1\xfc\x0a\0\0\x13\3\0\x3f\1");
	BUILD(&b, "\x44\0\0\0\0\0\0\xf8\xff\x43\1\0\0\0");
	BUILD(&b, "\x0b\x0f\x0b\x41\x7f\x0b");
	build_close(&b);
	build_close(&b);
	build_section(&b, 0);
	BUILD(&b, "\4name\4\5\1\0\2t0\x0a\7\1\0\1\0\2f0\x0b\5\1\0\2e0");
	build_close(&b);
}

static void
test_inspect_shows_types_of_the_third_version(void **state)
{
	const char *got;

	build_aggregates();
	decode();
	assert_int_equal(dump_inspect(dump, &sink, &err), 0);
	got = collect_text(&text);
	assert_non_null(strstr(got, "features: multi-value, bulk-memory,"
		" reference-types, simd, tail-call, exceptions, function-references, gc,"
		" memory64, multi-memory, custom-page-sizes\n"));
	assert_non_null(strstr(got,
		"  0 $t0  (sub (struct (field $f0 (mut i8)) (field (ref null 1))))"
		"  (; rec 0..1 ;)\n"
		"  1  (array (mut i64))\n"
		"  2  (sub final 0 $t0 (struct (field (mut i8))"
		" (field (ref null 1)) (field anyref)))\n"
		"  3  (func (result i32))\n"
		"  4  (func)\n"));
	assert_non_null(strstr(got, "  0  i64 9007199254740992\n"));
	assert_non_null(strstr(got, "  0 $e0  (type 4)\n"));
}

/* More than 53 bits do not fit all readers' numbers. */
static void
test_inspect_json_shows_types_of_the_third_version(void **state)
{
	const char *got;

	build_aggregates();
	decode();
	assert_int_equal(dump_inspect_json(dump, &sink, &err), 0);
	got = collect_text(&text);
	assert_non_null(strstr(got, "{\"index\": 2, \"kind\": \"struct\","
		" \"fields\": [{\"mutable\": true, \"type\": \"i8\"},"
		" {\"mutable\": false, \"type\": \"(ref null 1)\"},"
		" {\"mutable\": false, \"type\": \"anyref\"}],"
		" \"final\": true, \"super\": 0}"));
	assert_non_null(strstr(got, "{\"index\": 1, \"kind\": \"array\","
		" \"element\": {\"mutable\": true, \"type\": \"i64\"},"
		" \"final\": true, \"group\": 0}"));
	assert_non_null(strstr(got,
		"\"address\": \"i64\", \"min\": \"9007199254740992\""));
}

static void
test_disasm_shows_instructions_of_the_third_version(void **state)
{
	build_aggregates();
	decode();
	assert_int_equal(dump_disasm(dump, 0, &sink, &err), 0);
	assert_string_equal(collect_text(&text),
		"func 0 (type 3) (result i32)\n"
		"  0x000061  block @1\n"
		"  0x000063    try_table @2 (type 3) (result i32) (catch 0 $e0 0 @1)"
		" (catch_ref 0 $e0 0 @1)"
		" (catch_all 0 @1) (catch_all_ref 1 @0)\n"
		"  0x000070      ref.null any\n"
		"  0x000072      br_on_cast 0 @2 anyref (ref null 0)\n"
		"  0x000078      ref.test structref\n"
		"  0x00007b      ref.test (ref 0)\n"
		"  0x00007e      drop\n"
		"  0x00007f      struct.get_s 0 $t0 0 $f0\n"
		"  0x000083      array.new_fixed 1 3\n"
		"  0x000087      select (result externref)\n"
		"  0x00008a      v128.load8_lane 1 offset=4 align=2 2\n"
		"  0x000090      v128.const i32x4 0x00000001"
		" 0x00000002 0x00000003 0xffffffff\n"
		"  0x0000a2      memory.copy 0 1\n"
		"  0x0000a6      memory.copy\n"
		"  0x0000aa      return_call_indirect (type 3)\n"
		"  0x0000ad      memory.size 1\n"
		"  0x0000af      f64.const -nan\n"
		"  0x0000b8      f32.const 0x1p-149 (;=1.4013e-45;)\n"
		"  0x0000bd    end @2\n"
		"  0x0000be    return\n"
		"  0x0000bf  end @1\n"
		"  0x0000c0  i32.const -1\n"
		"  0x0000c2  end @0\n");
}

/* ---- errors ------------------------------------------------------------ */

static void
test_disasm_stops_where_the_body_is_malformed(void **state)
{
	build_function(&b);
	BUILD(&b, "\0\x01\xff\x0b");
	build_close(&b);
	build_close(&b);
	decode();
	assert_int_equal(dump_disasm(dump, DUMP_ALL, &sink, &err), -1);
	assert_int_equal(err.code, VM_MALFORMED);
	assert_string_equal(err.text, "function 0: illegal opcode ff");
	assert_non_null(strstr(collect_text(&text), "  nop\n"));
	err = ERR_NONE;
	text.len = 0;
	assert_int_equal(dump_inspect_json(dump, &sink, &err), -1);
	assert_int_equal(err.code, VM_MALFORMED);
	assert_int_equal(text.len, 0);
}

static void
test_a_sink_that_stops_is_no_error_of_the_module(void **state)
{
	build_plain();
	decode();
	text.max = 0;
	assert_int_equal(dump_inspect(dump, &sink, &err), -1);
	assert_int_equal(dump_inspect_json(dump, &sink, &err), -1);
	assert_int_equal(dump_disasm(dump, DUMP_ALL, &sink, &err), -1);
	assert_int_equal(err.code, 0);
}

/* Nothing that needs validation is relied upon. */
static void
test_indices_out_of_bounds_are_shown(void **state)
{
	build_function(&b);
	BUILD(&b, "\0\x10\x63\x20\x63\x23\x63\x0c\x63\xfb\x02\x63\x63\x02\x1f"
		"\x11\x63\x63\xd2\x63\xfc\x0c\x63\x63\x0b\x0b");
	build_close(&b);
	build_close(&b);
	decode();
	assert_int_equal(dump_disasm(dump, 0, &sink, &err), 0);
	assert_non_null(strstr(collect_text(&text), "call 99\n"));
	assert_non_null(strstr(collect_text(&text), "br 99\n"));
	assert_non_null(strstr(collect_text(&text), "block @1 (type 31)\n"));
	assert_non_null(strstr(collect_text(&text), "struct.get 99 99\n"));
}

/* ---- which function ---------------------------------------------------- */

static void
test_functions_are_found_by_index_export_and_name(void **state)
{
	uint32_t func = 77;

	build_plain();
	decode();
	assert_int_equal(dump_find_func(dump, "2", &func), 0);
	assert_int_equal(func, 2);
	assert_int_equal(dump_find_func(dump, "add", &func), 0);
	assert_int_equal(func, 1);
	assert_int_equal(dump_find_func(dump, "log", &func), 0);
	assert_int_equal(func, 0);
	assert_int_equal(dump_find_func(dump, "$fac", &func), 0);
	assert_int_equal(func, 2);
	assert_int_equal(dump_find_func(dump, "3", &func), -1);
	assert_int_equal(dump_find_func(dump, "mem", &func), -1);
	assert_int_equal(dump_find_func(dump, "", &func), -1);
	assert_int_equal(dump_find_func(dump, "4294967297", &func), -1);
	assert_int_equal(func, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_inspect_shows_what_the_module_declares),
		TEST(test_inspect_json_shows_the_same),
		TEST(test_disasm_shows_all_functions),
		TEST(test_disasm_shows_one_function),
		TEST(test_inspect_shows_types_of_the_third_version),
		TEST(test_inspect_json_shows_types_of_the_third_version),
		TEST(test_disasm_shows_instructions_of_the_third_version),
		TEST(test_disasm_stops_where_the_body_is_malformed),
		TEST(test_a_sink_that_stops_is_no_error_of_the_module),
		TEST(test_indices_out_of_bounds_are_shown),
		TEST(test_functions_are_found_by_index_export_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
