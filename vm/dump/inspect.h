/* What both forms of inspect need. Private to vm/dump. */
#ifndef VM_DUMP_INSPECT_H
#define VM_DUMP_INSPECT_H

#include "vm/dump/state.h"

/* Bits of all features that the module uses, in bodies too. 0, or -1 with the
 * error set when a body is malformed. */
int inspect_features(struct dump *d, uint64_t *features, struct err *err);

const char *feature_name(enum feature f);
const char *extern_kind_name(enum extern_kind kind);
const char *segment_mode_name(enum segment_mode mode);

/* The type index of a function or tag, TYPE_NONE where the index is out of
 * bounds. */
uint32_t extern_type(const struct module *m, enum extern_kind kind,
	uint32_t index);

#endif
