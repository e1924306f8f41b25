/* Instructions in the text format, by the kinds of their immediates. */
#include "vm/dump/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "vm/binary/instr.h"
#include "vm/syntax/text.h"

#define FLOAT_TEXT_MAX 64

/* ---- indices ----------------------------------------------------------- */

static void
text_number(struct dump *d, uint64_t n)
{
	out_text(&d->out, " ");
	out_u64(&d->out, n);
}

static void
text_name(struct dump *d, struct name name)
{
	if (name.data != NULL) {
		out_text(&d->out, " ");
		out_id(&d->out, name);
	}
}

void
text_index(struct dump *d, enum name_space space, uint32_t index)
{
	out_u64(&d->out, index);
	text_name(d, names_get(&d->names, space, index));
}

static void
text_operand(struct dump *d, enum name_space space, uint32_t index)
{
	out_text(&d->out, " ");
	text_index(d, space, index);
}

/* Tables and memories that need not be said. */
static void
text_operand_if(struct dump *d, enum name_space space, uint32_t index)
{
	if (index != 0)
		text_operand(d, space, index);
}

static void
text_two_operands_if(struct dump *d, enum name_space space, uint32_t index,
	uint32_t index2)
{
	if (index != 0 || index2 != 0) {
		text_operand(d, space, index);
		text_operand(d, space, index2);
	}
}

static void
text_local(struct dump *d, uint32_t index)
{
	text_number(d, index);
	text_name(d, names_local(&d->names, index));
}

/* A function without a name is known by where it comes from or goes to. */
static void
text_func(struct dump *d, uint32_t index)
{
	const struct module *m = d->module;
	struct out *o = &d->out;

	text_operand(d, NAMES_FUNC, index);
	if (index >= m->nfuncs ||
	    names_get(&d->names, NAMES_FUNC, index).data != NULL)
		return;
	if (d->imports[index] != DUMP_NONE) {
		out_text(o, " (import ");
		out_quoted_cut(o, m->imports[d->imports[index]].module);
		out_text(o, " ");
		out_quoted_cut(o, m->imports[d->imports[index]].name);
		out_text(o, ")");
	} else if (d->exports[index] != DUMP_NONE) {
		out_text(o, " (export ");
		out_quoted_cut(o, m->exports[d->exports[index]].name);
		out_text(o, ")");
	}
}

static void
text_field(struct dump *d, uint32_t type, uint32_t field)
{
	text_operand(d, NAMES_TYPE, type);
	text_number(d, field);
	text_name(d, names_field(&d->names, type, field));
}

static void
text_type(struct dump *d, uint32_t type)
{
	out_text(&d->out, " (type ");
	text_index(d, NAMES_TYPE, type);
	out_text(&d->out, ")");
}

/* ---- control ----------------------------------------------------------- */

/* A relative depth, and the number of the block that it means. */
static void
text_label(struct dump *d, uint32_t depth)
{
	text_number(d, depth);
	if (depth < d->nlabels) {
		out_text(&d->out, " @");
		out_u64(&d->out, d->labels[d->nlabels - 1 - depth]);
	}
}

/* The number of the block that begins or ends here. */
static void
text_block_number(struct dump *d, uint32_t number)
{
	out_text(&d->out, " @");
	out_u64(&d->out, number);
}

static void
text_block(struct dump *d, const struct instr *in)
{
	text_block_number(d, d->next_label);
	switch (in->block.kind) {
	case BLOCK_EMPTY:
		break;
	case BLOCK_VALUE:
		out_text(&d->out, " (result ");
		text_valtype(&d->out, in->block.value);
		out_text(&d->out, ")");
		break;
	case BLOCK_TYPE:
		out_text(&d->out, " ");
		text_typeuse(d, in->block.type);
		break;
	}
}

static void
text_catches(struct dump *d, const struct instr *in)
{
	static const char *const names[] = {
		[CATCH] = " (catch", [CATCH_REF] = " (catch_ref",
		[CATCH_ALL] = " (catch_all", [CATCH_ALL_REF] = " (catch_all_ref",
	};
	const uint8_t *cursor = in->catches.bytes;

	for (uint32_t i = 0; i < in->catches.count; i++) {
		struct catch c = instr_next_catch(&cursor);

		out_text(&d->out, names[c.kind]);
		if (c.kind == CATCH || c.kind == CATCH_REF)
			text_operand(d, NAMES_TAG, c.tag);
		text_label(d, c.label);
		out_text(&d->out, ")");
	}
}

