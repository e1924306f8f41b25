/*
 * Implementation limits, each with its reason, and each with the words that
 * wasmd-limits(7) has for it: a test compares the two.
 * https://webassembly.github.io/spec/core/appendix/implementation.html
 *
 * Counts are compared with these before anything is allocated; nothing is
 * allocated from a count that the input did not back with bytes.
 */
#ifndef VM_LIMITS_H
#define VM_LIMITS_H

/* What web engines agreed on (https://webassembly.github.io/spec/js-api/#limits),
 * so that a module which loads elsewhere loads here. */
#define LIMIT_MODULE_BYTES	1073741824u	/* bytes of a module */
#define LIMIT_TYPES		1000000u	/* types */
#define LIMIT_REC_GROUP		1000000u	/* types in a recursive group */
#define LIMIT_SUBTYPE_DEPTH	63u		/* supertypes of a type */
#define LIMIT_FUNCTIONS		1000000u	/* functions */
#define LIMIT_IMPORTS		1000000u	/* imports */
#define LIMIT_EXPORTS		1000000u	/* exports */
#define LIMIT_GLOBALS		1000000u	/* globals */
#define LIMIT_TAGS		1000000u	/* tags */
#define LIMIT_DATA_SEGMENTS	100000u		/* data segments */
#define LIMIT_ELEM_SEGMENTS	10000000u	/* element segments */
#define LIMIT_TABLES		100000u		/* tables */
#define LIMIT_MEMORIES		100u		/* memories */
#define LIMIT_BODY_BYTES	7654321u	/* bytes of a function's body */
#define LIMIT_LOCALS		50000u		/* locals of a function */
#define LIMIT_PARAMS		1000u		/* parameters of a function or block */
#define LIMIT_RESULTS		1000u		/* results of a function or block */
#define LIMIT_STRUCT_FIELDS	10000u		/* fields of a structure */
#define LIMIT_TABLE_ELEMS	10000000u	/* elements of a table */

/* Ours: what validation and translation keep for each open block, and for each
 * value on the operand stack (a call can push LIMIT_RESULTS with two bytes). */
#define LIMIT_NESTING		1048576u	/* blocks in blocks */
#define LIMIT_OPERANDS		1048576u	/* operands at a time */

/* Translated code names the slots of a frame in 16 bits; some are kept free
 * for what instructions with several results need. A value takes one, a vector
 * two. */
#define LIMIT_FRAME_SLOTS	65531u		/* slots of a frame */

/* Its branches have 32 bits, with a sign. In whole pages. */
#define LIMIT_CODE_BYTES	2147479552u	/* bytes of translated code */

/* A heap type is kept in 24 bits, together with the abstract ones. */
#define LIMIT_CANON_TYPES	16776959u	/* types of all modules together */

/* The collector numbers granules of 16 bytes in 32 bits. */
#define LIMIT_HEAP_BYTES	68719476736u	/* bytes of the heap */

/* A processor's addresses have 47 bits, of which something must be left. */
#define LIMIT_MEMORY_BYTES	70368744177664u	/* bytes of a memory */

/* Reserved as one range. No program's calls take as much, and what is set by
 * mistake should not fail. */
#define LIMIT_STACK_BYTES	4294967296u	/* bytes of guests' frames */

#endif
