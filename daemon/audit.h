/* What is kept of each job: a line in the log, see wasmd(8), and figures. Runs in
 * the daemon. */
#ifndef DAEMON_AUDIT_H
#define DAEMON_AUDIT_H

struct job;
struct outcome;

void audit_job(const struct job *j, const struct outcome *o);

#endif
