/*
 * What a module becomes when it is instantiated, and the things that
 * instances share by import.
 * https://webassembly.github.io/spec/core/exec/runtime.html
 *
 * A reference to a function is the address of its struct func_inst; null is 0.
 * All other references are as in ref.h.
 */
#ifndef VM_RUNTIME_INSTANCE_H
#define VM_RUNTIME_INSTANCE_H

#include <stddef.h>

#include "base/arena.h"
#include "vm/runtime/region.h"
#include "vm/vm.h"

struct func_inst {
	const uint8_t *code;		/* where it begins; unset for the host's */
	struct vm_instance *instance;	/* NULL: a host function */
	uint32_t canon;			/* canonical id of its type */
	uint16_t param_slots;
	uint16_t result_slots;
	const struct functype *type;
	uint32_t index;			/* in its module */
	vm_host_fn host;
	void *host_data;
};

struct mem_inst {
	uint8_t *base;
	uint64_t size;		/* bytes */
	uint64_t max;		/* pages: what growth may never pass */
	struct memtype type;	/* limits.min as declared */
	struct region region;
	struct vm_store *store;
	struct mem_inst *next;	/* of the store */
	uint64_t image_end;	/* what was written before it runs ends here */
};

struct table_inst {
	uint64_t *elems;	/* references */
	uint64_t size;
	uint64_t max;
	struct tabletype type;	/* elem: canonical, see vm_canon_type */
	struct region region;
	struct vm_store *store;
	struct table_inst *next;
};

struct global_inst {
	uint64_t *value;	/* one slot, v128: two */
	struct globaltype type;	/* canonical */
	uint64_t own[2];	/* of the host's globals: where value points */
	struct global_inst *next;
};

struct tag_inst {
	uint32_t canon;
	const struct functype *type;
};

/* Segments as they are left: dropped ones are empty. */
struct data_inst {
	const uint8_t *bytes;
	uint32_t len;
};

struct elem_inst {
	const uint64_t *refs;
	uint32_t len;
};

/*
 * The interpreter carries a pointer to this. The first lines, up to the
 * values of its own globals behind the structure, are what running code
 * writes: they share a page, so that a forked child copies one.
 */
struct vm_instance {
	int64_t fuel;			/* while it runs; less than 0: gone */
	uint64_t *stack_limit;		/* no frame may begin behind it */
	struct mem_inst *memory0;	/* NULL: none */
	struct func_inst **funcs;	/* index spaces, imports first */
	struct table_inst **tables;
	struct mem_inst **memories;
	uint64_t **globals;		/* where the values are */
	struct vm_store *store;

	struct global_inst *global_insts;	/* of its own globals */
	struct global_inst **global_refs;	/* index space */
	struct tag_inst **tags;
	struct tag_inst *own_tags;
	struct data_inst *datas;
	struct elem_inst *elems;
	struct vm_module *vm_module;
	const struct module *module;
	struct func_inst *own_funcs;
	struct arena arena;		/* what the pointers above point to */
	struct vm_instance *next;
	struct meter_func *meter_funcs;	/* of its own functions, if the store
					 * has a meter */
	uint64_t values[] __attribute__((aligned(16)));
};

#endif
