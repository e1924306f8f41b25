/*
 * Play a module to its end: decode, validate, translate, instantiate with
 * stubs, start, and call each exported function once, all under small limits,
 * and write down what can be seen of it.
 */
#ifndef FUZZ_PLAY_H
#define FUZZ_PLAY_H

#include "base/buf.h"
#include "vm/vm.h"

#define PLAY_RECORD_MAX ((size_t)1 << 20)
#define PLAY_FUEL 20000		/* of one call */

struct play_options {
	bool plain;		/* fuse no instructions */
	bool lazy;		/* translate functions at their first call */
	uint64_t fuel;		/* of one call */
};

/*
 * Append to record, one line each: what came of every call (with the fuel it
 * took, and its results, in which all NaNs are alike), the globals, and a
 * digest of each memory. 0, or -1 with the error set when the module was
 * refused or could not be linked.
 */
int play_module(const uint8_t *bytes, size_t len,
	const struct play_options *options, struct buf *record,
	struct err *err);

/* Play it fused, translated at first calls, and plain. Ends the process, and
 * prints both records, when two differ. */
void play_both(const uint8_t *bytes, size_t len, uint64_t fuel);

#endif
