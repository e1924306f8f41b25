/*
 * Every fused handler against its parts: both run the same instructions, with
 * fields and operands from boundary values, from the same state; frame,
 * memory, accumulators, fuel, and where they end must agree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/vm/exec/build.h"
#include "vm/exec/emit.h"
#include "vm/exec/run.h"
#include "vm/runtime/store.h"

#include "vm/exec/code_names.h"

#define TRIALS 24
#define SLOTS 64	/* of the frame that is compared */
#define HEADER 12	/* its return address */
#define CODE_WORDS 128

/* Landings are instructions that trap where they stand, each behind a word
 * that is a call's end: its callee's frame begins where the caller's does. */
struct landing {
	uint64_t before, handler;
};

static struct landing landings[8];
static uint64_t code[CODE_WORDS];
static uint64_t trap_handler;

struct state {
	uint64_t slots[SLOTS + 64];
	uint64_t globals[4];
	int64_t fuel;
	enum trap_code trap;
	const uint8_t *pc;
	ptrdiff_t fp;
};

static uint8_t memory_before[65536], memory_after[65536];
static uint32_t seed;
static bool has_floats, returns;	/* the sequence that is tried */

static uint32_t
random_below(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 8) * n >> 24);
}

/* One kind of NaN only, the processor's own: which of two an operation passes
 * on is free. */
static uint64_t
one_nan(uint64_t v)
{
	if ((v & 0x7fffffffffffffff) > 0x7ff0000000000000)
		return 0xfff8000000000000;
	if ((v & 0x7fffffff) > 0x7f800000)
		return 0xffc00000;
	return v;
}

static uint64_t
boundary_value(void)
{
	static const uint64_t values[] = {
		0, 1, 2, 3, 5, 31, 32, 63, 64, 255, 256, 1000, 4096,
		65528, 65532, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffe,
		0xffffffff, 0x7fffffffffffffff, 0x8000000000000000,
		0xffffffffffffffff, 0xffffffff80000000,
		0x3ff0000000000000, 0xbff8000000000000, 0x41e0000000000000,
		0x43f0000000000000, 0x7ff0000000000000, 0xfff8000000000000,
		0x3f800000, 0xbfc00000, 0x4f000000, 0x7f800000, 0xffc00000,
	};
	uint32_t n = sizeof(values) / sizeof(values[0]);
	uint64_t v = values[random_below(n)];

	if (random_below(3) == 0)
		v = random_below(2000);
	return has_floats ? one_nan(v) : v;
}

/* ---- instructions ----------------------------------------------------------- */

static bool
name_begins(uint32_t handler, const char *start)
{
	return strncmp(code_names[handler], start, strlen(start)) == 0;
}

static uint64_t
field_value(uint32_t handler, unsigned field)
{
	uint64_t v = boundary_value();

	switch (field) {
	case FIELD_H:
		return HEADER;
	case FIELD_U:
		return random_below(100);
	case FIELD_N:
		return random_below(4);
	case FIELD_O:
		if (name_begins(handler, "global_"))
			return sizeof(struct vm_instance) + 8 * random_below(4);
		if (name_begins(handler, "call_indirect"))
			return 0;
		if (name_begins(handler, "br_table"))
			return 1;
		return random_below(2) ? random_below(64) : v;
	case FIELD_K:
	case FIELD_L:
		return v;
	default:
		/* The frame of a callee begins above all that is compared of
		 * its own. */
		if (field == FIELD_B && name_begins(handler, "call"))
			return SLOTS;
		return returns ? CODE_RETURN_NEAR +
			random_below(HEADER - 1 - CODE_RETURN_NEAR) :
			random_below(HEADER - 1);
	}
}

static void
put_branch(uint8_t *at, const uint8_t *target, int32_t charge)
{
	int32_t offset = (int32_t)(target - at);

	memcpy(at, &offset, sizeof(offset));
	memcpy(at + 4, &charge, sizeof(charge));
}

/* To a landing; of a br that does not end the sequence, what follows it; of a
 * loop's end, its beginning. Each round of a loop costs fuel. */
static void
put_target(uint8_t *to, uint32_t handler, const uint8_t *end, bool last,
	const uint8_t *loop)
{
	int32_t charge = (int32_t)random_below(9) - 4;

	if (last && loop != NULL)
		put_branch(to, loop, charge + 5);
	else if (!last && handler == HANDLER_BR)
		put_branch(to, end, charge);
	else
		put_branch(to, (uint8_t *)&landings[random_below(8)].handler,
			charge);
}

