/*
 * The module that an input stands for: itself if it begins as one; else what
 * the generator makes of it, and by the input's last byte of this some
 * instructions or some bytes changed.
 */
#ifndef FUZZ_SUBJECT_H
#define FUZZ_SUBJECT_H

#include <stdbool.h>

#include "base/buf.h"

struct subject {
	const uint8_t *bytes;	/* of the input or of module */
	size_t len;
	struct buf module;
	bool valid;		/* as it was generated */
};

void subject_init(struct subject *s, const uint8_t *data, size_t size,
	unsigned generate_flags);
void subject_clear(struct subject *s);

#endif
