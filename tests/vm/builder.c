/* Builds binary modules for tests. */
#include "tests/vm/builder.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define LENGTH_BYTES 5

void
builder_init(struct builder *b)
{
	memset(b, 0, sizeof(*b));
	buf_init(&b->out, (size_t)1 << 30);
	BUILD(b, "\0asm\1\0\0\0");
}

void
builder_clear(struct builder *b)
{
	buf_clear(&b->out);
}

void
build_bytes(struct builder *b, const void *bytes, size_t len)
{
	assert(buf_append(&b->out, bytes, len) == 0);
}

void
build_u32(struct builder *b, uint32_t value)
{
	uint8_t byte;

	do {
		byte = value & 0x7f;
		value >>= 7;
		byte |= value != 0 ? 0x80 : 0;
		build_bytes(b, &byte, 1);
	} while (value != 0);
}

void
build_index(struct builder *b, uint32_t type)
{
	uint8_t byte;

	for (; type > 0x3f; type >>= 7) {
		byte = 0x80 | (type & 0x7f);
		build_bytes(b, &byte, 1);
	}
	byte = (uint8_t)type;
	build_bytes(b, &byte, 1);
}

void
build_repeat(struct builder *b, const void *bytes, size_t len, size_t n)
{
	for (size_t i = 0; i < n; i++)
		build_bytes(b, bytes, len);
}

void
build_open(struct builder *b)
{
	assert(b->nopen < sizeof(b->open) / sizeof(b->open[0]));
	b->open[b->nopen++] = b->out.len;
	BUILD(b, "\x80\x80\x80\x80\0");
}

void
build_close(struct builder *b)
{
	size_t at = b->open[--b->nopen];
	size_t len = b->out.len - at - LENGTH_BYTES;

	for (unsigned i = 0; i < LENGTH_BYTES; i++)
		b->out.data[at + i] |= (len >> 7 * i) & 0x7f;
}

void
build_section(struct builder *b, uint8_t id)
{
	build_bytes(b, &id, 1);
	build_open(b);
}

void
build_function(struct builder *b)
{
	BUILD(b, "\1\4\1\x60\0\0");
	BUILD(b, "\3\2\1\0");
	build_section(b, SECTION_CODE);
	build_u32(b, 1);
	build_open(b);
}
