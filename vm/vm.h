/*
 * The virtual machine's interface, after the specification's embedding
 * appendix: https://webassembly.github.io/spec/core/appendix/embedding.html
 *
 * No I/O, no globals, no exit, no logging. Nothing here is thread-safe; one
 * store and all that hangs from it belong to one thread of one process.
 *
 * What a caller may rely on after a fork: vm_call and vm_start allocate
 * nothing with malloc and make no system call but mprotect(2) without
 * PROT_EXEC (growing memories, tables, the heap and the stack inside ranges
 * that were reserved before). Everything else may allocate and map.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "vm/syntax/module.h"

/* Error codes of struct err. */
enum vm_error {
	VM_MALFORMED = 1,	/* not a binary module */
	VM_INVALID,		/* does not validate */
	VM_UNLINKABLE,		/* an import is missing or has another type */
	VM_LIMIT,		/* beyond vm/limits.h or the store's tables */
	VM_NOMEM,		/* none left, of the store's or at all */
	VM_USAGE,		/* no such export, wrong arguments */
};

/* How a call or an instantiation ended. */
enum vm_status {
	VM_OK = 0,
	VM_TRAP,	/* struct vm_trap says which */
	VM_EXCEPTION,	/* an exception left the call uncaught */
	VM_FUEL,	/* ran out of fuel */
	VM_EXIT,	/* a host function ended the program */
};

enum trap_code {
	TRAP_NONE,
#define TRAP(id, text) TRAP_##id,
#include "vm/traps.def"
#undef TRAP
	TRAP_COUNT
};

const char *trap_text(enum trap_code code);	/* the specification's text */

#define VM_BACKTRACE_MAX 32

struct vm_frame {
	const struct module *module;
	uint32_t func;		/* function index */
	uint32_t offset;	/* module offset of the instruction */
};

struct vm_trap {
	enum trap_code code;
	const char *detail;	/* of a host function's trap, or NULL; static */
	uint32_t nframes;	/* frames kept, innermost first */
	uint32_t depth;		/* frames there were */
	struct vm_frame frames[VM_BACKTRACE_MAX];
};

/* ---- values ------------------------------------------------------------ */

/* A reference as the host sees it: 0 is null, all else is opaque. Host
 * references (extern) are made by vm_extern and read by vm_extern_value. What
 * refers to a structure, array or exception is good until the next call: the
 * collector does not know of references that the host keeps. */
typedef uint64_t vm_ref;

struct vm_value {
	valtype type;
	union {
		uint32_t i32;
		uint64_t i64;
		uint32_t f32;	/* bits */
		uint64_t f64;	/* bits */
		uint8_t v128[16];
		vm_ref ref;
	};
};

/* ---- modules ----------------------------------------------------------- */

struct vm;		/* what modules and stores share: types, features */
struct vm_store;
struct vm_instance;

struct vm *vm_new(void);	/* NULL: out of memory */
void vm_free(struct vm *vm);

/*
 * Modules that are loaded from now on and whose code section has at least so
 * many bytes are validated whole, but each function is translated when it is
 * called first: sooner there, slower on the way. 0, the default: none.
 */
void vm_set_lazy(struct vm *vm, size_t bytes);

/*
 * For modules that are made from now on: every NaN that arithmetic makes is the
 * canonical one, as in the specification's deterministic profile, so that
 * results are the same bits on every machine. Without it a NaN's sign and
 * payload are the processor's. It costs code that computes with floats an
 * instruction more for each.
 */
void vm_set_one_nan(struct vm *vm);

/*
 * Decode and validate a module. bytes are borrowed until vm_module_free.
 * 0, or -1 with VM_MALFORMED, VM_INVALID, VM_LIMIT or VM_NOMEM.
 */
struct vm_module;
int vm_module_new(struct vm *vm, const uint8_t *bytes, size_t len,
	struct vm_module **out, struct err *err);
void vm_module_free(struct vm_module *m);
const struct module *vm_module_syntax(const struct vm_module *m);

/* Name of a function: the name section's, or else that of its first export;
 * {NULL, 0} if it has none. */
struct name vm_module_func_name(const struct module *m, uint32_t func);

/* ---- stores ------------------------------------------------------------ */

struct vm_store_limits {
	uint64_t memory_bytes;	/* all memories and the heap, together */
	uint64_t table_elems;	/* all tables, together */
	uint64_t stack_bytes;	/* guest frames */
};

