/*
 * A module as text: what it declares (inspect) and its code (disasm). Nothing
 * is validated, translated or run here.
 *
 * All memory is taken by dump_new, so that the text can be produced by a
 * process that cannot allocate. Time is linear in the size of the module, and
 * the text a bounded multiple of it: what a module can refer to often for few
 * bytes (names, function types, indentation) is cut.
 */
#ifndef VM_DUMP_DUMP_H
#define VM_DUMP_DUMP_H

#include <stddef.h>

#include "base/err.h"
#include "vm/syntax/module.h"

/* Where text goes, some KiB at a time. write returns 0, or -1 to stop. */
struct dump_sink {
	int (*write)(void *arg, const char *data, size_t len);
	void *arg;
};

struct dump;

/*
 * For a module that was decoded; it needs not be valid. m is borrowed until
 * dump_free. NULL: out of memory.
 */
struct dump *dump_new(const struct module *m);
void dump_free(struct dump *d);

/*
 * What the module declares, for people or as one JSON object. Both read the
 * functions' bodies too, for the features that they use. 0, or -1: with the
 * error set when a body is malformed (VM_MALFORMED, VM_LIMIT), before anything
 * is written; without one when the sink stopped it.
 *
 * The JSON object is described in wasmctl(1). Fields may be added to it.
 */
int dump_inspect(struct dump *d, const struct dump_sink *sink, struct err *err);
int dump_inspect_json(struct dump *d, const struct dump_sink *sink,
	struct err *err);

/*
 * Which function a user means: by index, by the name it is exported under, or
 * by its name in the name section, with or without a "$" in front; the first that
 * fits in this order. 0 and *func, or -1: there is none.
 */
int dump_find_func(const struct dump *d, const char *text, uint32_t *func);

/*
 * The code of one function, or of all of them: one instruction a line, with
 * its offset in the module. 0, or -1: with the error set when a body is
 * malformed or nests too deep, after what came before it; without one when the
 * sink stopped it.
 */
#define DUMP_ALL UINT32_MAX
int dump_disasm(struct dump *d, uint32_t func, const struct dump_sink *sink,
	struct err *err);

#endif