static void
text_labels(struct dump *d, const struct instr *in)
{
	const uint8_t *cursor = in->labels.bytes;

	for (uint32_t i = 0; i < in->labels.count; i++)
		text_label(d, instr_next_label(&cursor));
	text_label(d, instr_next_label(&cursor));
}

static void
text_end(struct dump *d, const struct instr *in)
{
	if ((in->op == OP_END || in->op == OP_ELSE) && d->nlabels > 0)
		text_block_number(d, d->labels[d->nlabels - 1]);
}

/* ---- types ------------------------------------------------------------- */

static void
text_reftype(struct dump *d, valtype t)
{
	out_text(&d->out, " ");
	text_valtype(&d->out, t);
}

static void
text_heaptype(struct dump *d, heaptype h)
{
	if (heaptype_is_index(h)) {
		text_operand(d, NAMES_TYPE, h);
		return;
	}
	out_text(&d->out, " ");
	out_text(&d->out, heaptype_name(h));
}

static void
text_cast(struct dump *d, const struct instr *in)
{
	text_label(d, in->cast.label);
	text_reftype(d, in->cast.from);
	text_reftype(d, in->cast.to);
}

/* Several result types are invalid, and not kept. */
static void
text_select(struct dump *d, const struct instr *in)
{
	out_text(&d->out, " (result ");
	if (in->type == VAL_BOT)
		out_text(&d->out, "...");
	else
		text_valtype(&d->out, in->type);
	out_text(&d->out, ")");
}

/* ---- memory and constants ---------------------------------------------- */

/* As in the text format, what is usual is left out. */
static void
text_memarg(struct dump *d, const struct instr *in)
{
	text_operand_if(d, NAMES_MEMORY, in->mem.memory);
	if (in->mem.offset != 0) {
		out_text(&d->out, " offset=");
		out_u64(&d->out, in->mem.offset);
	}
	if (in->mem.align != op_info[in->op].access_log2) {
		out_text(&d->out, " align=");
		out_u64(&d->out, UINT64_C(1) << in->mem.align);
	}
}

/* All of a float's bits; payload and quiet are what NaNs differ in. */
static void
text_float(struct dump *d, double value, uint64_t payload, uint64_t quiet)
{
	struct out *o = &d->out;
	char text[FLOAT_TEXT_MAX];

	out_text(o, signbit(value) ? " -" : " ");
	if (isinf(value)) {
		out_text(o, "inf");
	} else if (isnan(value) && payload == quiet) {
		out_text(o, "nan");
	} else if (isnan(value)) {
		out_text(o, "nan:");
		out_hex(o, payload, 1);
	} else {
		snprintf(text, sizeof(text), "%a", fabs(value));
		out_text(o, text);
		snprintf(text, sizeof(text), " (;=%g;)", value);
		out_text(o, text);
	}
}

static void
text_f64(struct dump *d, uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	text_float(d, value, bits & ((UINT64_C(1) << 52) - 1),
		UINT64_C(1) << 51);
}

/* Every f32 is an f64, but that NaNs become quiet: of those only the sign is
 * taken from the value. */
static void
text_f32(struct dump *d, uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	text_float(d, (double)value, bits & ((UINT32_C(1) << 23) - 1),
		UINT32_C(1) << 22);
}

static uint32_t
load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		(uint32_t)p[3] << 24;
}

static void
text_v128(struct dump *d, const uint8_t *bytes)
{
	out_text(&d->out, " i32x4");
	for (unsigned i = 0; i < 4; i++) {
		out_text(&d->out, " ");
		out_hex(&d->out, load32(bytes + 4 * i), 8);
	}
}

static void
text_lanes(struct dump *d, const uint8_t *lanes)
{
	for (unsigned i = 0; i < 16; i++)
		text_number(d, lanes[i]);
}

static void
text_int(struct dump *d, int64_t n)
{
	out_text(&d->out, " ");
	out_i64(&d->out, n);
}

/* ---- an instruction ---------------------------------------------------- */

