/* Instructions in the binary format. */
#include "vm/binary/instr.h"

#include "base/buf.h"
#include "vm/binary/types.h"
#include "vm/vm.h"

/* Opcodes as one number: the prefix picks a plane. */
enum {
	PLANE_0x00 = 0,
	PLANE_0xfb = 0x100,
	PLANE_0xfc = 0x200,
	PLANE_0xfd = 0x300,
	PLANES_END = 0x300 + 0x120,
};

#define PREFIX_ATOMIC 0xfe

/* What decoding needs of the table, by opcode and so in one look. */
struct code_info {
	uint16_t op;		/* enum op + 1, so that 0 is an illegal opcode */
	uint8_t imm;		/* enum imm_kind */
};

#define OP(id, text, prefix, code, imm, ...) \
	[PLANE_##prefix + code] = { OP_##id + 1, imm },
static const struct code_info code_info[PLANES_END] = {
#include "vm/syntax/ops.def"
};
#undef OP

static const struct code_info illegal;

/* try, catch, rethrow, delegate and catch_all: what try_table took the place
 * of. https://github.com/WebAssembly/exception-handling, legacy */
static bool
is_legacy_exception(uint32_t code)
{
	return code == 0x06 || code == 0x07 || code == 0x09 || code == 0x18 ||
		code == 0x19;
}

static const struct code_info *
fail_opcode(struct reader *r, uint32_t start, unsigned prefix, uint32_t code)
{
	if (prefix == PREFIX_ATOMIC)
		reader_fail_at(r, VM_MALFORMED, start, "illegal opcode fe:"
			" atomic instructions (threads) are not supported");
	else if (prefix == OP_PREFIX_NONE)
		reader_fail_at(r, VM_MALFORMED, start, "illegal opcode %02x%s",
			(unsigned)code, is_legacy_exception(code) ?
			": legacy exceptions are not supported" : "");
	else
		reader_fail_at(r, VM_MALFORMED, start,
			"illegal opcode %02x %02x", prefix, (unsigned)code);
	return &illegal;
}

static const struct code_info *
read_prefixed(struct reader *r, uint32_t start, uint8_t prefix)
{
	uint32_t plane, size, code;

	switch (prefix) {
	case OP_PREFIX_GC:
		plane = PLANE_0xfb;
		size = PLANE_0xfc - PLANE_0xfb;
		break;
	case OP_PREFIX_MISC:
		plane = PLANE_0xfc;
		size = PLANE_0xfd - PLANE_0xfc;
		break;
	case OP_PREFIX_VECTOR:
		plane = PLANE_0xfd;
		size = PLANES_END - PLANE_0xfd;
		break;
	case PREFIX_ATOMIC:
		return fail_opcode(r, start, PREFIX_ATOMIC, 0);
	default:
		return fail_opcode(r, start, OP_PREFIX_NONE, prefix);
	}
	code = read_u32(r);
	if (!reader_ok(r))
		return &illegal;
	if (code >= size || code_info[plane + code].op == 0)
		return fail_opcode(r, start, prefix, code);
	return &code_info[plane + code];
}

/*
 * https://webassembly.github.io/spec/core/binary/instructions.html#memory-instructions
 * Bit 6 of the alignment says that a memory index follows.
 */
static void
read_memarg(struct reader *r, struct instr *in)
{
	uint32_t start = reader_offset(r);
	uint32_t align = read_u32(r);

	if (align >= 0x80)
		reader_fail_at(r, VM_MALFORMED, start, "malformed memop flags");
	in->mem.memory = 0;
	if (align & 0x40) {
		in->mem.memory = read_u32(r);
		r->features |= UINT64_C(1) << FEATURE_MULTI_MEMORY;
	}
	in->mem.align = align & 0x3f;
	in->mem.lane = 0;
	in->mem.offset = r->pos < r->end && *r->pos < 0x80 ?
		*r->pos++ : read_u64(r);
}

static void
read_labels(struct reader *r, struct instr *in)
{
	uint32_t n = read_count(r, 1, UINT32_MAX, "labels");

	in->labels.count = n;
	in->labels.bytes = r->pos;
	for (uint32_t i = 0; i < n && reader_ok(r); i++)
		read_u32(r);
	read_u32(r);
}

static void
read_catches(struct reader *r, struct instr *in)
{
	uint32_t n = read_count(r, 2, UINT32_MAX, "catch clauses");

	in->catches.count = n;
	in->catches.bytes = r->pos;
	for (uint32_t i = 0; i < n && reader_ok(r); i++) {
		uint32_t start = reader_offset(r);
		uint8_t kind = read_byte(r);

		if (kind > CATCH_ALL_REF)
			reader_fail_at(r, VM_MALFORMED, start,
				"malformed catch clause");
		if (kind == CATCH || kind == CATCH_REF)
			read_u32(r);
		read_u32(r);
	}
}

/* The type of a select that says it; validation wants exactly one. */
static void
read_select(struct reader *r, struct instr *in)
{
	uint32_t n = read_count(r, 1, UINT32_MAX, "select types");

	in->type = VAL_BOT;
	for (uint32_t i = 0; i < n && reader_ok(r); i++)
		in->type = read_valtype(r);
	if (n != 1)
		in->type = VAL_BOT;
}

static void
read_cast(struct reader *r, struct instr *in)
{
	uint32_t start = reader_offset(r);
	uint8_t flags = read_byte(r);
	heaptype from, to;

	if (flags > 3)
		reader_fail_at(r, VM_MALFORMED, start,
			"malformed br_on_cast flags");
	in->cast.label = read_u32(r);
	from = read_heaptype(r);
	to = read_heaptype(r);
	in->cast.from = VALTYPE_REF(flags & 1, from);
	in->cast.to = VALTYPE_REF(flags & 2, to);
}

static void
read_data_index(struct reader *r, uint32_t start, uint32_t *index)
{
	*index = read_u32(r);
	if (r->needs_data_count)
		reader_fail_at(r, VM_MALFORMED, start,
			"data count section required");
}

static uint32_t
read_memory_index(struct reader *r)
{
	uint32_t index = read_u32(r);

	if (index != 0)
		r->features |= UINT64_C(1) << FEATURE_MULTI_MEMORY;
	return index;
}

static inline void
read_immediates(struct reader *r, struct instr *in, enum imm_kind imm)
{
	switch (imm) {
	case IMM_NONE:
		break;
	case IMM_BLOCK:
		in->block = read_blocktype(r);
		break;
	case IMM_TRY_TABLE:
		in->block = read_blocktype(r);
		read_catches(r, in);
		break;
	case IMM_LABEL:
	case IMM_LOCAL:
	case IMM_GLOBAL:
	case IMM_FUNC:
	case IMM_TYPE:
	case IMM_TABLE:
	case IMM_ELEM:
	case IMM_TAG:
		in->index = read_u32(r);
		break;
	case IMM_MEMORY:
		in->index = read_memory_index(r);
		break;
	case IMM_LABELS:
		read_labels(r, in);
		break;
	case IMM_DATA:
		read_data_index(r, in->offset, &in->index);
		break;
	case IMM_TYPE_TABLE:
	case IMM_TABLE_TABLE:
	case IMM_ELEM_TABLE:
	case IMM_TYPE_FIELD:
	case IMM_TYPE_COUNT:
	case IMM_TYPE_ELEM:
	case IMM_TYPE_TYPE:
		in->index = read_u32(r);
		in->index2 = read_u32(r);
		break;
	case IMM_MEMORY_MEMORY:
		in->index = read_memory_index(r);
		in->index2 = read_memory_index(r);
		break;
	case IMM_DATA_MEMORY:
		read_data_index(r, in->offset, &in->index);
		in->index2 = read_memory_index(r);
		break;
	case IMM_TYPE_DATA:
		in->index = read_u32(r);
		read_data_index(r, in->offset, &in->index2);
		break;
	case IMM_HEAPTYPE:
		in->heap = read_heaptype(r);
		break;
	case IMM_REFTYPE:
		in->type = VALTYPE_REF(in->op == OP_REF_TEST_NULL ||
			in->op == OP_REF_CAST_NULL, read_heaptype(r));
		break;
	case IMM_CAST:
		read_cast(r, in);
		break;
	case IMM_SELECT:
		read_select(r, in);
		break;
	case IMM_MEMARG:
		read_memarg(r, in);
		break;
	case IMM_MEMARG_LANE:
		read_memarg(r, in);
		in->mem.lane = read_byte(r);
		break;
	case IMM_LANE:
		in->mem.lane = read_byte(r);
		break;
	case IMM_SHUFFLE:
	case IMM_V128:
		read_bytes(r, in->v128, sizeof(in->v128));
		break;
	case IMM_I32:
		in->i32 = (uint32_t)read_s32(r);
		break;
	case IMM_I64:
		in->i64 = (uint64_t)read_s64(r);
		break;
	case IMM_F32:
		in->i32 = read_fixed32(r);
		break;
	case IMM_F64:
		in->i64 = read_fixed64(r);
		break;
	}
}

int
instr_read(struct reader *r, struct instr *in)
{
	const struct code_info *info;
	uint64_t features;
	uint8_t byte;

	in->offset = reader_offset(r);
	if (r->pos == r->end)
		return reader_fail_end(r);
	byte = *r->pos++;
	info = &code_info[byte];
	if (info->op == 0) {
		info = read_prefixed(r, in->offset, byte);
		if (info->op == 0)
			return -1;
	}
	in->op = (enum op)(info->op - 1);
	features = op_info[in->op].features;
	if (features != 0)
		r->features |= features;
	/* What becomes of an instruction depends on nothing but its bytes,
	 * whichever members its reader looks at. */
	in->index = 0;
	in->index2 = 0;
	read_immediates(r, in, (enum imm_kind)info->imm);
	return r->failed ? -1 : 0;
}

/* Open and close blocks; ifs holds one byte a block, whether it may still
 * have an `else`. 1: the outermost was closed. */
static int
expr_nest(struct reader *r, struct buf *ifs, const struct instr *in)
{
	uint8_t may_else = in->op == OP_IF;

	switch (in->op) {
	case OP_BLOCK:
	case OP_LOOP:
	case OP_IF:
	case OP_TRY_TABLE:
		if (buf_append(ifs, &may_else, 1) == -1)
			return reader_fail_at(r, VM_NOMEM, in->offset,
				"out of memory");
		return 0;
	case OP_ELSE:
		if (ifs->len == 0 || !ifs->data[ifs->len - 1])
			return reader_fail_at(r, VM_MALFORMED, in->offset,
				"END opcode expected");
		ifs->data[ifs->len - 1] = 0;
		return 0;
	case OP_END:
		if (ifs->len == 0)
			return 1;
		ifs->len--;
		return 0;
	default:
		return 0;
	}
}

/* What a constant expression says about the module. */
static void
note_constant(struct reader *r, struct module *m, const struct instr *in)
{
	switch (in->op) {
	case OP_REF_FUNC:
		if (in->index < m->nfuncs)
			m->funcs[in->index].declared = true;
		break;
	case OP_GLOBAL_GET:
		if (in->index >= m->nimported_globals)
			r->features |= UINT64_C(1) << FEATURE_GC;
		break;
	case OP_I32_ADD:
	case OP_I32_SUB:
	case OP_I32_MUL:
	case OP_I64_ADD:
	case OP_I64_SUB:
	case OP_I64_MUL:
		r->features |= UINT64_C(1) << FEATURE_EXTENDED_CONST;
		break;
	default:
		break;
	}
}

int
expr_skip(struct reader *r, struct module *m)
{
	struct instr in;
	struct buf ifs;
	int closed = 0;

	buf_init(&ifs, r->end - r->pos);
	while (closed == 0) {
		closed = instr_read(r, &in);
		if (closed == 0)
			closed = expr_nest(r, &ifs, &in);
		if (closed == 0 && m != NULL)
			note_constant(r, m, &in);
	}
	buf_clear(&ifs);
	return closed == 1 ? 0 : -1;
}
