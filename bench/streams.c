/*
 * The guest's streams as vmbench's own: what guest/io.c does by frames.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest/io.h"
#include "sandbox/call.h"

struct guest_io {
	bool ended;
};

struct guest_io *
guest_io_get(void)
{
	static struct guest_io io;

	return &io;
}

void *
guest_io_gather(struct guest_io *io, size_t len)
{
	static char buffer[FRAME_DATA_MAX];

	return len <= sizeof(buffer) ? buffer : NULL;
}

int
guest_io_write(struct guest_io *io, int stream, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(stream, p, len);

		if (n == -1 && errno != EINTR)
			exit(125);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

size_t
guest_io_read(struct guest_io *io, void *data, size_t len)
{
	ssize_t n = io->ended ? 0 : read(0, data, len);

	io->ended = n <= 0;
	return n > 0 ? (size_t)n : 0;
}

bool
guest_io_readable(struct guest_io *io, size_t *nbytes)
{
	*nbytes = 0;
	return true;
}

bool
guest_io_wait(struct guest_io *io, uint64_t timeout_ns, bool want_input)
{
	if (!want_input)
		poll(NULL, 0, (int)(timeout_ns / 1000000));
	return want_input;
}
