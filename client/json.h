/* Messages of the daemon as JSON (RFC 8259), for programs. */
#ifndef CLIENT_JSON_H
#define CLIENT_JSON_H

#include "base/buf.h"
#include "lib/wasmd.h"

/*
 * Append the fields of a message, or of an answer, as one object without a
 * newline. Their names are those of the protocol; those that are not there, and
 * the number of a call, are left out. 0, or -1 as buf_append.
 */
int json_message(struct buf *out, const struct wasmd_msg *m);

/* The same on standard output, as a line. Without memory the program ends. */
void json_print(const struct wasmd_msg *m);

#endif
