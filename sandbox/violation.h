/*
 * On an administrator's request, for finding out what went wrong: a process
 * that makes a forbidden system call says which one before it ends. The filters
 * then trap where they would kill; the call is not made in either case. Runs in
 * the worker.
 */
#ifndef SANDBOX_VIOLATION_H
#define SANDBOX_VIOLATION_H

/* Before the first filter; its clones inherit it. 0, or -1 with errno. */
int violation_catch(void);

#endif
