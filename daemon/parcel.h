/*
 * A detached job that has ended, on its way to the daemon's successor: a memfd
 * with messages of the protocol in their frames, job.item, job.exit, and what is
 * kept of its output as job.output. Runs in the daemon: packed in the one that
 * leaves, opened in the one that comes.
 */
#ifndef DAEMON_PARCEL_H
#define DAEMON_PARCEL_H

#include "base/err.h"

struct keeper;
struct kept;
struct users;

/* The memfd; -1 with the error set. */
int parcel_pack(const struct kept *p, struct err *err);

/* Keep what it holds. 0, or -1 with the error set; fd stays the caller's. */
int parcel_open(struct keeper *k, struct users *users, int fd,
	struct err *err);

#endif
