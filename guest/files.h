/*
 * The child's side of the broker (proto/broker.h), which opens the files of the
 * granted directories for it. Runs in the confined child, where only a call
 * that was granted directories comes here: the filter of all others ends them.
 *
 * A broker that does not answer as it must, or not any more, is not asked
 * again: everything is EIO from then on.
 */
#ifndef GUEST_FILES_H
#define GUEST_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "proto/broker.h"

struct files_path {
	const char *data;	/* not NUL-terminated */
	uint32_t len;
};

struct files_answer {
	struct broker_answer head;
	const uint8_t *data;	/* head.len bytes, until the next question */
	int fd;			/* the file that came, -1: none */
};

/*
 * Ask and wait for the answer. paths: as many as the request takes, of at most
 * BROKER_PATH_MAX bytes; their lengths are filled in. pass: a descriptor to go
 * with it, or -1. 0, or the errno of the answer or of the trip.
 */
int files_ask(struct broker_request *r, const struct files_path *paths,
	unsigned npaths, int pass, struct files_answer *a);

/* fstat(2), without the path that libc's passes. 0, or -1 with errno. */
int files_stat(int fd, struct broker_stat *st);

#endif
