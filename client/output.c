/* The guest's output on its way to the standard descriptors. Used by wasmctl. */
#include "client/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

struct output_chunk {
	struct output_chunk *next;
	int stream;	/* which of the places */
	size_t done, len;
	char data[];
};

/*
 * A write that waits is one during which Ctrl-C goes unheard, and our standard
 * descriptors stay in blocking mode, which other processes share. So a pipe is
 * opened once more, for a mode of our own. Where that is forbidden, as for a
 * pipe of another user, and for a terminal, what poll(2) calls writable takes
 * PIPE_BUF bytes without waiting.
 */
static struct output_place
output_place(int fd)
{
	struct output_place place = { .fd = fd, .own = -1, .at_once = PIPE_BUF };
	struct stat st;
	char path[32];

	if (fstat(fd, &st) == -1)
		return place;
	if (S_ISREG(st.st_mode))
		place.at_once = SIZE_MAX;
	if (!S_ISFIFO(st.st_mode))
		return place;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	place.own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (place.own != -1) {
		place.fd = place.own;
		place.at_once = SIZE_MAX;
	}
	return place;
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
	for (int i = STDOUT_FILENO; i <= OUTPUT_TRACE; i++)
		fd_close(&o->places[i].own);
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
