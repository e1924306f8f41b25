/*
 * Instructions that are done by calling C: the CALL_C rows of instrs.py.
 * Operands are at v in stack order, a slot each (v128: two), i32 zero-
 * extended; results go there. o and p are the immediates. Each returns
 * TRAP_NONE, a trap, or TRAP_FUEL.
 */
#ifndef VM_EXEC_OPS_H
#define VM_EXEC_OPS_H

#include "vm/runtime/store.h"

/* In place of a trap code: the fuel is gone. */
#define TRAP_FUEL TRAP_COUNT

#define OP_IN_C(name) \
	enum trap_code op_##name(struct vm_instance *in, uint64_t *v, \
		uint32_t o, uint32_t p)

OP_IN_C(memory_grow);
OP_IN_C(memory_size_any);
OP_IN_C(memory_fill);
OP_IN_C(memory_copy);
OP_IN_C(memory_init);
OP_IN_C(data_drop);
OP_IN_C(table_get_any);
OP_IN_C(table_set_any);
OP_IN_C(table_size);
OP_IN_C(table_grow);
OP_IN_C(table_fill);
OP_IN_C(table_copy);
OP_IN_C(table_init);
OP_IN_C(elem_drop);
OP_IN_C(struct_new);
OP_IN_C(struct_new_default);
OP_IN_C(array_new);
OP_IN_C(array_new_default);
OP_IN_C(array_new_fixed);
OP_IN_C(array_new_data);
OP_IN_C(array_new_elem);
OP_IN_C(array_fill);
OP_IN_C(array_copy);
OP_IN_C(array_init_data);
OP_IN_C(array_init_elem);
OP_IN_C(ref_test_any);
OP_IN_C(ref_cast_any);
OP_IN_C(i64_add128);
OP_IN_C(i64_sub128);
OP_IN_C(i64_mul_wide_s);
OP_IN_C(i64_mul_wide_u);

/* An exception with the values at v, or 0 when memory is short. */
uint64_t op_exception_new(struct vm_instance *in, const uint64_t *v,
	uint32_t tag);

/* Charge fuel for work of an amount; false when it is gone. */
bool op_charge(struct vm_instance *in, uint64_t amount);

/* Whether f may be called as a function of the canonical type. */
bool op_func_matches(const struct vm_instance *in, const struct func_inst *f,
	uint32_t canon);

#endif
