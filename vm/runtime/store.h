/*
 * The store: all instances that can see each other, their limits, the one
 * stack they run on, and the names that imports are looked up by.
 * https://webassembly.github.io/spec/core/exec/runtime.html#store
 */
#ifndef VM_RUNTIME_STORE_H
#define VM_RUNTIME_STORE_H

#include "vm/runtime/heap.h"
#include "vm/runtime/instance.h"

/* Where to go on when a call into another instance returns. */
struct bridge {
	const uint8_t *pc;
	struct vm_instance *instance;
};

struct store_name;
struct meter;

#define STORE_BUCKETS 1024

struct vm_store {
	struct vm *vm;
	struct vm_store_limits limits;
	uint64_t memory_bytes, memory_peak;	/* all memories and the heap */
	uint64_t table_elems;
	int64_t fuel, fuel_start;
	bool running, frozen;

	/* frames of guest functions; no C recursion */
	struct region stack;
	uint64_t *stack_limit;
	struct region bridge_region;
	struct bridge *bridges;
	uint64_t nbridges;

	/* how the code that ran last came out, and where it was then */
	enum vm_status status;
	enum trap_code trap;
	const char *trap_detail;
	const uint8_t *trap_pc;
	uint64_t *trap_fp;
	struct vm_instance *trap_instance;

	/* where a caught exception goes on */
	struct {
		const uint8_t *pc;
		uint64_t *fp;
		struct vm_instance *instance;
	} landing;

	bool has_heap;
	struct heap_layout *layouts;	/* by canonical id of the type */
	uint32_t nlayouts;
	/* the frame at the safe point, and the end of its instruction */
	const uint8_t *gc_pc;
	uint64_t *gc_fp;
	struct vm_instance *gc_instance;
	/* values of a constant expression that is being evaluated */
	const uint64_t *consts;
	const uint8_t *const_is_ref;
	uint64_t nconsts;

	struct vm_instance *instances;
	struct mem_inst *memories;
	struct table_inst *tables;
	struct global_inst *globals;
	struct store_name **names;	/* STORE_BUCKETS; NULL: forgotten */
	struct arena arena;		/* names, host functions, their types */

	/* structures, arrays and exceptions */
	struct heap heap;

	struct meter *meter;	/* NULL: nothing is profiled */

	size_t near_used;		/* see store_alloc_near */
};

/*
 * A zeroed object that running code writes, in the store's own page as long
 * as that has room: a forked child then copies one page for all of them.
 * store_free_near is for those alone; all go with the store. NULL: no memory.
 */
void *store_alloc_near(struct vm_store *s, size_t size);
void store_free_near(struct vm_store *s, void *p);

/* A frame has at most this many slots, so that code can name them in 16 bits.
 * The stack has as many behind its limit: calls only compare the start of the
 * new frame. */
#define FRAME_SLOTS_MAX (LIMIT_FRAME_SLOTS + 5)

/* Find or define a name. store_find: NULL if it is not defined. */
const struct vm_extern_item *store_find(const struct vm_store *s,
	struct name module, struct name name);
int store_define(struct vm_store *s, struct name module, struct name name,
	struct vm_extern_item item, struct err *err);

/* Nothing is defined or looked for any more: each fork would copy the pages. */
void store_forget_names(struct vm_store *s);

#endif