static uint8_t *
put_instruction(uint8_t *at, uint32_t handler, bool last, const uint8_t *loop)
{
	const struct code_format *f = &code_formats[handler];
	uint64_t address = code_handler_address(handler);
	uint8_t *end = at + f->length;

	memset(at, 0, f->length);
	memcpy(at, &address, sizeof(address));
	for (unsigned i = 0; i < f->nfields; i++) {
		uint8_t *to = at + f->fields[i].offset;
		uint64_t v = field_value(handler, f->fields[i].field);

		if (f->fields[i].type == TYPE_BRANCH)
			put_target(to, handler, end, last, loop);
		else if (f->fields[i].field == FIELD_T)
			put_branch(to, (uint8_t *)&landings[1].handler, 0);
		if (f->fields[i].type != TYPE_BRANCH &&
		    f->fields[i].field != FIELD_T)
			memcpy(to, &v, f->fields[i].type == TYPE_U16 ? 2 :
				f->fields[i].type == TYPE_K64 ? 8 : 4);
	}
	for (unsigned i = 0; name_begins(handler, "br_table") && i < 2; i++) {
		put_branch(end, (uint8_t *)&landings[2 + i].handler,
			(int32_t)random_below(9) - 4);
		end += 8;
	}
	return end;
}

/* The handler by its name, which the list of instructions has. */
static uint32_t
find_handler(const char *name)
{
	for (uint32_t i = 0; i < CODE_HANDLERS; i++)
		if (strcmp(code_names[i], name) == 0)
			return i;
	fail_msg("no handler %s", name);
	return 0;
}

