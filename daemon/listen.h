/*
 * Where clients connect: a socket of our own, or those that the service
 * manager handed over. Runs in the daemon.
 */
#ifndef DAEMON_LISTEN_H
#define DAEMON_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct event_base;
struct listener;

struct listen_config {
	const int *adopted;	/* sockets that were handed over; taken */
	unsigned nadopted;
	int lock;		/* of the path of those; -1: it is not ours */
	const char *path;	/* unless there are such; NULL: none */
	bool is_private;	/* only for this user; its directory is made */
	bool has_group;		/* members of it may connect, too */
	gid_t group;
	bool everyone;		/* everybody may connect */
};

/* Open them, before privileges are given up. NULL with the error set. */
struct listener *listener_open(const struct listen_config *config,
	struct err *err);

/* Accept from now on: each socket goes to on_accept, non-blocking. */
int listener_start(struct listener *l, struct event_base *base,
	void (*on_accept)(void *arg, int fd), void *arg);

struct fds;

/* Its sockets, and the lock if the path is ours, behind those that are there;
 * they stay its own. -1: there is no room. */
int listener_fds(const struct listener *l, struct fds *out, uint32_t *count,
	uint32_t *lock);

/* Accept nobody for now; accept again. */
void listener_stop(struct listener *l);
void listener_resume(struct listener *l);

/* Of sockets that came with the lock of their path: from now on it is ours. */
void listener_take_path(struct listener *l);

/* Close; another process has the sockets, and the path stays. NULL is legal. */
void listener_give_up(struct listener *l);

/* Close; a path of our own is removed, if it still can be. NULL is legal. */
void listener_close(struct listener *l);

#endif
