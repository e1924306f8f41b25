/*
 * Element and data segments in the binary format.
 * https://webassembly.github.io/spec/core/binary/modules.html#element-section
 */
#ifndef VM_BINARY_SEGMENTS_H
#define VM_BINARY_SEGMENTS_H

#include "vm/binary/reader.h"

void read_elem_segment(struct reader *r, struct module *m,
	struct elem_segment *s);
void read_data_segment(struct reader *r, struct module *m,
	struct data_segment *s);

/* The bytes of a constant expression, its `end` included. */
struct range read_expr(struct reader *r, struct module *m);

#endif
