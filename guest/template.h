/*
 * A template: confined before it reads one byte of its module, loads it, runs
 * none of it, and clones itself for each call.
 */
#ifndef GUEST_TEMPLATE_H
#define GUEST_TEMPLATE_H

#include <stdnoreturn.h>

struct ctl_msg;
struct enter;

/* sock is its own control socket. Ends when the daemon closes that. */
noreturn void template_run(const struct enter *e, const struct ctl_msg *req,
	int sock, int module);

#endif
