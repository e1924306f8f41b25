/*
 * The guest's output on its way to our standard output and error, and its trace
 * to where that goes: in the
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
	struct output_place {
		int fd;		/* to write to */
		int own;	/* the same, if it is ours to close; or -1 */
		size_t at_once;	/* bytes in one write(2) */
	} places[4];		/* of the guest's 1 and 2, and of its trace */
	int trace_errno;	/* why the trace could not be written, or 0 */
};

#define OUTPUT_TRACE 3
#define OUTPUT_PROFILE 4	/* never comes here */

/* trace: the descriptor for the trace. */
void output_init(struct output *o, int trace);
void output_clear(struct output *o);

/* Queue len bytes of the guest's descriptor 1 or 2, or OUTPUT_TRACE. -1: out of
 * memory. */
int output_push(struct output *o, int stream, const void *data, size_t len);

/* Our descriptor to wait for; 0: nothing is queued. */
int output_fd(const struct output *o);

/*
 * Write some of it; to be called when output_fd can be written without waiting.
 * Returns the bytes that left the queue, or -1 with errno, EPIPE when the
 * reader has gone. Standard error without a reader is not an error, nor is a
 * trace that cannot be written: they are dropped.
 */
ssize_t output_write(struct output *o);

/* Drop what is queued. Returns how many bytes. */
size_t output_discard(struct output *o);

#endif
