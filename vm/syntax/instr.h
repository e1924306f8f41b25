/*
 * One decoded instruction: its opcode, where it stands, and its immediates.
 * https://webassembly.github.io/spec/core/syntax/instructions.html
 *
 * The enum of opcodes, and everything else that is known of an opcode by
 * itself, comes from vm/syntax/ops.def.
 */
#ifndef VM_SYNTAX_INSTR_H
#define VM_SYNTAX_INSTR_H

#include <stdint.h>

#include "vm/syntax/types.h"

enum op {
#define OP(id, ...) OP_##id,
#include "vm/syntax/ops.def"
#undef OP
	OP_COUNT
};

/*
 * Kinds of immediates. Each names the member of struct instr that it fills.
 */
enum imm_kind {
	IMM_NONE,
	IMM_BLOCK,	/* block */
	IMM_TRY_TABLE,	/* block, then catches */
	IMM_LABEL,	/* index: relative depth */
	IMM_LABELS,	/* labels (br_table) */
	IMM_LOCAL,	/* index */
	IMM_GLOBAL,	/* index */
	IMM_FUNC,	/* index */
	IMM_TYPE,	/* index */
	IMM_TABLE,	/* index */
	IMM_MEMORY,	/* index */
	IMM_DATA,	/* index */
	IMM_ELEM,	/* index */
	IMM_TAG,	/* index */
	IMM_TYPE_TABLE,	/* index: type, index2: table (call_indirect) */
	IMM_TABLE_TABLE,	/* index: destination, index2: source */
	IMM_MEMORY_MEMORY,	/* index: destination, index2: source */
	IMM_ELEM_TABLE,	/* index: element segment, index2: table */
	IMM_DATA_MEMORY,	/* index: data segment, index2: memory */
	IMM_TYPE_FIELD,	/* index: type, index2: field */
	IMM_TYPE_COUNT,	/* index: type, index2: count (array.new_fixed) */
	IMM_TYPE_DATA,	/* index: type, index2: data segment */
	IMM_TYPE_ELEM,	/* index: type, index2: element segment */
	IMM_TYPE_TYPE,	/* index: destination, index2: source (array.copy) */
	IMM_HEAPTYPE,	/* heap (ref.null) */
	IMM_REFTYPE,	/* type (ref.test, ref.cast; nullability is the opcode's) */
	IMM_CAST,	/* cast (br_on_cast, br_on_cast_fail) */
	IMM_SELECT,	/* type: the one result type of a typed select, or
			 * VAL_BOT where it has none or several (invalid) */
	IMM_MEMARG,	/* mem */
	IMM_MEMARG_LANE,	/* mem, with mem.lane */
	IMM_LANE,	/* mem.lane */
	IMM_SHUFFLE,	/* v128: 16 lane indices */
	IMM_I32,	/* i32 */
	IMM_I64,	/* i64 */
	IMM_F32,	/* i32: the bits */
	IMM_F64,	/* i64: the bits */
	IMM_V128,	/* v128 */
};

struct blocktype {
	enum { BLOCK_EMPTY, BLOCK_VALUE, BLOCK_TYPE } kind;
	union {
		valtype value;	/* the one result */
		uint32_t type;	/* type index */
	};
};

/* A vector that stays in the module's bytes: well-formed LEB128 numbers,
 * checked when the instruction was decoded; read again with instr_next_*. */
struct instr_vec {
	uint32_t count;		/* elements; br_table: without the default */
	const uint8_t *bytes;
};

enum catch_kind {	/* the binary format's numbers */
	CATCH = 0,
	CATCH_REF = 1,
	CATCH_ALL = 2,
	CATCH_ALL_REF = 3,
};

struct catch {
	enum catch_kind kind;
	uint32_t tag;		/* CATCH, CATCH_REF */
	uint32_t label;		/* relative to outside the try_table */
};

struct instr {
	enum op op;
	uint32_t offset;	/* of its first byte, from the module's start */
	union {
		struct {
			uint32_t index, index2;
		};
		struct {
			struct blocktype block;
			struct instr_vec catches;
		};
		struct instr_vec labels;
		struct {
			uint64_t offset;
			uint32_t memory;
			uint8_t align;	/* log2 */
			uint8_t lane;
		} mem;
		struct {
			uint32_t label;
			valtype from, to;
		} cast;
		heaptype heap;
		valtype type;
		uint32_t i32;
		uint64_t i64;
		uint8_t v128[16];
	};
};

/*
 * Read the next element of a vector whose cursor starts at vec.bytes. The
 * bytes were checked by the decoder, so these cannot fail. For br_table the
 * default label stands behind the last of count labels.
 */
uint32_t instr_next_label(const uint8_t **cursor);
struct catch instr_next_catch(const uint8_t **cursor);

enum op_prefix {
	OP_PREFIX_NONE = 0x00,
	OP_PREFIX_GC = 0xfb,
	OP_PREFIX_MISC = 0xfc,
	OP_PREFIX_VECTOR = 0xfd,
};

/* What ops.def says of an opcode. */
struct op_info {
	const char *name;	/* text format, "i32.add" */
	uint8_t prefix;		/* OP_PREFIX_*; 0: the opcode is one byte */
	uint16_t code;		/* behind the prefix */
	enum imm_kind imm;
	const char *sig;	/* fixed type, "ii:i", or NULL where the type
				 * depends on immediates or operands: i l f d v
				 * for i32 i64 f32 f64 v128, a for the address
				 * type of the memory that the immediates name */
	uint8_t access_log2;	/* loads and stores: natural alignment; lane
				 * instructions: size of a lane */
	uint64_t features;	/* bits (1 << enum feature) that using it needs */
};

extern const struct op_info op_info[OP_COUNT];

#endif
