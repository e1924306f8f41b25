/* No internal instructions are counted. */
#include "vm/exec/tally.h"

int
tally_start(void)
{
	return 0;
}

void
tally_each(void (*on_instr)(void *arg, const char *name, uint64_t count),
	void *arg)
{
}
