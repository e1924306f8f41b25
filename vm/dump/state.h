/* What a dump keeps. Private to vm/dump. */
#ifndef VM_DUMP_STATE_H
#define VM_DUMP_STATE_H

#include "vm/binary/code.h"
#include "vm/dump/names.h"
#include "vm/dump/out.h"

#define DUMP_NONE UINT32_MAX

struct dump {
	const struct module *module;
	struct arena arena;
	struct names names;
	struct out out;

	/* by function index: where it came from and the first place where it
	 * goes to, or DUMP_NONE */
	uint32_t *imports, *exports;

	/* of the body that is being shown */
	struct code_locals locals;
	uint32_t nlabels, cap_labels;	/* open blocks, the body itself first */
	uint32_t *labels;		/* their numbers */
	uint32_t next_label;
};

/* The body of a function for reading, without allocating. 0, or -1 with the
 * error set. */
int dump_open_body(struct dump *d, uint32_t func, struct reader *r,
	struct err *err);

/* The line that says what function it is. */
void dump_func_header(struct dump *d, uint32_t func);

#endif
