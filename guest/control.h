/*
 * The control socket on CTL_FD, as sandbox/ctl.h describes it. Runs in zygote
 * and template. A message that is not as it should be ends the process: the
 * daemon has gone, or is not the daemon.
 */
#ifndef GUEST_CONTROL_H
#define GUEST_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "sandbox/ctl.h"

/* Wait for CTL_CALL. fds: the call's pipes and the broker's socket, -1 if there
 * is none. */
enum { CONTROL_IN, CONTROL_OUT, CONTROL_BROKER, CONTROL_CALL_FDS };
void control_recv_call(struct ctl_msg *msg, int fds[static CONTROL_CALL_FDS]);

/* Whether one has come, or the daemon has gone. */
bool control_waits(void);

/* Wait for CTL_TEMPLATE. Returns how many descriptors came with it: the
 * template's socket, and each of its modules. */
#define CONTROL_TEMPLATE_FDS (2 + CTL_PRELOAD_MAX)
size_t control_recv_template(struct ctl_msg *msg,
	int fds[static CONTROL_TEMPLATE_FDS]);

void control_send(const struct ctl_msg *msg);

/* Answer a request to clone: pid as process_clone returned it, errno if -1.
 * Closes pidfd. */
void control_send_spawned(uint64_t id, pid_t pid, int pidfd);

#endif
