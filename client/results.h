/* What a called function returned, as text. */
#ifndef CLIENT_RESULTS_H
#define CLIENT_RESULTS_H

#include "base/buf.h"
#include "lib/wasmd.h"

/* Append the results of a record, a job.exit: their plain values, a line for
 * each. 0, or -1 as buf_append. */
int results_lines(struct buf *out, const struct wasmd_msg *record);

/* Append them as a JSON array of objects {"type", "value"}, both strings. */
int results_json(struct buf *out, const struct wasmd_msg *record);

#endif
