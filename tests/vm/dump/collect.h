/* A sink that keeps what is written, for tests. */
#ifndef TESTS_VM_DUMP_COLLECT_H
#define TESTS_VM_DUMP_COLLECT_H

#include "base/buf.h"
#include "vm/dump/dump.h"

static inline int
collect_write(void *arg, const char *data, size_t len)
{
	return buf_append(arg, data, len);
}

/* Stops when more than max bytes come. */
static inline struct dump_sink
collect_init(struct buf *to, size_t max)
{
	buf_init(to, max);
	return (struct dump_sink){ collect_write, to };
}

/* What came, as a string. */
static inline const char *
collect_text(struct buf *from)
{
	*buf_reserve(from, 1) = '\0';
	return (const char *)from->data;
}

#endif
