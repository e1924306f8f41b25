/* What a submit message asks for, checked and put into a job. Runs in the
 * daemon. */
#ifndef DAEMON_SUBMIT_H
#define DAEMON_SUBMIT_H

#include <stdbool.h>

#include "daemon/limits.h"

struct job;

/* 0, or -1 with PROTO_ERROR_USAGE, TOO_LARGE or INTERNAL. nfds: the number of
 * descriptors that came with the message. */
int submit_read(struct job *j, const struct msg *m, size_t nfds,
	const struct limits *most, struct err *err);

#endif
