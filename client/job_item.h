/* A job of the daemon's, a job.item, as text. Used by wasmctl's ps, status and
 * top. */
#ifndef CLIENT_JOB_ITEM_H
#define CLIENT_JOB_ITEM_H

#include <stddef.h>

#include "base/buf.h"
#include "lib/wasmd.h"

#define JOB_ITEM_STATE_MAX 64

/* "running 1.2 s", "queued (3)", "done OK 0", "done TO". */
void job_item_state(char out[static JOB_ITEM_STATE_MAX],
	const struct wasmd_msg *item);

/* Append the line above those of items, or one of these. 0, or -1 as
 * buf_append. */
int job_item_head(struct buf *out);
int job_item_line(struct buf *out, const struct wasmd_msg *item);

#endif
