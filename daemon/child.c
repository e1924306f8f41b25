/* A child and its two pipes. Runs in the daemon. */
#include "config.h"

#include "daemon/child.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "daemon/family.h"
#include "daemon/process.h"

struct child *
child_new(int theirs[2])
{
	struct child *c = calloc(1, sizeof(*c));
	int in[2], out[2];

	if (c == NULL || pipe2(in, O_CLOEXEC) == -1)
		goto fail;
	if (pipe2(out, O_CLOEXEC) == -1)
		goto fail_in;
	c->in = in[1];
	c->out = out[0];
	theirs[0] = in[0];
	theirs[1] = out[1];
	return c;
fail_in:
	fd_close(&in[0]);
	fd_close(&in[1]);
fail:
	free(c);
	return NULL;
}

struct child *
child_new_socket(int theirs[2])
{
	struct child *c = calloc(1, sizeof(*c));
	int pair[2];

	if (c == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
		    pair) == -1)
		goto fail;
	theirs[0] = pair[1];
	theirs[1] = fcntl(pair[1], F_DUPFD_CLOEXEC, 3);
	if (theirs[1] == -1) {
		fd_close(&pair[0]);
		fd_close(&pair[1]);
		goto fail;
	}
	c->in = pair[0];
	c->out = -1;
	return c;
fail:
	free(c);
	return NULL;
}

static void
child_on_exit(void *arg, const struct process_end *end)
{
	struct child *c = arg;

	c->process = NULL;
	c->on_exit(c, end);
}

int
child_set_process_take(struct child *c, struct event_base *base,
	struct worker *w, struct family *f, int pidfd)
{
	c->process = process_new_take(base, pidfd, w, child_on_exit, c);
	if (c->process == NULL)
		return -1;
	process_join(c->process, f);
	c->family = family_ref(f);
	return 0;
}

void
child_free(struct child *c)
{
	if (c == NULL)
		return;
	process_abandon(c->process);
	family_unref(c->family);
	fd_close(&c->in);
	fd_close(&c->out);
	free(c);
}
