/*
 * Modules for tests of the interpreter: written as bytes, put together here.
 * Function i is exported as "f" and its digit.
 */
#ifndef TESTS_VM_EXEC_BUILD_H
#define TESTS_VM_EXEC_BUILD_H

#include "base/buf.h"
#include "vm/vm.h"

/* A defined function: its type as in ops.def, and its body: declarations of
 * locals and code, `end` included. */
struct test_func {
	const char *sig;
	const uint8_t *body;
	size_t len;
};

#define BODY(...) (const uint8_t[]){ __VA_ARGS__ }, \
	sizeof((const uint8_t[]){ __VA_ARGS__ })

/* A machine with one instance of a module; one page of memory, at most 4. */
struct test_machine {
	struct vm *vm;
	struct vm_module *module;
	struct vm_store *store;
	struct vm_instance *instance;
	struct buf bytes;
	struct vm_trap trap;
};

/* Contents of the memory section in place of that one, and of a data section;
 * empty ones are not written. */
struct test_memories {
	const uint8_t *memories;
	size_t memories_len;
	const uint8_t *datas;
	size_t datas_len;
};

/* From now on machine_start makes machines with one NaN, or ones without. */
void machine_set_one_nan(bool one_nan);
/* Likewise, ones that say what functions cost. */
void machine_set_profile(bool profile);
/* Likewise, ones that translate functions at their first call. */
void machine_set_lazy(bool lazy);

/* 0, or the error code that loading or linking ended with, or MACHINE_TRAPPED:
 * the module could not be instantiated, m->trap says why. To be stopped in any
 * case. */
#define MACHINE_TRAPPED (-1)
int machine_start(struct test_machine *m, const struct test_func *funcs,
	size_t nfuncs);
int machine_start_with(struct test_machine *m, const struct test_func *funcs,
	size_t nfuncs, const struct test_memories *mem);
void machine_stop(struct test_machine *m);

/* The function, for vm_call. */
struct vm_extern_item machine_func(struct test_machine *m, unsigned i);

/* Call function i with i32 arguments; *result is its i32 result, if any. */
enum vm_status machine_call(struct test_machine *m, unsigned i,
	const uint32_t *args, size_t nargs, uint32_t *result);

/* The same for one that must return. */
uint32_t machine_value(struct test_machine *m, unsigned i, uint32_t a,
	uint32_t b);

/*
 * The last call ended at an unreachable: its offset in the body of function i,
 * which the caller called at offset call of its own.
 */
void machine_assert_unreachable(const struct test_machine *m, unsigned i,
	uint32_t offset, unsigned caller, uint32_t call);

#endif
