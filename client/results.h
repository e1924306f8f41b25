/* What a called function returned, as text. */
#ifndef CLIENT_RESULTS_H
#define CLIENT_RESULTS_H

#include "base/buf.h"
#include "proto/msg.h"

/* Append the results of a record, a MSG_JOB_EXIT: their plain values, a line for
 * each. 0, or -1 as buf_append. */
int results_lines(struct buf *out, const struct msg *record);

/* Append them as a JSON array of objects {"type", "value"}, both strings. */
int results_json(struct buf *out, const struct msg *record);

#endif
