/* The daemon's metrics as lines for a person. Used by wasmctl's stats and top. */
#ifndef CLIENT_OVERVIEW_H
#define CLIENT_OVERVIEW_H

#include "base/buf.h"
#include "client/samples.h"

/*
 * Append the lines. With before, of some seconds ago, what is counted and timed
 * is what happened since. 0, or -1 as buf_append.
 */
int overview_write(struct buf *out, const struct samples *s,
	const struct samples *before, double seconds);

#endif
