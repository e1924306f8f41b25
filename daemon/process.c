/* A confined process as a pidfd. Runs in the daemon. */
#include "config.h"

#include "daemon/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/fd.h"
#include "base/log.h"
#include "daemon/death.h"
#include "daemon/family.h"
#include "daemon/metrics.h"
#include "daemon/worker.h"

struct process {
	LIST_ENTRY(process) entry;	/* all that there are */
	int pidfd;
	pid_t pid;		/* 0: not yet asked for */
	bool killed;		/* by us */
	uint64_t cpu_max_us;	/* 0: any */
	struct family *family;	/* may be NULL */
	struct event *ev;
	struct worker *worker;
	void (*on_exit)(void *arg, const struct process_end *end);
	void *arg;
};

/* What waits to be reaped is a property of this process, as its children are. */
static LIST_HEAD(, process) processes = LIST_HEAD_INITIALIZER(processes);
static unsigned live;

bool
process_end_is_crash(const struct process_end *end)
{
	int sig = end->info.si_status;

	return end->info.si_code != CLD_EXITED && sig != SIGKILL &&
		sig != SIGXCPU;
}

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

/* The process has ended. Until it is reaped here, its number, and that of the
 * group it was in, are no other's. */
static void
process_free(struct process *p)
{
	struct process_end end;

	bool ours = p->killed;

	if (p->family != NULL) {
		ours |= p->family->condemned;
		family_leave(p->family);
		family_unref(p->family);
	}
	process_wait(p->pidfd, &end, 0);
	metric_count(METRIC_DEATHS, death_of(&end.info, ours));
	LIST_REMOVE(p, entry);
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

	if (process_wait(p->pidfd, &end, WNOWAIT) == -1) {
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
	LIST_INSERT_HEAD(&processes, p, entry);
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
process_join(struct process *p, struct family *f)
{
	p->family = family_ref(f);
	family_join(f);
}

/* As a pidfd tells it to those who may look: proc(5), fdinfo. */
pid_t
process_pid(struct process *p)
{
	char path[64], line[128];
	FILE *file;
	int pid;

	if (p->pid > 0)
		return p->pid;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", p->pidfd);
	file = fopen(path, "re");
	if (file == NULL)
		return -1;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "Pid: %d", &pid) == 1 && pid > 0)
			p->pid = pid;
	}
	fclose(file);
	return p->pid > 0 ? p->pid : -1;
}

uint64_t
process_cpu_us(struct process *p)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(process_pid(p), &clock) != 0 ||
	    clock_gettime(clock, &ts) == -1)
		return 0;
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void
process_set_cpu_max(struct process *p, uint64_t us)
{
	p->cpu_max_us = us;
}

/* Condemning ends processes later, by events of their own. */
void
process_find_over(void (*on_over)(void *arg, struct family *f), void *arg)
{
	struct process *p;

	LIST_FOREACH(p, &processes, entry) {
		if (p->cpu_max_us != 0 && p->family != NULL &&
		    !p->family->condemned &&
		    process_cpu_us(p) > p->cpu_max_us)
			on_over(arg, p->family);
	}
}

static int
process_order(const void *a, const void *b)
{
	const pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

pid_t *
process_list(size_t *count)
{
	pid_t *pids = calloc(live + 1, sizeof(*pids));
	struct process *p;

	*count = 0;
	if (pids == NULL)
		return NULL;
	LIST_FOREACH(p, &processes, entry)
		pids[(*count)++] = process_pid(p);
	qsort(pids, *count, sizeof(*pids), process_order);
	return pids;
}

bool
process_list_has(const pid_t *pids, size_t count, pid_t pid)
{
	return bsearch(&pid, pids, count, sizeof(pid), process_order) != NULL;
}

void
process_kill(struct process *p)
{
	p->killed = true;
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
