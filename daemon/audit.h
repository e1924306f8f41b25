/* One line in the log for each job. Runs in the daemon. */
#ifndef DAEMON_AUDIT_H
#define DAEMON_AUDIT_H

struct job;
struct outcome;

void audit_job(const struct job *j, const struct outcome *o);

#endif
