/*
 * Memory and table instructions, done in C. Run in the confined child.
 * https://webassembly.github.io/spec/core/exec/instructions.html#memory-instructions
 *
 * A range is checked whole before anything is written.
 */
#include "vm/exec/ops.h"

#include <string.h>

#include "vm/runtime/memory.h"
#include "vm/runtime/table.h"
#include "vm/syntax/canon.h"

/* Bulk operations cost by their size: a unit for 8 bytes or an element. */
bool
op_charge(struct vm_instance *in, uint64_t amount)
{
	/* Ranges were checked, so an amount is far below the range of fuel. */
	in->fuel -= (int64_t)amount;
	return in->fuel >= 0;
}

static bool
in_range(uint64_t start, uint64_t len, uint64_t size)
{
	return start <= size && len <= size - start;
}

OP_IN_C(memory_grow)
{
	struct mem_inst *m = in->memories[o];
	uint64_t pages = mem_grow(m, v[0]);

	v[0] = m->type.limits.is64 ? pages : (uint32_t)pages;
	return TRAP_NONE;
}

OP_IN_C(memory_size_any)
{
	v[0] = mem_pages(in->memories[o]);
	return TRAP_NONE;
}

OP_IN_C(memory_fill)
{
	struct mem_inst *m = in->memories[o];

	if (!in_range(v[0], v[2], m->size))
		return TRAP_MEMORY_BOUNDS;
	if (!op_charge(in, v[2] / 8))
		return TRAP_FUEL;
	if (v[2] > 0)
		memset(m->base + v[0], (uint8_t)v[1], v[2]);
	return TRAP_NONE;
}

OP_IN_C(memory_copy)
{
	struct mem_inst *to = in->memories[o], *from = in->memories[p];

	if (!in_range(v[0], v[2], to->size) ||
	    !in_range(v[1], v[2], from->size))
		return TRAP_MEMORY_BOUNDS;
	if (!op_charge(in, v[2] / 8))
		return TRAP_FUEL;
	if (v[2] > 0)
		memmove(to->base + v[0], from->base + v[1], v[2]);
	return TRAP_NONE;
}

OP_IN_C(memory_init)
{
	struct mem_inst *m = in->memories[p];
	const struct data_inst *d = &in->datas[o];

	if (!in_range(v[0], v[2], m->size) || !in_range(v[1], v[2], d->len))
		return TRAP_MEMORY_BOUNDS;
	if (!op_charge(in, v[2] / 8))
		return TRAP_FUEL;
	if (v[2] > 0)
		memcpy(m->base + v[0], d->bytes + v[1], v[2]);
	return TRAP_NONE;
}

OP_IN_C(data_drop)
{
	in->datas[o].len = 0;
	return TRAP_NONE;
}

/* ---- tables -------------------------------------------------------------- */

OP_IN_C(table_get_any)
{
	const struct table_inst *t = in->tables[o];

	if (v[0] >= t->size)
		return TRAP_TABLE_BOUNDS;
	v[0] = t->elems[v[0]];
	return TRAP_NONE;
}

OP_IN_C(table_set_any)
{
	struct table_inst *t = in->tables[o];

	if (v[0] >= t->size)
		return TRAP_TABLE_BOUNDS;
	t->elems[v[0]] = v[1];
	return TRAP_NONE;
}

OP_IN_C(table_size)
{
	v[0] = in->tables[o]->size;
	return TRAP_NONE;
}

OP_IN_C(table_grow)
{
	struct table_inst *t = in->tables[o];
	uint64_t size = table_grow(t, v[1], v[0]);

	if (size != UINT64_MAX && !op_charge(in, v[1]))
		return TRAP_FUEL;
	v[0] = t->type.limits.is64 ? size : (uint32_t)size;
	return TRAP_NONE;
}

OP_IN_C(table_fill)
{
	struct table_inst *t = in->tables[o];

	if (!in_range(v[0], v[2], t->size))
		return TRAP_TABLE_BOUNDS;
	if (!op_charge(in, v[2]))
		return TRAP_FUEL;
	for (uint64_t i = 0; i < v[2]; i++)
		t->elems[v[0] + i] = v[1];
	return TRAP_NONE;
}

OP_IN_C(table_copy)
{
	struct table_inst *to = in->tables[o], *from = in->tables[p];

	if (!in_range(v[0], v[2], to->size) ||
	    !in_range(v[1], v[2], from->size))
		return TRAP_TABLE_BOUNDS;
	if (!op_charge(in, v[2]))
		return TRAP_FUEL;
	if (v[2] > 0)
		memmove(to->elems + v[0], from->elems + v[1],
			v[2] * sizeof(*to->elems));
	return TRAP_NONE;
}

OP_IN_C(table_init)
{
	const struct elem_inst *e = &in->elems[o];
	struct table_inst *t = in->tables[p];

	if (!in_range(v[0], v[2], t->size) || !in_range(v[1], v[2], e->len))
		return TRAP_TABLE_BOUNDS;
	if (!op_charge(in, v[2]))
		return TRAP_FUEL;
	if (v[2] > 0)
		memcpy(t->elems + v[0], e->refs + v[1],
			v[2] * sizeof(*t->elems));
	return TRAP_NONE;
}

OP_IN_C(elem_drop)
{
	in->elems[o].len = 0;
	return TRAP_NONE;
}

/* ---- wide arithmetic ------------------------------------------------------ */

__extension__ typedef unsigned __int128 wide;
__extension__ typedef __int128 swide;

static void
put_wide(uint64_t *v, wide value)
{
	v[0] = (uint64_t)value;
	v[1] = (uint64_t)(value >> 64);
}

OP_IN_C(i64_add128)
{
	put_wide(v, ((wide)v[1] << 64 | v[0]) + ((wide)v[3] << 64 | v[2]));
	return TRAP_NONE;
}

OP_IN_C(i64_sub128)
{
	put_wide(v, ((wide)v[1] << 64 | v[0]) - ((wide)v[3] << 64 | v[2]));
	return TRAP_NONE;
}

OP_IN_C(i64_mul_wide_s)
{
	put_wide(v, (wide)((swide)(int64_t)v[0] * (int64_t)v[1]));
	return TRAP_NONE;
}

OP_IN_C(i64_mul_wide_u)
{
	put_wide(v, (wide)v[0] * v[1]);
	return TRAP_NONE;
}

/* ---- types ----------------------------------------------------------------- */

bool
op_func_matches(const struct vm_instance *in, const struct func_inst *f,
	uint32_t canon)
{
	return canon_is_subtype(in->module->canon, f->canon, canon);
}
