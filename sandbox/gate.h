/*
 * The gate: a page that holds one instruction which enters the kernel. A
 * template that has loaded its modules, and needs nothing but to clone
 * children, puts on a filter that tells by the instruction's address
 * (seccomp_data.instruction_pointer) whether a call comes from there: through
 * the gate are the few calls of a template that serves and of a child that
 * gets ready; from everywhere else those of a child. A child inherits the
 * filter and closes the gate, which costs a tenth of putting on one of its own.
 *
 * What keeps it closed is no secret: the page is no longer executable, and no
 * filter, this one included, lets anything become executable, be mapped
 * executable or be moved. Runs in the worker.
 */
#ifndef SANDBOX_GATE_H
#define SANDBOX_GATE_H

#include <stdint.h>
#include <sys/types.h>

struct msghdr;

/* What the kernel says of a call through the gate: where it goes on. */
uintptr_t gate_address(void);

/* The system call nr, by the gate. Returns as syscall(2). */
long gate_call(long nr, long a, long b, long c, long d);

/* The like of sendmsg(2) and recvmsg(2). */
ssize_t gate_sendmsg(int sock, const struct msghdr *msg, int flags);
ssize_t gate_recvmsg(int sock, struct msghdr *msg, int flags);

/* For good. 0, or -1 with errno. */
int gate_close(void);

#endif
