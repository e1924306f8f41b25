/* Descriptors among the bytes that wait for a client. Runs in the daemon. */
#include "daemon/passing.h"

#include <stdlib.h>

#include <event2/buffer.h>

#include "base/fd.h"

/* So few bytes go with a descriptor that the kernel takes all or nothing. */
#define PASSING_BYTES 512

struct passed_fd {
	STAILQ_ENTRY(passed_fd) entry;
	uint64_t at;		/* its byte, of all that are ever written */
	int fd;
};

void
passing_init(struct passing *p)
{
	STAILQ_INIT(&p->list);
	p->written = 0;
}

static void
passing_drop_first(struct passing *p)
{
	struct passed_fd *f = STAILQ_FIRST(&p->list);

	STAILQ_REMOVE_HEAD(&p->list, entry);
	fd_close(&f->fd);
	free(f);
}

void
passing_clear(struct passing *p)
{
	while (!STAILQ_EMPTY(&p->list))
		passing_drop_first(p);
}

int
passing_add_take(struct passing *p, const struct evbuffer *out, int fd)
{
	struct passed_fd *f = malloc(sizeof(*f));

	if (f == NULL) {
		fd_close(&fd);
		return -1;
	}
	f->at = p->written + evbuffer_get_length(out);
	f->fd = fd;
	STAILQ_INSERT_TAIL(&p->list, f, entry);
	return 0;
}

/* The first one's byte is next: with it go those up to the next one's. */
static ssize_t
passing_write_fd(struct passing *p, struct evbuffer *out, int sock)
{
	struct passed_fd *f = STAILQ_FIRST(&p->list);
	struct passed_fd *next = STAILQ_NEXT(f, entry);
	char bytes[PASSING_BYTES];
	size_t len = evbuffer_get_length(out);

	if (len > sizeof(bytes))
		len = sizeof(bytes);
	if (next != NULL && len > next->at - f->at)
		len = (size_t)(next->at - f->at);
	evbuffer_copyout(out, bytes, len);
	if (fd_send(sock, bytes, len, &f->fd, 1) == -1)
		return -1;
	evbuffer_drain(out, len);
	passing_drop_first(p);
	return (ssize_t)len;
}

ssize_t
passing_write(struct passing *p, struct evbuffer *out, int sock)
{
	const struct passed_fd *f = STAILQ_FIRST(&p->list);
	ssize_t n;

	if (f == NULL)
		n = evbuffer_write(out, sock);
	else if (f->at == p->written)
		n = passing_write_fd(p, out, sock);
	else
		n = evbuffer_write_atmost(out, sock,
			(ev_ssize_t)(f->at - p->written));
	if (n > 0)
		p->written += (uint64_t)n;
	return n;
}
