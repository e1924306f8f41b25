/*
 * What systemd offers a service, without its library: sd_notify(3) messages,
 * and the sockets of sd_listen_fds(3). Runs in the daemon.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Tell the service manager, if there is one: "READY=1". */
void notify_send(const char *state);

/* It leaves, and may take so long; what the manager allows may be less. */
void notify_stopping(uint64_t us);

/* Before a reload; READY=1 follows. */
void notify_reloading(void);

/* Whether lines on standard error go to the journal, which takes priorities. */
bool notify_has_journal(void);

/* How often it wants WATCHDOG=1, in microseconds; 0: not at all. */
uint64_t notify_watchdog_us(void);

/* The listening sockets that were handed over and are named "metrics", or all
 * others. Returns how many. */
#define NOTIFY_FDS_MAX 9	/* as many as are handed on, FD_PASS_MAX */
unsigned notify_listen_fds(bool metrics, int fds[NOTIFY_FDS_MAX]);
void notify_forget_fds(void);	/* once they are taken: others inherit the
				 * environment */

#endif