static void
text_immediates(struct dump *d, const struct instr *in)
{
	switch (op_info[in->op].imm) {
	case IMM_NONE:
		text_end(d, in);
		break;
	case IMM_BLOCK:
		text_block(d, in);
		break;
	case IMM_TRY_TABLE:
		text_block(d, in);
		text_catches(d, in);
		break;
	case IMM_LABEL:
		text_label(d, in->index);
		break;
	case IMM_LABELS:
		text_labels(d, in);
		break;
	case IMM_LOCAL:
		text_local(d, in->index);
		break;
	case IMM_GLOBAL:
		text_operand(d, NAMES_GLOBAL, in->index);
		break;
	case IMM_FUNC:
		text_func(d, in->index);
		break;
	case IMM_TYPE:
		text_operand(d, NAMES_TYPE, in->index);
		break;
	case IMM_TABLE:
		text_operand_if(d, NAMES_TABLE, in->index);
		break;
	case IMM_MEMORY:
		text_operand_if(d, NAMES_MEMORY, in->index);
		break;
	case IMM_DATA:
		text_operand(d, NAMES_DATA, in->index);
		break;
	case IMM_ELEM:
		text_operand(d, NAMES_ELEM, in->index);
		break;
	case IMM_TAG:
		text_operand(d, NAMES_TAG, in->index);
		break;
	case IMM_TYPE_TABLE:
		text_operand_if(d, NAMES_TABLE, in->index2);
		text_type(d, in->index);
		break;
	case IMM_TABLE_TABLE:
		text_two_operands_if(d, NAMES_TABLE, in->index, in->index2);
		break;
	case IMM_MEMORY_MEMORY:
		text_two_operands_if(d, NAMES_MEMORY, in->index, in->index2);
		break;
	case IMM_ELEM_TABLE:
		text_operand_if(d, NAMES_TABLE, in->index2);
		text_operand(d, NAMES_ELEM, in->index);
		break;
	case IMM_DATA_MEMORY:
		text_operand_if(d, NAMES_MEMORY, in->index2);
		text_operand(d, NAMES_DATA, in->index);
		break;
	case IMM_TYPE_FIELD:
		text_field(d, in->index, in->index2);
		break;
	case IMM_TYPE_COUNT:
		text_operand(d, NAMES_TYPE, in->index);
		text_number(d, in->index2);
		break;
	case IMM_TYPE_DATA:
		text_operand(d, NAMES_TYPE, in->index);
		text_operand(d, NAMES_DATA, in->index2);
		break;
	case IMM_TYPE_ELEM:
		text_operand(d, NAMES_TYPE, in->index);
		text_operand(d, NAMES_ELEM, in->index2);
		break;
	case IMM_TYPE_TYPE:
		text_operand(d, NAMES_TYPE, in->index);
		text_operand(d, NAMES_TYPE, in->index2);
		break;
	case IMM_HEAPTYPE:
		text_heaptype(d, in->heap);
		break;
	case IMM_REFTYPE:
		text_reftype(d, in->type);
		break;
	case IMM_CAST:
		text_cast(d, in);
		break;
	case IMM_SELECT:
		text_select(d, in);
		break;
	case IMM_MEMARG:
		text_memarg(d, in);
		break;
	case IMM_MEMARG_LANE:
		text_memarg(d, in);
		text_number(d, in->mem.lane);
		break;
	case IMM_LANE:
		text_number(d, in->mem.lane);
		break;
	case IMM_SHUFFLE:
		text_lanes(d, in->v128);
		break;
	case IMM_I32:
		text_int(d, (int32_t)in->i32);
		break;
	case IMM_I64:
		text_int(d, (int64_t)in->i64);
		break;
	case IMM_F32:
		text_f32(d, in->i32);
		break;
	case IMM_F64:
		text_f64(d, in->i64);
		break;
	case IMM_V128:
		text_v128(d, in->v128);
		break;
	}
}

void
text_instr(struct dump *d, const struct instr *in)
{
	const char *name = op_info[in->op].name;

	/* "ref.test null" differs from "ref.test" by the type it shows. */
	out_bytes(&d->out, name, strcspn(name, " "));
	text_immediates(d, in);
}

void
text_constant(struct dump *d, struct range expr)
{
	const char *separator = "";
	struct reader r;
	struct instr in;

	reader_init(&r, d->module->bytes, expr, NULL);
	d->nlabels = 0;		/* blocks are not constant */
	d->next_label = 0;
	while (instr_read(&r, &in) == 0 && r.pos != r.end) {
		out_text(&d->out, separator);
		text_instr(d, &in);
		separator = "; ";
	}
}
