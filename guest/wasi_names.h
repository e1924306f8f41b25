/* The names that the witx gives to numbers and flags, for traces. Runs in the
 * confined child. */
#ifndef GUEST_WASI_NAMES_H
#define GUEST_WASI_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct wasi_names {
	unsigned count;
	const char *const *name;	/* by value, or by the number of the bit */
	uint64_t all;			/* flags: every bit that has a name */
};

extern const struct wasi_names wasi_errnos, wasi_clockids, wasi_advices,
	wasi_whences, wasi_whences_unstable, wasi_signals, wasi_filetypes,
	wasi_eventtypes;
extern const struct wasi_names wasi_fdflags, wasi_rights, wasi_oflags,
	wasi_lookupflags, wasi_fstflags, wasi_riflags, wasi_roflags,
	wasi_siflags, wasi_sdflags;

#endif
