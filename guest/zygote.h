/* The zygote: starts a template for each request of the daemon. */
#ifndef GUEST_ZYGOTE_H
#define GUEST_ZYGOTE_H

#include <stdnoreturn.h>

struct enter;

/* Ends when the daemon closes the control socket. */
noreturn void zygote_run(const struct enter *e);

#endif