struct vm_store *vm_store_new(struct vm *vm, const struct vm_store_limits *lim,
	struct err *err);
void vm_store_free(struct vm_store *s);	/* with all its instances */

/* Fuel: one unit is one instruction of the module that was executed, and bulk
 * operations cost by their size besides, as do calls of functions with 64 and
 * more locals, and structures of 512 and more bytes. It is charged at branches and returns,
 * always at the same places, so it is deterministic; a call ends a little
 * behind its limit. UINT64_MAX: no limit. */
void vm_store_set_fuel(struct vm_store *s, uint64_t fuel);
uint64_t vm_store_fuel_used(const struct vm_store *s);

/* Pages of 64 KiB that all memories hold now, and the most they ever held. */
uint64_t vm_store_memory_pages(const struct vm_store *s);
uint64_t vm_store_memory_pages_peak(const struct vm_store *s);

/* ---- host functions ---------------------------------------------------- */

/* What a host function is called with. */
struct vm_caller {
	struct vm_store *store;
	struct vm_instance *instance;	/* the calling instance; NULL when the
					 * host calls its own function */
	enum trap_code trap;		/* to set with a return of VM_TRAP */
	const char *trap_detail;	/* optional, static text */
};

/*
 * args: the parameters, one slot of 8 bytes each (v128: two; i32 and f32 in
 * the low 32 bits, the rest undefined); results go to the same place from
 * slot 0 on (i32 results zero-extended). There is room for both. Returns
 * VM_OK, VM_TRAP or VM_EXIT.
 */
typedef enum vm_status (*vm_host_fn)(struct vm_caller *c, void *data,
	uint64_t *args);

struct vm_host_func {
	const char *module, *name;
	const char *sig;	/* as in ops.def: "iiii:i" */
	vm_host_fn fn;
};

/*
 * len bytes of the caller's memory 0 at addr, or NULL if they are not all
 * inside. The pointer is good until the guest runs or memory grows. They cost
 * the guest fuel, a unit for 8 bytes.
 */
uint8_t *vm_caller_memory(struct vm_caller *c, uint64_t addr, uint64_t len);

/* ---- linking ----------------------------------------------------------- */

/* An item that can be imported or was exported. Owned by its store. */
struct vm_extern_item {
	enum extern_kind kind;
	void *object;
};

/*
 * Define items for imports in the store's name space: host functions by
 * table, or all exports of an instance under a module name. A later
 * definition of a name replaces the earlier one. data is passed to each fn.
 */
int vm_define_host(struct vm_store *s, const struct vm_host_func *funcs,
	size_t nfuncs, void *data, struct err *err);
int vm_define_item(struct vm_store *s, struct name module, struct name name,
	struct vm_extern_item item, struct err *err);
int vm_define_instance(struct vm_store *s, struct name module,
	struct vm_instance *inst, struct err *err);

/* Items of the host's own, for tests' spectest module. */
int vm_new_memory(struct vm_store *s, const struct memtype *type,
	struct vm_extern_item *out, struct err *err);
int vm_new_table(struct vm_store *s, const struct tabletype *type, vm_ref init,
	struct vm_extern_item *out, struct err *err);
int vm_new_global(struct vm_store *s, const struct globaltype *type,
	const struct vm_value *init, struct vm_extern_item *out, struct err *err);

/*
 * Instantiate: link imports, allocate, evaluate constant expressions, copy
 * active segments. Does not run the start function. On VM_OK and VM_TRAP
 * *out is set (after a trap the instance stays in the store, as the
 * specification has it: what was written remains). -1 with the error set when
 * it could not be linked or a limit was passed.
 */
int vm_instantiate(struct vm_store *s, struct vm_module *m,
	struct vm_instance **out, struct vm_trap *trap, struct err *err);

/*
 * After VM_UNLINKABLE: the number of the first import of m, beginning with from,
 * that could not be linked, and what the store has under its name (object NULL:
 * nothing). The number of imports if all can be.
 */
uint32_t vm_find_unlinked(const struct vm_store *s, const struct vm_module *m,
	uint32_t from, struct vm_extern_item *offered);

/* The type that an import wants and that an item has, in the text format:
 * "(func (param i32))". NUL-terminated, cut to size - 1 bytes. */
void vm_import_text(const struct vm_module *m, uint32_t import, char *text,
	size_t size);
void vm_item_text(struct vm_extern_item item, char *text, size_t size);

