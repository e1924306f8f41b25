/*
 * The guest's output on its way to our standard output and error: in the
 * order in which it was written, byte for byte, never ahead of a slow reader.
 * Holds at most what the daemon was given credit for.
 */
#ifndef CLIENT_OUTPUT_H
#define CLIENT_OUTPUT_H

#include <stddef.h>
#include <sys/types.h>

struct output_chunk;

struct output {
	struct output_chunk *first;
	struct output_chunk **last;
	size_t at_once[3];	/* bytes in one write(2), by descriptor */
};

void output_init(struct output *o);
void output_clear(struct output *o);

/* Queue len bytes for descriptor 1 or 2. -1: out of memory. */
int output_push(struct output *o, int fd, const void *data, size_t len);

/* The descriptor to wait for, 1 or 2; 0: nothing is queued. */
int output_fd(const struct output *o);

/*
 * Write some of it; to be called when output_fd can be written without waiting.
 * Returns the bytes that left the queue, or -1 with errno, EPIPE when the
 * reader has gone. Standard error without a reader is not an error: it is
 * dropped.
 */
ssize_t output_write(struct output *o);

/* Drop what is queued. Returns how many bytes. */
size_t output_discard(struct output *o);

#endif
