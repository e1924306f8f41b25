/*
 * Which declared locals must be zero when a function begins: those that code
 * may read before it sets them. Most are set first, and need not be touched.
 * Part of the translator; runs in the template.
 *
 * A local counts as set from where it is set to the end of the block that it
 * is set in, as the validator has it for locals without a default:
 * https://webassembly.github.io/spec/core/valid/conventions.html#local-types
 */
#include "vm/exec/translate_steps.h"

#include <stdlib.h>

#include "vm/runtime/store.h"

int
zero_init(struct zero *z)
{
	z->set = calloc(FRAME_SLOTS_MAX, sizeof(*z->set));
	z->order = calloc(FRAME_SLOTS_MAX, sizeof(*z->order));
	return z->set == NULL || z->order == NULL ? -1 : 0;
}

void
zero_clear(struct zero *z)
{
	free(z->set);
	free(z->order);
	z->set = NULL;
	z->order = NULL;
}

/* The block ends in which all but the first n were set. */
void
zero_leave(struct zero *z, uint32_t n)
{
	while (z->n > n)
		z->set[z->order[--z->n]] = false;
}

static void
needs_zero(struct zero *z, uint32_t slot, uint32_t count)
{
	if (slot < z->low)
		z->low = slot;
	if (slot + count > z->high)
		z->high = slot + count;
}

/*
 * Locals are the slots from first on. Room is left for an instruction that
 * zeroes some; it belongs to no instruction of the module, and its line in the
 * table of positions takes two bytes, so that zero_end can leave out both.
 */
void
zero_begin(struct translator *t, uint32_t first, uint32_t count)
{
	struct zero *z = &t->zero;
	uint32_t offset = t->e.offset;
	struct ins *in;

	zero_leave(z, 0);
	z->first = first;
	z->low = UINT32_MAX;
	z->high = 0;
	z->emitted = count > 0;
	if (count == 0)
		return;
	t->e.offset = 0;
	in = emit(&t->e, CODE_ZERO);
	in->f[FIELD_A] = first;
	in->f[FIELD_N] = count;
	emitter_flush(&t->e);
	t->e.offset = offset;
}

/* The collector looks at references whether they were set or not. */
void
zero_reference(struct zero *z, uint32_t slot, uint32_t count)
{
	needs_zero(z, slot, count);
}

void
zero_get(struct zero *z, uint32_t slot, uint32_t count)
{
	if (slot >= z->first && !z->set[slot])
		needs_zero(z, slot, count);
}

void
zero_set(struct zero *z, uint32_t slot)
{
	if (slot < z->first || z->set[slot])
		return;
	z->set[slot] = true;
	z->order[z->n++] = slot;
}

/* All is known: let the first instruction zero what it must. */
void
zero_end(struct translator *t)
{
	static const uint16_t small[] = {
		[1] = CODE_ZERO1, [2] = CODE_ZERO2, [3] = CODE_ZERO3,
		[4] = CODE_ZERO4, [6] = CODE_ZERO6, [8] = CODE_ZERO8,
	};
	const struct zero *z = &t->zero;
	struct ins in = { .op = CODE_ZERO };

	if (!z->emitted || t->e.failed || t->e.plain)
		return;
	if (z->low > z->high) {
		t->func->start += code_formats[code_handler_of[CODE_ZERO]
			[CLASS_S][CLASS_S][CLASS_S] - 1].length;
		t->func->lines += 2;
		return;
	}
	in.f[FIELD_A] = z->low;
	in.f[FIELD_N] = z->high - z->low;
	if (in.f[FIELD_N] < sizeof(small) / sizeof(small[0]) &&
	    small[in.f[FIELD_N]] != 0)
		in.op = small[in.f[FIELD_N]];
	emitter_replace_first(&t->e, &in);
}