bool vm_instance_has_start(const struct vm_instance *i);

/* ---- calls ------------------------------------------------------------- */

/* Run the start function, if there is one. */
enum vm_status vm_start(struct vm_instance *i, struct vm_trap *trap);

/* 0 and *out, or -1 (VM_USAGE) when there is no such export. */
int vm_export(struct vm_instance *i, struct name name,
	struct vm_extern_item *out, struct err *err);

/* The function's type; valid as long as the store. */
const struct functype *vm_func_type(struct vm_extern_item func);

/*
 * Call a function. Arguments must have the parameter types (abstract
 * references may be subtypes); nargs and nresults must be exact: checked
 * before anything runs, VM_TRAP with TRAP_HOST otherwise.
 */
enum vm_status vm_call(struct vm_store *s, struct vm_extern_item func,
	const struct vm_value *args, size_t nargs,
	struct vm_value *results, size_t nresults, struct vm_trap *trap);

void vm_global_get(struct vm_extern_item global, struct vm_value *out);

/* Memory 0 of an instance, or {NULL, 0}. */
uint8_t *vm_instance_memory(struct vm_instance *i, uint64_t *len);

/*
 * What a reference that is not null refers to: HEAP_FUNC, HEAP_EXTERN,
 * HEAP_EXN, HEAP_I31, HEAP_STRUCT, HEAP_ARRAY, or HEAP_ANY for a host
 * reference that was converted to one. v->type tells the hierarchy.
 */
heaptype vm_value_kind(const struct vm_store *s, const struct vm_value *v);

/* Host references. */
vm_ref vm_extern(struct vm_store *s, uint32_t value);
bool vm_extern_value(struct vm_store *s, vm_ref ref, uint32_t *value);

/* ---- profiles ---------------------------------------------------------- */

/* What one function cost so far, itself (a host function: always) and with all
 * that it called. Of frames that are still there, until now. */
struct vm_profile_row {
	const struct module *module;	/* NULL: the host's */
	uint32_t func;
	/* of the host's; work of the machine itself has no module */
	const char *host_module, *host_name;
	uint64_t calls;
	uint64_t fuel, total_fuel;	/* instructions */
	uint64_t ticks, total_ticks;	/* of vm_profile_ticks */
};

/*
 * Count what each function costs: of a store for which nothing was made yet, and
 * then of all modules of its vm, which must be for this store. Code pays for it
 * with each call, and with each round of a loop; other code pays nothing. 0, or
 * -1 without memory.
 */
int vm_store_set_profile(struct vm_store *s);

/* Each function that was called so far, in no order. */
void vm_store_profile(struct vm_store *s,
	void (*on_row)(void *arg, const struct vm_profile_row *row), void *arg);

/* Likewise each internal instruction that was executed: in a machine that was
 * built to count them. Others call nothing. */
void vm_store_profile_instrs(struct vm_store *s,
	void (*on_instr)(void *arg, const char *name, uint64_t count),
	void *arg);

/* Have on_due called while the guest runs, soon and then at the tick that it
 * returns, at a call, a return or in a loop. The time that it takes is not
 * counted. */
void vm_store_on_profile(struct vm_store *s,
	uint64_t (*on_due)(void *arg, uint64_t now), void *arg);

/* A steady counter of time, of a rate that is not known. */
uint64_t vm_profile_ticks(void);

/* ---- freezing ---------------------------------------------------------- */

/*
 * Seal what calls only read: translated code becomes read-only memory of a
 * sealed memfd. Memories become private mappings of a sealed memfd that holds
 * their present contents, unless they hold so little that a copy of the pages
 * costs a fork less. After it nothing can be instantiated in the store.
 * For a process that is about to fork one child per call. -1 if it cannot
 * (the store is then as before).
 */
int vm_store_freeze(struct vm_store *s, struct err *err);

/*
 * Of a frozen store: translate at most n of the functions that wait for their
 * first call (see vm_set_lazy), and seal the code when none is left. 1 if some
 * are; 0 if not; -1 without memory, and then the code is as it was.
 */
int vm_store_translate(struct vm_store *s, uint32_t n);

/*
 * In a process that was forked from a frozen store and has nothing to do yet:
 * touch what a call is likely to write, so that the call meets fewer page
 * faults. Changes no value. It then holds some pages for itself; code, which
 * would be many more, is left to the call.
 */
void vm_store_warm(struct vm_store *s);

#endif
