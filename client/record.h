/* The result record of a job: as a table for people, and made up for calls that
 * did not become a job. */
#ifndef CLIENT_RECORD_H
#define CLIENT_RECORD_H

#include "base/buf.h"
#include "lib/wasmd.h"

#define RECORD_JSON_MAX (1u << 20)

/* Append the record, a job.exit, as lines "name  value". */
int record_table(struct buf *out, const struct wasmd_msg *record);

/* A record of status and cause only. Without memory the program ends. */
struct wasmd_msg *record_new(const char *status, const char *cause);

/* A record that outlives the message it came in. Likewise. */
struct wasmd_msg *record_copy(const struct wasmd_msg *record);

#endif
