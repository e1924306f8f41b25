/*
 * A daemon of another machine: ssh(1) runs `wasmctl proxy` there, which speaks
 * to the daemon in our place. Used by wasmctl.
 */
#ifndef CLIENT_REMOTE_H
#define CLIENT_REMOTE_H

#include <sys/types.h>

#include "base/err.h"

#define REMOTE_USER_MAX 256
#define REMOTE_HOST_MAX 256
#define REMOTE_PORT_MAX 8
#define REMOTE_SOCKET_MAX 108

/* ssh://[user@]host[:port][/socket]. What is left out is empty. */
struct remote {
	char user[REMOTE_USER_MAX];
	char host[REMOTE_HOST_MAX];
	char port[REMOTE_PORT_MAX];
	char socket[REMOTE_SOCKET_MAX];	/* the daemon's, on that machine */
};

/*
 * 0, or -1 with WASMD_ERROR_USAGE. No part can be taken for an option of ssh,
 * nor the socket for anything but one word by the shell over there.
 */
int remote_parse(struct remote *r, const char *text, struct err *err);

/*
 * Start ssh, by the name of $WASMD_SSH if that is set. Returns our end of its
 * standard input and output, a stream socket, and its process; -1 with the
 * error set. It ends when that is closed, at the latest when we end.
 */
int remote_start(const struct remote *r, pid_t *pid, struct err *err);

/* The daemon could not be greeted, for the reason in *err. ssh's end may tell
 * more: then that takes the place of it. */
void remote_explain(pid_t pid, struct err *err);

#endif
