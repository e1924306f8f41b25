/*
 * One NaN for all: which results may be any of several, and what makes of them
 * the one of the deterministic profile. Part of the translator; runs in the
 * template.
 * https://webassembly.github.io/spec/core/appendix/profiles.html#deterministic-profile-small-mathrm-det
 */
#include "vm/exec/translate_steps.h"

/*
 * Opcodes whose NaN the specification leaves open, from first to last in the
 * order of ops.def, and the instruction that is to follow. What only copies
 * bits or changes a sign is not among them: it keeps what it was given.
 */
static const struct {
	enum op first, last;
	enum code_op then;
} open_results[] = {
	{ OP_F32_CEIL, OP_F32_MAX, CODE_F32_ONE_NAN },
	{ OP_F64_CEIL, OP_F64_MAX, CODE_F64_ONE_NAN },
	{ OP_F32_DEMOTE_F64, OP_F32_DEMOTE_F64, CODE_F32_ONE_NAN },
	{ OP_F64_PROMOTE_F32, OP_F64_PROMOTE_F32, CODE_F64_ONE_NAN },
	{ OP_F32X4_CEIL, OP_F32X4_NEAREST, CODE_F32X4_ONE_NAN },
	{ OP_F32X4_SQRT, OP_F32X4_MAX, CODE_F32X4_ONE_NAN },
	{ OP_F64X2_CEIL, OP_F64X2_NEAREST, CODE_F64X2_ONE_NAN },
	{ OP_F64X2_SQRT, OP_F64X2_MAX, CODE_F64X2_ONE_NAN },
	{ OP_F32X4_DEMOTE_F64X2_ZERO, OP_F32X4_DEMOTE_F64X2_ZERO,
	  CODE_F32X4_ONE_NAN },
	{ OP_F64X2_PROMOTE_LOW_F32X4, OP_F64X2_PROMOTE_LOW_F32X4,
	  CODE_F64X2_ONE_NAN },
	{ OP_F32X4_RELAXED_MADD, OP_F32X4_RELAXED_NMADD, CODE_F32X4_ONE_NAN },
	{ OP_F64X2_RELAXED_MADD, OP_F64X2_RELAXED_NMADD, CODE_F64X2_ONE_NAN },
	{ OP_F32X4_RELAXED_MIN, OP_F32X4_RELAXED_MAX, CODE_F32X4_ONE_NAN },
	{ OP_F64X2_RELAXED_MIN, OP_F64X2_RELAXED_MAX, CODE_F64X2_ONE_NAN },
};

void
step_one_nan(struct translator *t, enum op op)
{
	const size_t n = sizeof(open_results) / sizeof(open_results[0]);

	for (size_t i = 0; i < n; i++) {
		if (op >= open_results[i].first && op <= open_results[i].last) {
			step_unary(t, open_results[i].then);
			return;
		}
	}
}
