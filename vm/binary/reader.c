/* A bounded cursor over a module's bytes. */
#include "vm/binary/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vm/vm.h"

void
reader_init(struct reader *r, const uint8_t *base, struct range range,
	struct err *err)
{
	*r = (struct reader){
		.pos = base + range.offset,
		.end = base + range.offset + range.len,
		.base = base,
		.err = err,
		.end_text = "unexpected end of section or function",
	};
}

int
reader_fail_at(struct reader *r, int code, uint32_t offset,
	const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	if (!r->failed) {
		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		err_set_at(r->err, code, offset, "%s", text);
	}
	r->failed = true;
	r->pos = r->end;
	return -1;
}

int
reader_fail_end(struct reader *r)
{
	return reader_fail_at(r, VM_MALFORMED, reader_offset(r), "%s",
		r->end_text);
}

void
reader_take(struct reader *r, uint32_t len, struct reader *sub)
{
	if (len > reader_left(r)) {
		reader_fail_at(r, VM_MALFORMED, reader_offset(r),
			"length out of bounds");
		len = 0;
	}
	*sub = *r;
	sub->end = sub->pos + len;
	r->pos += len;
}

/*
 * LEB128 of a number of bits.
 * https://webassembly.github.io/spec/core/binary/values.html#integers
 *
 * In the last byte the bits beyond the number's width must be zero, or copies
 * of the sign.
 */
uint64_t
reader_leb(struct reader *r, unsigned bits, bool is_signed)
{
	uint32_t start = reader_offset(r);
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		if (shift >= bits) {
			reader_fail_at(r, VM_MALFORMED, start,
				"integer representation too long");
			return 0;
		}
		if (r->pos == r->end) {
			reader_fail_end(r);
			return 0;
		}
		byte = *r->pos++;
		if (bits - shift < 7) {
			uint8_t rest = 0x7f & (0x7f <<
				(bits - shift - (is_signed ? 1 : 0)));

			if ((byte & rest) != 0 &&
			    !(is_signed && (byte & rest) == rest)) {
				reader_fail_at(r, VM_MALFORMED, start,
					"integer too large");
				return 0;
			}
		}
		value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (is_signed && (byte & 0x40) && shift < 64)
		value |= UINT64_MAX << shift;
	return value;
}

void
read_bytes(struct reader *r, uint8_t *to, uint32_t len)
{
	if (len > reader_left(r)) {
		reader_fail_end(r);
		memset(to, 0, len);
		return;
	}
	memcpy(to, r->pos, len);
	r->pos += len;
}

uint32_t
read_fixed32(struct reader *r)
{
	uint8_t b[4];

	read_bytes(r, b, sizeof(b));
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
		(uint32_t)b[3] << 24;
}

uint64_t
read_fixed64(struct reader *r)
{
	uint64_t low = read_fixed32(r);

	return low | (uint64_t)read_fixed32(r) << 32;
}

void
skip_bytes(struct reader *r, uint32_t len)
{
	if (len > reader_left(r))
		reader_fail_end(r);
	else
		r->pos += len;
}

struct range
read_byte_vec(struct reader *r)
{
	uint32_t len = read_u32(r);
	uint32_t start;

	if (len > reader_left(r))
		reader_fail_at(r, VM_MALFORMED, reader_offset(r),
			"length out of bounds");
	if (!reader_ok(r))
		return (struct range){ 0, 0 };
	start = reader_offset(r);
	r->pos += len;
	return (struct range){ start, len };
}

/*
 * Length of the well-formed UTF-8 sequence at p, or 0.
 * https://www.unicode.org/versions/Unicode15.0.0/ch03.pdf, table 3-7: what
 * may follow the first byte depends on it.
 */
static unsigned
utf8_sequence(const uint8_t *p, size_t left)
{
	uint8_t low = 0x80, high = 0xbf;
	unsigned len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (left < len || p[1] < low || p[1] > high)
		return 0;
	for (unsigned i = 2; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

struct name
read_name(struct reader *r)
{
	struct range range = read_byte_vec(r);
	const uint8_t *bytes = r->base + range.offset;

	for (uint32_t i = 0; i < range.len;) {
		unsigned len = utf8_sequence(bytes + i, range.len - i);

		if (len == 0) {
			reader_fail_at(r, VM_MALFORMED, range.offset + i,
				"malformed UTF-8 encoding");
			return (struct name){ NULL, 0 };
		}
		i += len;
	}
	return (struct name){ (const char *)bytes, range.len };
}

uint32_t
read_count(struct reader *r, uint32_t min_bytes, uint32_t limit,
	const char *what)
{
	uint32_t start = reader_offset(r);
	uint32_t count = read_u32(r);

	if ((uint64_t)count * min_bytes > reader_left(r))
		reader_fail_end(r);
	else if (count > limit)
		reader_fail_at(r, VM_LIMIT, start, "too many %s: %u, at most %u",
			what, (unsigned)count, (unsigned)limit);
	return reader_ok(r) ? count : 0;
}
