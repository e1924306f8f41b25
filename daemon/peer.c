/* Who is at the other end of a connection. Runs in the daemon. */
#include "config.h"

#include "daemon/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

#define PEER_GROUPS 32	/* more are asked for a second time */

/* Behind the first, which is in its credentials. */
static int
peer_read_groups(struct peer *p, int fd)
{
	socklen_t len = PEER_GROUPS * sizeof(gid_t);
	int r;

	do {
		free(p->groups);
		p->groups = malloc(sizeof(gid_t) + len);
		if (p->groups == NULL)
			return -1;
		r = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, p->groups + 1,
			&len);
	} while (r == -1 && errno == ERANGE);
	if (r == -1)
		return -1;
	p->groups[0] = p->gid;
	p->ngroups = 1 + len / sizeof(gid_t);
	return 0;
}

int
peer_read(struct peer *p, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return -1;
	*p = (struct peer){ .uid = cred.uid, .gid = cred.gid, .pid = cred.pid };
	if (peer_read_groups(p, fd) == 0)
		return 0;
	peer_clear(p);
	return -1;
}

void
peer_clear(struct peer *p)
{
	free(p->groups);
	p->groups = NULL;
	p->ngroups = 0;
}
