/* A child and its two pipes. Runs in the daemon. */
#include "config.h"

#include "daemon/child.h"

#include <fcntl.h>
#include <stdlib.h>
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
