/*
 * Implementation limits, each with its reason.
 * https://webassembly.github.io/spec/core/appendix/implementation.html
 *
 * Counts are compared with these before anything is allocated; nothing is
 * allocated from a count that the input did not back with bytes.
 */
#ifndef VM_LIMITS_H
#define VM_LIMITS_H

/* What web engines agreed on (https://webassembly.github.io/spec/js-api/#limits),
 * so that a module which loads elsewhere loads here. */
#define LIMIT_MODULE_BYTES	1073741824u	/* 1 GiB */
#define LIMIT_TYPES		1000000u
#define LIMIT_REC_GROUP		1000000u
#define LIMIT_SUBTYPE_DEPTH	63u
#define LIMIT_FUNCTIONS		1000000u
#define LIMIT_IMPORTS		1000000u
#define LIMIT_EXPORTS		1000000u
#define LIMIT_GLOBALS		1000000u
#define LIMIT_TAGS		1000000u
#define LIMIT_DATA_SEGMENTS	100000u
#define LIMIT_ELEM_SEGMENTS	10000000u
#define LIMIT_TABLES		100000u
#define LIMIT_MEMORIES		100u
#define LIMIT_BODY_BYTES	7654321u
#define LIMIT_LOCALS		50000u
#define LIMIT_PARAMS		1000u
#define LIMIT_RESULTS		1000u
#define LIMIT_STRUCT_FIELDS	10000u
#define LIMIT_TABLE_ELEMS	10000000u

/* Ours: what validation and translation keep for each open block, and for each
 * value on the operand stack (a call can push LIMIT_RESULTS with two bytes). */
#define LIMIT_NESTING		1048576u
#define LIMIT_OPERANDS		1048576u

#endif
