/*
 * A module's sections one after the other, and what is in the custom section
 * that names its producers.
 * https://webassembly.github.io/spec/core/binary/modules.html#sections
 * https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md
 */
#ifndef VM_DUMP_SECTIONS_H
#define VM_DUMP_SECTIONS_H

#include "vm/binary/reader.h"

struct section {
	uint8_t id;
	struct name custom;	/* id 0: its name */
	struct range contents;	/* behind id and size */
};

/* Begin with a reader over the module that sections_init made. false at the
 * end. */
void sections_init(struct reader *r, const struct module *m);
bool sections_next(struct reader *r, struct section *s);

/* The specification's name of a section, "type". */
const char *section_name(uint8_t id);

struct producers {
	struct reader reader;
	uint32_t fields, values;	/* how many are left */
	struct name field;
};

struct producer {
	struct name field;	/* "language", "processed-by", "sdk" */
	struct name name, version;
};

/* Ends early where the section is malformed. */
void producers_init(struct producers *p, const struct module *m);
bool producers_next(struct producers *p, struct producer *out);

#endif
