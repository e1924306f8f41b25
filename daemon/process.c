/* A confined process as a pidfd. Runs in the daemon. */
#include "config.h"

#include "daemon/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/fd.h"
#include "base/log.h"
#include "daemon/worker.h"

struct process {
	int pidfd;
	struct event *ev;
	struct worker *worker;
	void (*on_exit)(void *arg, const struct process_end *end);
	void *arg;
};

/* What waits to be reaped is a property of this process, as its children are. */
static unsigned live;

/* glibc's waitid has no rusage. */
static int
process_wait(int pidfd, struct process_end *end, int options)
{
	int r;

	memset(end, 0, sizeof(*end));
	do {
		r = (int)syscall(SYS_waitid, P_PIDFD, pidfd, &end->info,
			WEXITED | WNOHANG | options, &end->usage);
	} while (r == -1 && errno == EINTR);
	return r;
}

static void
process_free(struct process *p)
{
	event_free(p->ev);
	fd_close(&p->pidfd);
	worker_unref(p->worker);
	free(p);
	live--;
}

static void
process_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;
	struct process_end end;

	if (process_wait(p->pidfd, &end, 0) == -1) {
		/* Reaped by someone else: cannot happen, must not hang. */
		log_err("waitid: %s", strerror(errno));
		memset(&end, 0, sizeof(end));
		end.info.si_code = CLD_KILLED;
		end.info.si_status = SIGKILL;
	} else if (end.info.si_pid == 0) {
		return;		/* not yet */
	}
	if (p->on_exit != NULL)
		p->on_exit(p->arg, &end);
	process_free(p);
}

struct process *
process_new_take(struct event_base *base, int pidfd, struct worker *w,
	void (*on_exit)(void *arg, const struct process_end *end), void *arg)
{
	struct process *p = calloc(1, sizeof(*p));
	struct process_end end;

	if (p == NULL || process_wait(pidfd, &end, WNOWAIT) == -1)
		goto fail;
	p->pidfd = pidfd;
	p->on_exit = on_exit;
	p->arg = arg;
	p->worker = w;
	p->ev = event_new(base, pidfd, EV_READ | EV_PERSIST, process_on_event, p);
	if (p->ev == NULL || event_add(p->ev, NULL) == -1)
		goto fail;
	if (w != NULL)
		worker_ref(w);
	live++;
	return p;
fail:
	if (p != NULL && p->ev != NULL)
		event_free(p->ev);
	free(p);
	fd_close(&pidfd);
	return NULL;
}

void
process_kill(struct process *p)
{
	if (syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0) == -1 &&
	    errno != ESRCH)
		log_err("pidfd_send_signal: %s", strerror(errno));
}

void
process_abandon(struct process *p)
{
	if (p == NULL)
		return;
	p->on_exit = NULL;
	process_kill(p);
}

unsigned
process_count(void)
{
	return live;
}
