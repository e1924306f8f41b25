/* Processors that have no levels to choose from. Runs in the daemon. */
#include "daemon/processor.h"

bool
processor_is_v3(void)
{
	return false;
}
