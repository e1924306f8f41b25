/* What is known of instructions by themselves. */
#include "vm/syntax/instr.h"

#include "vm/syntax/module.h"

#define FEATURE_BITS_CORE 0
#define FEATURE(id, text) FEATURE_BITS_##id = UINT64_C(1) << FEATURE_##id,
enum {
#include "vm/syntax/features.def"
};
#undef FEATURE

#define OP(id, text, op_prefix, op_code, op_imm, op_sig, log2, rule, feature) \
	[OP_##id] = { \
		.name = text, \
		.prefix = op_prefix, \
		.code = op_code, \
		.imm = op_imm, \
		.sig = op_sig, \
		.access_log2 = log2, \
		.features = FEATURE_BITS_##feature, \
	},
const struct op_info op_info[OP_COUNT] = {
#include "vm/syntax/ops.def"
};
#undef OP

/* LEB128 that was checked before. */
static uint32_t
next_u32(const uint8_t **cursor)
{
	const uint8_t *p = *cursor;
	uint32_t value = 0;
	unsigned shift = 0;

	do {
		value |= (uint32_t)(*p & 0x7f) << shift;
		shift += 7;
	} while (*p++ & 0x80);
	*cursor = p;
	return value;
}

uint32_t
instr_next_label(const uint8_t **cursor)
{
	return next_u32(cursor);
}

struct catch
instr_next_catch(const uint8_t **cursor)
{
	struct catch c = { .kind = (enum catch_kind)*(*cursor)++ };

	if (c.kind == CATCH || c.kind == CATCH_REF)
		c.tag = next_u32(cursor);
	c.label = next_u32(cursor);
	return c;
}
