/* What a connection is still to send. Runs in clients. */
#include "lib/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

/*
 * Descriptors travel with the first bytes of their frame. The kernel takes so
 * few of them at once or not at all.
 */
#define OUTBOX_WITH_FD_MAX 4096

struct attached {
	struct attached *next;
	size_t at;		/* bytes before the one that they go with */
	struct fds fds;
};

void
outbox_init(struct outbox *o, size_t max)
{
	buf_init(&o->bytes, max);
	o->first = NULL;
	o->last = &o->first;
}

static void
outbox_drop_first(struct outbox *o)
{
	struct attached *a = o->first;

	o->first = a->next;
	if (o->first == NULL)
		o->last = &o->first;
	fds_close(&a->fds);
	free(a);
}

void
outbox_clear(struct outbox *o)
{
	while (o->first != NULL)
		outbox_drop_first(o);
	buf_clear(&o->bytes);
}

int
outbox_attach(struct outbox *o, size_t at, const struct fds *fds)
{
	struct attached *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return -1;
	a->at = at;
	for (size_t i = 0; i < fds->count; i++) {
		a->fds.fd[i] = fcntl(fds->fd[i], F_DUPFD_CLOEXEC, 3);
		if (a->fds.fd[i] == -1) {
			fds_close(&a->fds);
			free(a);
			return -1;
		}
		a->fds.count++;
	}
	*o->last = a;
	o->last = &a->next;
	return 0;
}

static void
outbox_drain(struct outbox *o, size_t len)
{
	buf_drain(&o->bytes, len);
	for (struct attached *a = o->first; a != NULL; a = a->next)
		a->at -= len;
}

/* One send(2): bytes that were sent, or -1 with errno. */
static ssize_t
outbox_send_some(struct outbox *o, int sock)
{
	struct attached *a = o->first;
	size_t len = o->bytes.len;
	ssize_t n;

	if (a == NULL || a->at > 0) {
		len = a == NULL ? len : a->at;
		return send(sock, o->bytes.data, len, MSG_NOSIGNAL);
	}
	if (a->next != NULL)
		len = a->next->at;
	if (len > OUTBOX_WITH_FD_MAX)
		len = OUTBOX_WITH_FD_MAX;
	n = fd_send(sock, o->bytes.data, len, a->fds.fd, a->fds.count);
	if (n == 0)
		outbox_drop_first(o);
	return n == 0 ? (ssize_t)len : -1;
}

int
outbox_send(struct outbox *o, int sock)
{
	while (o->bytes.len > 0) {
		ssize_t n = outbox_send_some(o, sock);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
		outbox_drain(o, (size_t)n);
	}
	return 0;
}
