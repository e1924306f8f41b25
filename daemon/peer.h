/* Who is at the other end of a connection, as the kernel says. Runs in the
 * daemon. */
#ifndef DAEMON_PEER_H
#define DAEMON_PEER_H

#include <stddef.h>
#include <sys/types.h>

struct peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	gid_t *groups;		/* all of them, gid the first; owned */
	size_t ngroups;
};

/* Of a connected Unix socket. -1 with errno. */
int peer_read(struct peer *p, int fd);
void peer_clear(struct peer *p);

#endif
