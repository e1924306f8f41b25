/* Internal instructions, counted: see profile.h. Runs in a worker for that. */
#include "vm/exec/tally.h"

#include <stdlib.h>
#include <string.h>

#include "vm/exec/listing.h"
#include "vm/exec/profile.h"

#define TALLY_NAME 256

static struct {
	struct listing *listing;
	uint32_t handlers;
	uint64_t *counts;	/* by handler, and at the end of all others */
} tally;

static void
tally_count(const uint8_t *pc, bool fell)
{
	uint32_t handler;
	uint64_t address;

	memcpy(&address, pc, sizeof(address));
	handler = listing_handler(tally.listing, address);
	tally.counts[handler < tally.handlers ? handler : tally.handlers]++;
}

int
tally_start(void)
{
	tally.listing = listing_new();
	tally.handlers = listing_handlers();
	tally.counts = calloc((size_t)tally.handlers + 1,
		sizeof(*tally.counts));
	if (tally.listing == NULL || tally.counts == NULL)
		return -1;
	code_profile = tally_count;
	return 0;
}

void
tally_each(void (*on_instr)(void *arg, const char *name, uint64_t count),
	void *arg)
{
	char name[TALLY_NAME];

	for (uint32_t i = 0; i < tally.handlers; i++) {
		if (tally.counts[i] == 0)
			continue;
		listing_name(i, name, sizeof(name));
		on_instr(arg, name, tally.counts[i]);
	}
	if (tally.handlers > 0 && tally.counts[tally.handlers] > 0)
		on_instr(arg, "(others)", tally.counts[tally.handlers]);
}