/* Accumulators filled from slots, the sequence, accumulators to slots. */
static uint64_t *
put_sequence(uint32_t n)
{
	static const char *const before[] = { "f32_add_SSR", "f64_add_SSR",
		"i64_add_SKR", "f32_abs_SSR", "f64_abs_SSR" };
	static const char *const after[] = {
		"mov_RSS", "mov_f32_RSS", "mov_f64_RSS",
		"f32_add_sum_SSS", "f64_add_sum_SSS" };
	const uint16_t *parts = &code_fused_parts[code_fused_from[n].at];
	uint8_t *at = (uint8_t *)code;
	uint64_t *start;

	for (unsigned i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		at = put_instruction(at, find_handler(before[i]), false,
			NULL);
	start = (uint64_t *)(void *)at;
	for (uint32_t i = 0; i < code_fused_from[n].count; i++)
		at = put_instruction(at, parts[i],
			i + 1 == code_fused_from[n].count,
			code_fused_from[n].loops ? (uint8_t *)start : NULL);
	for (unsigned i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		const struct code_format *format =
			&code_formats[find_handler(after[i])];
		uint16_t slot = (uint16_t)(HEADER + 1 + i);
		uint8_t *from = at;

		/* The last field is where the result goes. */
		at = put_instruction(at, find_handler(after[i]), false, NULL);
		memcpy(from + format->fields[format->nfields - 1].offset, &slot,
			sizeof(slot));
	}
	memcpy(at, &trap_handler, sizeof(trap_handler));
	return start;
}

/* ---- running ------------------------------------------------------------------ */

static void
fill_frame(uint64_t *fp)
{
	for (unsigned i = 0; i < SLOTS + 64; i++)
		fp[i] = boundary_value();
	fp[HEADER] = (uint64_t)(uintptr_t)&landings[0].handler;
	/* The returns of functions with few parameters look there. */
	for (unsigned i = 0; i < CODE_RETURN_NEAR; i++)
		if (returns)
			fp[i] = fp[HEADER];
}

static void
run(struct test_machine *m, const struct state *before, struct state *after)
{
	struct vm_instance *in = m->instance;
	uint64_t *fp = (uint64_t *)(void *)m->store->stack.base;
	/* Its own return address goes above what the instructions see. */
	struct func_inst f = { .code = (const uint8_t *)code, .instance = in,
		.param_slots = SLOTS + 63 };

	memcpy(fp, before->slots, sizeof(before->slots));
	memcpy(in->values, before->globals, sizeof(before->globals));
	memcpy(in->memory0->base, memory_before, sizeof(memory_before));
	in->fuel = before->fuel;
	m->store->status = VM_OK;
	m->store->trap_pc = NULL;
	code_run(&f, fp);
	memset(after, 0, sizeof(*after));
	memcpy(after->slots, fp, sizeof(after->slots));
	memcpy(after->globals, in->values, sizeof(after->globals));
	after->fuel = m->store->fuel;
	after->trap = m->store->trap;
	after->pc = m->store->trap_pc;
	after->fp = m->store->trap_fp - fp;
}

/* abs and neg make NaNs of both signs. */
static bool
same_states(struct state *a, struct state *b)
{
	for (unsigned i = 0; has_floats && i < SLOTS + 64; i++) {
		a->slots[i] = one_nan(a->slots[i]);
		b->slots[i] = one_nan(b->slots[i]);
	}
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool
same_memory(const uint8_t *a, const uint8_t *b)
{
	for (unsigned i = 0; i < sizeof(memory_after); i++)
		if (a[i] != b[i] && !(has_floats && (a[i] | 0x80) == 0xff &&
		    (b[i] | 0x80) == 0xff))
			return false;
	return true;
}

static void
compare(struct test_machine *m, uint32_t n)
{
	struct state before = { .fuel = 200 }, plain, fused;
	uint64_t *start = put_sequence(n);

	fill_frame(before.slots);
	for (unsigned i = 0; i < 4; i++)
		before.globals[i] = boundary_value();
	run(m, &before, &plain);
	memcpy(memory_after, m->instance->memory0->base, sizeof(memory_after));
	*start = code_handler_address(CODE_HANDLERS + n);
	run(m, &before, &fused);
	if (!same_states(&plain, &fused) ||
	    !same_memory(memory_after, m->instance->memory0->base)) {
		for (uint32_t i = 0; i < code_fused_from[n].count; i++)
			print_error("%s\n",
				code_names[code_fused_parts[code_fused_from[n].at + i]]);
		fail_msg("sequence %u differs from its parts: traps %d and %d",
			(unsigned)n, (int)plain.trap, (int)fused.trap);
	}
}

/* Functions of other instances and of the host, and references, are not here. */
static bool
needs_more(uint32_t n)
{
	static const char *const names[] = { "call_import", "call_ref", "ref_",
		"return_call", "global_import", "table_", "throw", "struct_",
		"array_", "i31_" };

	for (uint32_t i = 0; i < code_fused_from[n].count; i++)
		for (unsigned j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			if (name_begins(code_fused_parts[code_fused_from[n].at + i],
				names[j]))
				return true;
	return false;
}

static bool
any_returns(uint32_t n)
{
	for (uint32_t i = 0; i < code_fused_from[n].count; i++)
		if (name_begins(code_fused_parts[code_fused_from[n].at + i],
			"return"))
			return true;
	return false;
}

static bool
any_floats(uint32_t n)
{
	for (uint32_t i = 0; i < code_fused_from[n].count; i++) {
		const char *name =
			code_names[code_fused_parts[code_fused_from[n].at + i]];

		if (strstr(name, "f32") != NULL || strstr(name, "f64") != NULL)
			return true;
	}
	return false;
}

/* Without floats that are NaN, if there are floats. */
static void
fill_memory(void)
{
	for (unsigned i = 0; i < sizeof(memory_before); i++)
		memory_before[i] = (uint8_t)((i * 7 + (i >> 8)) &
			(has_floats ? 0xbf : 0xff));
}

static void
test_fused_handlers_do_what_their_parts_do(void **unused)
{
	const struct test_func none = { ":", BODY(0, 0x0b) };
	struct table_inst table = { .size = 0 };
	struct table_inst *tables[] = { &table };
	static uint64_t storage[sizeof(struct vm_instance) / 8 + 8];
	struct vm_instance *in = (struct vm_instance *)(void *)storage;
	struct test_machine m;
	uint32_t tried = 0;

	assert_int_equal(machine_start(&m, &none, 1), 0);
	/* A copy with room for globals. */
	memcpy(in, m.instance, sizeof(*in));
	in->tables = tables;
	in->stack_limit = m.store->stack_limit;
	m.instance = in;
	trap_handler = code_handler_address(find_handler("unreachable_SSS"));
	for (unsigned i = 0; i < 8; i++)
		landings[i] = (struct landing){ 0, trap_handler };
	for (uint32_t n = 0; n < CODE_FUSED; n++) {
		if (needs_more(n))
			continue;
		seed = n;
		has_floats = any_floats(n);
		returns = any_returns(n);
		fill_memory();
		for (unsigned t = 0; t < TRIALS; t++)
			compare(&m, n);
		tried++;
	}
	assert_true(CODE_FUSED == 0 || tried * 10 > CODE_FUSED * 9);
	machine_stop(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fused_handlers_do_what_their_parts_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
