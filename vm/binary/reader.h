/*
 * A bounded cursor over a module's bytes, and the values that the binary
 * format is made of.
 * https://webassembly.github.io/spec/core/binary/values.html
 *
 * It remembers the first error: after one it stands at its end and every read
 * gives 0, so that callers check once behind a group of reads, and before they
 * trust a count. Offsets are absolute, from the module's first byte.
 */
#ifndef VM_BINARY_READER_H
#define VM_BINARY_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "vm/syntax/module.h"

struct reader {
	const uint8_t *pos, *end;
	const uint8_t *base;		/* the module's first byte */
	struct err *err;
	const char *end_text;		/* the error of reading past the end */
	bool failed;
	bool needs_data_count;		/* data indices are malformed here, as
					 * no data count section came before */
	uint64_t features;		/* bits of enum feature seen so far */
};

/* A cursor over range of the module at base. */
void reader_init(struct reader *r, const uint8_t *base, struct range range,
	struct err *err);

/* Move sub over the next len bytes, and r behind them. */
void reader_take(struct reader *r, uint32_t len, struct reader *sub);

static inline bool
reader_ok(const struct reader *r)
{
	return !r->failed;
}

static inline uint32_t
reader_offset(const struct reader *r)
{
	return (uint32_t)(r->pos - r->base);
}

static inline uint32_t
reader_left(const struct reader *r)
{
	return (uint32_t)(r->end - r->pos);
}

/* The bytes from offset start up to the cursor. */
static inline struct range
reader_range_from(const struct reader *r, uint32_t start)
{
	return (struct range){ start, reader_offset(r) - start };
}

/* Fail at an offset, or where the cursor stands. Return -1. code is of enum
 * vm_error. The first failure wins. */
int reader_fail_at(struct reader *r, int code, uint32_t offset,
	const char *fmt, ...) __attribute__((format(printf, 4, 5), cold));
int reader_fail_end(struct reader *r) __attribute__((cold));

uint64_t reader_leb(struct reader *r, unsigned bits, bool is_signed);

static inline uint8_t
read_byte(struct reader *r)
{
	if (r->pos == r->end) {
		reader_fail_end(r);
		return 0;
	}
	return *r->pos++;
}

/* Most numbers take one byte. */
static inline uint32_t
read_u32(struct reader *r)
{
	if (r->pos < r->end && *r->pos < 0x80)
		return *r->pos++;
	return (uint32_t)reader_leb(r, 32, false);
}

static inline uint64_t
read_u64(struct reader *r)
{
	return reader_leb(r, 64, false);
}

static inline int32_t
read_s32(struct reader *r)
{
	return (int32_t)reader_leb(r, 32, true);
}

static inline int64_t
read_s33(struct reader *r)
{
	return (int64_t)reader_leb(r, 33, true);
}

static inline int64_t
read_s64(struct reader *r)
{
	return (int64_t)reader_leb(r, 64, true);
}

uint32_t read_fixed32(struct reader *r);	/* little-endian, 4 bytes */
uint64_t read_fixed64(struct reader *r);
void read_bytes(struct reader *r, uint8_t *to, uint32_t len);
void skip_bytes(struct reader *r, uint32_t len);

/* Length and bytes of a vector of bytes. */
struct range read_byte_vec(struct reader *r);

/* A name, checked to be UTF-8. */
struct name read_name(struct reader *r);

/*
 * The count of a vector whose elements take at least min_bytes each: fails
 * when the bytes left cannot hold them (VM_MALFORMED) and when it passes
 * limit (VM_LIMIT). what names the elements. 0 after a failure.
 */
uint32_t read_count(struct reader *r, uint32_t min_bytes, uint32_t limit,
	const char *what);

#endif
