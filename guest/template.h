/*
 * A template: confined before it reads one byte of its modules, loads them, runs
 * nothing of them, and clones itself for each call.
 */
#ifndef GUEST_TEMPLATE_H
#define GUEST_TEMPLATE_H

#include <stdnoreturn.h>

struct ctl_msg;
struct enter;

/* fds came with the request: its own control socket, and its modules. Ends when
 * the daemon closes the socket. */
noreturn void template_run(const struct enter *e, const struct ctl_msg *req,
	const int *fds);

#endif
