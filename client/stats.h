/* The daemon's metrics, asked for. Used by wasmctl's stats and top. */
#ifndef CLIENT_STATS_H
#define CLIENT_STATS_H

#include "base/buf.h"
#include "client/samples.h"

struct ask;

#define STATS_TEXT_MAX (1u << 20)

/* Ask on an open connection. 0 with the text and what it says, or what wasmctl
 * exits with after it has reported why. */
int stats_ask(struct ask *a, struct buf *text, struct samples *samples);

#endif
