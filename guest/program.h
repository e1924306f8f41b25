/*
 * What a process runs: the modules that a template loaded and linked with each
 * other and with WASI. Children only use it.
 */
#ifndef GUEST_PROGRAM_H
#define GUEST_PROGRAM_H

#include "guest/run.h"
#include "vm/vm.h"

struct program {
	struct vm *vm;
	struct vm_store *store;
	unsigned count;
	struct program_module {	/* the main one first */
		const char *name;	/* NULL: the main one's */
		struct vm_module *module;
		struct vm_instance *instance;
	} module[1 + CTL_PRELOAD_MAX];
};

/* run_load's part. p has static storage. 0, or an enum ctl_failure with the
 * error set. */
int program_load(struct program *p, const struct run_module *modules,
	unsigned count, const struct template_limits *lim, struct err *err);

/* The enum ctl_failure for an error of the virtual machine's. */
int program_failure(const struct err *err);

/* What the module of a backtrace is imported as; NULL: it is the main one. */
const char *program_name_of(const struct program *p, const struct module *m);

/* The exported function of that name; false if there is none. */
bool program_function(const struct program_module *m, const char *name,
	struct vm_extern_item *out);

/*
 * In the child: run the start functions in the order of instantiation. With a
 * preloaded module, and the main one unless its _start is to follow, comes its
 * _initialize.
 */
enum vm_status program_start(struct program *p, bool initialize_main,
	struct vm_trap *trap);

#endif
