/*
 * Which programs are not run for a while, because their processes crashed again
 * and again. Kept for each user: what one user's calls do to a module keeps no
 * other from running it. Decides, and does nothing. Runs in the daemon.
 */
#ifndef DAEMON_QUARANTINE_H
#define DAEMON_QUARANTINE_H

#include <stdint.h>
#include <sys/types.h>

#include "daemon/module.h"

#define QUARANTINE_CRASHES	3	/* within hold_us lead into it */
#define QUARANTINE_ENTRIES	256

struct quarantine_entry {
	uid_t uid;
	uint8_t key[MODULE_DIGEST];	/* a program's */
	unsigned count;			/* 0: the entry is free */
	uint64_t crash_us[QUARANTINE_CRASHES];	/* the last ones, in a ring */
	uint64_t until_us;		/* 0: not in quarantine */
};

struct quarantine {
	uint64_t hold_us;	/* how long, also of the window; 0: never */
	struct quarantine_entry entries[QUARANTINE_ENTRIES];
};

void quarantine_init(struct quarantine *q, uint64_t hold_us);

/* A process of the program crashed. Returns 1 when it is in quarantine from
 * now on, else 0. */
int quarantine_crash(struct quarantine *q, uid_t uid, const uint8_t *key,
	uint64_t now_us);

/* How long from now it is still not to be run; 0: it may be. */
uint64_t quarantine_left_us(const struct quarantine *q, uid_t uid,
	const uint8_t *key, uint64_t now_us);

#endif
