/* Modules whose bytes follow a put. */
#include "lib/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "proto/msg.h"

#define SOURCE_FILL (256u << 10)	/* bytes that wait to be sent at least */

int
source_add(struct source **list, uint32_t call, int fd, uint64_t size,
	struct err *err)
{
	struct source *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
	s->call = call;
	s->size = size;
	s->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (s->fd == -1) {
		free(s);
		return err_set(err, PROTO_ERROR_INTERNAL,
			"cannot read the module: %s", strerror(errno));
	}
	while (*list != NULL)
		list = &(*list)->next;
	*list = s;
	return 0;
}

static int
source_take(struct source *s, struct buf *out, struct err *err)
{
	char data[PROTO_DATA_MAX];
	uint64_t left = s->size - s->sent;
	ssize_t n = pread(s->fd, data, left < sizeof(data) ? (size_t)left :
		sizeof(data), (off_t)s->sent);
	struct msg m;

	if (n <= 0)
		return err_set(err, PROTO_ERROR_INTERNAL,
			"cannot read the module: %s",
			n == 0 ? "it became shorter" : strerror(errno));
	msg_init_notify(&m, MSG_PUT_DATA);
	msg_set_number(&m, FIELD_PUT_DATA_CALL, s->call);
	msg_set_bytes(&m, FIELD_PUT_DATA_DATA, data, (size_t)n);
	s->sent += (uint64_t)n;
	return msg_pack(&m, out, err);
}

int
source_fill(struct source **list, struct buf *out, struct err *err)
{
	struct source *s = *list;

	while (s != NULL && out->len < SOURCE_FILL) {
		if (s->sent == s->size)
			s = s->next;
		else if (source_take(s, out, err) == -1)
			return -1;
	}
	return 0;
}

uint64_t
source_left(const struct source *list)
{
	uint64_t left = 0;

	for (; list != NULL; list = list->next)
		left += list->size - list->sent;
	return left;
}

void
source_drop(struct source **list, uint32_t call)
{
	struct source *s;

	while (*list != NULL && (*list)->call != call)
		list = &(*list)->next;
	s = *list;
	if (s == NULL)
		return;
	*list = s->next;
	fd_close(&s->fd);
	free(s);
}

void
source_drop_all(struct source **list)
{
	while (*list != NULL)
		source_drop(list, (*list)->call);
}
