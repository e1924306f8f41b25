/*
 * How a confined process ended, as the kernel tells it. Runs in the daemon.
 */
#ifndef DAEMON_DEATH_H
#define DAEMON_DEATH_H

#include <signal.h>
#include <stdbool.h>

enum death {
#define DEATH(id, name, text) DEATH_##id,
#include "daemon/death.def"
#undef DEATH
	DEATH_COUNT
};

extern const char *const death_name[DEATH_COUNT];

/* info: of waitid(2). ours: we had sent it a SIGKILL. */
enum death death_of(const siginfo_t *info, bool ours);

#endif
