/*
 * An error as a value: what went wrong, and at which offset of the input.
 * Owned by the caller, filled in without allocating, so that it works in a
 * confined process and when memory has run out. The first error wins.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

#define ERR_TEXT_MAX 512

struct err {
	int code;		/* 0: none; otherwise the module's own code */
	bool has_offset;
	uint64_t offset;	/* byte offset in the input, if has_offset */
	char text[ERR_TEXT_MAX];	/* NUL-terminated, without newline */
};

#define ERR_NONE ((struct err){ .code = 0 })

/*
 * Record an error unless one is recorded already. Both return -1, so that a
 * function can end with `return err_set(...)`. err may be NULL. code must not
 * be 0. The text is cut to ERR_TEXT_MAX - 1 bytes.
 */
int err_set(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int err_set_at(struct err *err, int code, uint64_t offset, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Put "text: " before the text of a recorded error. No effect without one. */
void err_prefix(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
