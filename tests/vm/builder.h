/* Builds binary modules for tests, well-formed or not. */
#ifndef TESTS_VM_BUILDER_H
#define TESTS_VM_BUILDER_H

#include "base/buf.h"

struct builder {
	struct buf out;
	size_t open[4];		/* where the open lengths stand */
	unsigned nopen;
};

enum {
	SECTION_TYPE = 1, SECTION_IMPORT, SECTION_FUNCTION, SECTION_TABLE,
	SECTION_MEMORY, SECTION_GLOBAL, SECTION_EXPORT, SECTION_START,
	SECTION_ELEM, SECTION_CODE, SECTION_DATA, SECTION_DATA_COUNT,
	SECTION_TAG,
};

void builder_init(struct builder *b);	/* writes the header */
void builder_clear(struct builder *b);

void build_bytes(struct builder *b, const void *bytes, size_t len);
void build_u32(struct builder *b, uint32_t value);
void build_index(struct builder *b, uint32_t type);	/* as s33 */
void build_repeat(struct builder *b, const void *bytes, size_t len, size_t n);

/* A length, and what is between: sections and bodies. */
void build_open(struct builder *b);
void build_close(struct builder *b);
void build_section(struct builder *b, uint8_t id);	/* id, then open */

/* String literals as bytes, which may hold \0. */
#define BUILD(b, literal) build_bytes(b, literal, sizeof(literal) - 1)
#define REPEAT(b, literal, n) build_repeat(b, literal, sizeof(literal) - 1, n)

/* Type [] -> [] and one function of it; the code section is left open at the
 * first byte of the body. Ended by two build_close. */
void build_function(struct builder *b);

#endif
