/*
 * A typed value of WebAssembly: as the kind and bits that a confined process
 * sends, and as the text of job.exit's results, "i32:-1", "f64:0.5",
 * "f32:-nan:0x400000", "v128:0x..." (highest byte first), "ref:null". Behind the
 * colon is what submit's params take. The locale of the program means nothing.
 */
#ifndef PROTO_TYPED_H
#define PROTO_TYPED_H

#include <stddef.h>
#include <stdint.h>

struct typed {
	uint32_t kind;	/* 'i' i32, 'l' i64, 'f' f32, 'd' f64, 'v' v128,
			 * 'r' a reference: bytes[0] is 0 if it is null */
	uint32_t pad;
	uint8_t bytes[16];	/* little-endian, the bits */
};

#define TYPED_TEXT_MAX 48	/* bytes, NUL included */

/* "unknown" for a kind that is none. */
void typed_format(char text[TYPED_TEXT_MAX], const struct typed *v);

/* -1: the text is not as above. */
int typed_read(struct typed *v, const char *text, size_t len);

#endif
