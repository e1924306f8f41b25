/* What waits for a disk. Runs in the daemon, work in a thread of it. */
#include "config.h"

#include "daemon/disk.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/fd.h"
#include "base/log.h"

TAILQ_HEAD(task_list, disk_task);

struct disk {
	pthread_mutex_t lock;	/* of the two lists and ending */
	pthread_cond_t more;
	struct task_list todo, worked;
	bool ending;
	bool has_thread;
	pthread_t thread;
	int wake;		/* eventfd: something was worked on */
	struct event *on_wake;
};

/* The next task, or NULL at the end of all. */
static struct disk_task *
disk_next(struct disk *d)
{
	struct disk_task *t;

	pthread_mutex_lock(&d->lock);
	while ((t = TAILQ_FIRST(&d->todo)) == NULL && !d->ending)
		pthread_cond_wait(&d->more, &d->lock);
	if (t != NULL)
		TAILQ_REMOVE(&d->todo, t, entry);
	pthread_mutex_unlock(&d->lock);
	return t;
}

static void *
disk_thread(void *arg)
{
	const uint64_t one = 1;
	struct disk *d = arg;
	struct disk_task *t;

	while ((t = disk_next(d)) != NULL) {
		t->work(t);
		pthread_mutex_lock(&d->lock);
		TAILQ_INSERT_TAIL(&d->worked, t, entry);
		pthread_mutex_unlock(&d->lock);
		/* It cannot fail: the counter never comes near its end. */
		if (write(d->wake, &one, sizeof(one)) == -1)
			log_err("eventfd: cannot be written");
	}
	return NULL;
}

static void
disk_do_worked(struct disk *d)
{
	struct task_list list;
	struct disk_task *t;

	TAILQ_INIT(&list);
	pthread_mutex_lock(&d->lock);
	TAILQ_CONCAT(&list, &d->worked, entry);
	pthread_mutex_unlock(&d->lock);
	while ((t = TAILQ_FIRST(&list)) != NULL) {
		TAILQ_REMOVE(&list, t, entry);
		t->done(t);
	}
}

static void
disk_on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) == sizeof(count))
		disk_do_worked(arg);
}

/* With all signals blocked: they are the event loop's, and a write that passes
 * a limit of file sizes is an error, not a death. */
static int
disk_start(struct disk *d)
{
	sigset_t all, before;

	if (d->has_thread)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	errno = pthread_create(&d->thread, NULL, disk_thread, d);
	d->has_thread = errno == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return d->has_thread ? 0 : -1;
}

int
disk_run(struct disk *d, struct disk_task *t)
{
	if (disk_start(d) == -1)
		return -1;
	pthread_mutex_lock(&d->lock);
	TAILQ_INSERT_TAIL(&d->todo, t, entry);
	pthread_cond_signal(&d->more);
	pthread_mutex_unlock(&d->lock);
	return 0;
}

struct disk *
disk_new(struct event_base *base)
{
	struct disk *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->more, NULL);
	TAILQ_INIT(&d->todo);
	TAILQ_INIT(&d->worked);
	d->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->wake != -1)
		d->on_wake = event_new(base, d->wake, EV_READ | EV_PERSIST,
			disk_on_wake, d);
	if (d->on_wake == NULL || event_add(d->on_wake, NULL) == -1) {
		disk_free(d);
		return NULL;
	}
	return d;
}

void
disk_free(struct disk *d)
{
	if (d == NULL)
		return;
	pthread_mutex_lock(&d->lock);
	d->ending = true;
	pthread_cond_signal(&d->more);
	pthread_mutex_unlock(&d->lock);
	if (d->has_thread)
		pthread_join(d->thread, NULL);
	disk_do_worked(d);
	if (d->on_wake != NULL)
		event_free(d->on_wake);
	fd_close(&d->wake);
	pthread_cond_destroy(&d->more);
	pthread_mutex_destroy(&d->lock);
	free(d);
}
