/* The guest's output on its way to the standard descriptors. Used by wasmctl. */
#include "client/output.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct output_chunk {
	struct output_chunk *next;
	int stream;	/* which of the places */
	size_t done, len;
	char data[];
};

/*
 * A pipe or terminal that poll(2) calls writable takes PIPE_BUF bytes without
 * waiting, and a write that waits is one during which Ctrl-C goes unheard.
 * They stay in blocking mode: other processes share it.
 */
static size_t
output_at_once(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? SIZE_MAX : PIPE_BUF;
}

static struct output_place
output_place(int fd)
{
	return (struct output_place){ fd, output_at_once(fd) };
}

void
output_init(struct output *o, int trace)
{
	*o = (struct output){ .first = NULL };
	o->last = &o->first;
	o->places[STDOUT_FILENO] = output_place(STDOUT_FILENO);
	o->places[STDERR_FILENO] = output_place(STDERR_FILENO);
	o->places[OUTPUT_TRACE] = output_place(trace);
}

static void
output_drop_first(struct output *o)
{
	struct output_chunk *chunk = o->first;

	o->first = chunk->next;
	if (o->first == NULL)
		o->last = &o->first;
	free(chunk);
}

void
output_clear(struct output *o)
{
	while (o->first != NULL)
		output_drop_first(o);
}

int
output_push(struct output *o, int stream, const void *data, size_t len)
{
	struct output_chunk *chunk = malloc(sizeof(*chunk) + len);

	if (chunk == NULL)
		return -1;
	*chunk = (struct output_chunk){ .stream = stream, .len = len };
	memcpy(chunk->data, data, len);
	*o->last = chunk;
	o->last = &chunk->next;
	return 0;
}

int
output_fd(const struct output *o)
{
	return o->first == NULL ? 0 : o->places[o->first->stream].fd;
}

ssize_t
output_write(struct output *o)
{
	struct output_chunk *chunk = o->first;
	const struct output_place *to = &o->places[chunk->stream];
	size_t len = chunk->len - chunk->done;
	ssize_t n;

	if (len > to->at_once)
		len = to->at_once;
	n = write(to->fd, chunk->data + chunk->done, len);
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n == -1 && chunk->stream == OUTPUT_TRACE)
		o->trace_errno = errno;
	if (n == -1 && chunk->stream != STDOUT_FILENO)
		n = (ssize_t)len;
	if (n == -1)
		return -1;
	chunk->done += (size_t)n;
	if (chunk->done == chunk->len)
		output_drop_first(o);
	return n;
}

size_t
output_discard(struct output *o)
{
	size_t dropped = 0;

	while (o->first != NULL) {
		dropped += o->first->len - o->first->done;
		output_drop_first(o);
	}
	return dropped;
}
