/*
 * References as the 8 bytes of a slot: in frames, globals, tables, segments,
 * and in fields of heap objects. Used in every process that runs the machine.
 *
 *	0		null, of every type
 *	bit 0 set	i31, its 31 bits in bits 1-31
 *	bit 63 set	reference of the host, 32 bits in bits 1-32
 *	otherwise	pointer: in the hierarchies of any, extern and exn to
 *			an object of the heap (heap.h), in that of func to a
 *			runtime function
 *
 * Each value has one form in the hierarchies of any and of extern alike, so
 * that any.convert_extern, extern.convert_any and ref.as_* copy the slot, and
 * ref.eq compares slots. Functions never meet the others in one slot.
 *
 * A pointer, not an index: slots have room for it, casts and field accesses
 * need no base, and the collector tells objects from all else by one
 * comparison with the heap's range. That holds because the heap lies
 * above 4 GiB, where no i31 is, and below bit 63.
 */
#ifndef VM_RUNTIME_REF_H
#define VM_RUNTIME_REF_H

#include <stdbool.h>
#include <stdint.h>

#define REF_NULL ((uint64_t)0)
#define REF_I31  ((uint64_t)1)
#define REF_HOST ((uint64_t)1 << 63)

/* ref.i31: the upper bit of the operand is dropped. */
static inline uint64_t
ref_i31(uint32_t value)
{
	return (uint32_t)(value << 1) | REF_I31;
}

static inline bool
ref_is_i31(uint64_t ref)
{
	return (ref & REF_I31) != 0;
}

static inline uint32_t
ref_i31_u(uint64_t ref)
{
	return (uint32_t)ref >> 1;
}

static inline uint32_t
ref_i31_s(uint64_t ref)
{
	return (uint32_t)((int32_t)(uint32_t)ref >> 1);
}

static inline uint64_t
ref_host(uint32_t value)
{
	return REF_HOST | (uint64_t)value << 1;
}

static inline bool
ref_is_host(uint64_t ref)
{
	return (ref & REF_HOST) != 0;
}

static inline uint32_t
ref_host_value(uint64_t ref)
{
	return (uint32_t)(ref >> 1);
}

/* Structure, array or exception; not for references to functions. */
static inline bool
ref_is_object(uint64_t ref)
{
	return ref != REF_NULL && (ref & (REF_HOST | REF_I31)) == 0;
}

#endif
