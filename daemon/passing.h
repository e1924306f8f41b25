/*
 * Descriptors among the bytes that wait for a client: each goes with a certain
 * byte. Runs in the daemon.
 */
#ifndef DAEMON_PASSING_H
#define DAEMON_PASSING_H

#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

struct evbuffer;
struct passed_fd;

STAILQ_HEAD(passed_list, passed_fd);

struct passing {
	struct passed_list list;
	uint64_t written;	/* bytes so far */
};

void passing_init(struct passing *p);
void passing_clear(struct passing *p);	/* closes what was not passed */

/* The descriptor is taken, and goes with the byte that is added next. -1: no
 * memory; it is closed. */
int passing_add_take(struct passing *p, const struct evbuffer *out, int fd);

/* As evbuffer_write, with the descriptors. */
ssize_t passing_write(struct passing *p, struct evbuffer *out, int sock);

#endif
