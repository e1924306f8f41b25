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
	int fd;
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

void
output_init(struct output *o)
{
	*o = (struct output){ .first = NULL };
	o->last = &o->first;
	o->at_once[1] = output_at_once(STDOUT_FILENO);
	o->at_once[2] = output_at_once(STDERR_FILENO);
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
output_push(struct output *o, int fd, const void *data, size_t len)
{
	struct output_chunk *chunk = malloc(sizeof(*chunk) + len);

	if (chunk == NULL)
		return -1;
	*chunk = (struct output_chunk){ .fd = fd, .len = len };
	memcpy(chunk->data, data, len);
	*o->last = chunk;
	o->last = &chunk->next;
	return 0;
}

int
output_fd(const struct output *o)
{
	return o->first == NULL ? 0 : o->first->fd;
}

ssize_t
output_write(struct output *o)
{
	struct output_chunk *chunk = o->first;
	size_t len = chunk->len - chunk->done;
	ssize_t n;

	if (len > o->at_once[chunk->fd])
		len = o->at_once[chunk->fd];
	n = write(chunk->fd, chunk->data + chunk->done, len);
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n == -1 && chunk->fd == STDERR_FILENO)
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
