/*
 * What waits for a disk: tasks done one after the other by a thread of their
 * own, so that the event loop does not wait. The thread is made for the first
 * of them. Runs in the daemon.
 */
#ifndef DAEMON_DISK_H
#define DAEMON_DISK_H

#include <sys/queue.h>

struct disk;
struct event_base;

struct disk_task {
	TAILQ_ENTRY(disk_task) entry;
	/* In the thread: touches nothing but the task and what it owns. */
	void (*work)(struct disk_task *t);
	/* In the event loop, once, after work. May free the task. */
	void (*done)(struct disk_task *t);
};

struct disk *disk_new(struct event_base *base);

/* Wait until all tasks have been worked on; those that were not done yet are. */
void disk_free(struct disk *d);

/* 0, or -1 with errno: there is no thread, and nothing was taken. */
int disk_run(struct disk *d, struct disk_task *t);

#endif
