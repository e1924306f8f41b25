/*
 * Messages as callers of libwasmd see them: by the names of their fields. A
 * struct wasmd_msg is a struct msg; one that the caller made or copied stands at
 * the beginning of what owns its bytes.
 */
#ifndef LIB_MESSAGE_H
#define LIB_MESSAGE_H

#include "lib/wasmd.h"
#include "proto/msg.h"

/* The same message, for a callback, and what a caller gave. */
const struct wasmd_msg *message_show(const struct msg *m);
const struct msg *message_see(const struct wasmd_msg *m);

#endif
