/* How many children a template keeps ready. Runs in the daemon. */
#include "daemon/demand.h"

void
demand_call(struct demand *d, unsigned ready, unsigned max)
{
	unsigned left = ready > 0 ? ready - 1 : 0;

	if (d->quiet > 0 || left < d->spare)
		d->spare = left;
	d->quiet = 0;
	if (d->calls < DEMAND_HOT)
		d->calls++;
	if (ready == 0 && d->calls == DEMAND_HOT && d->want < max)
		d->want++;
}

void
demand_period(struct demand *d)
{
	if (d->quiet == 0) {	/* there were calls */
		if (d->spare > 0 && d->want > 1)
			d->want--;
	} else if (d->quiet % DEMAND_QUIET == 0) {
		d->want /= 2;
		if (d->want == 0)
			d->calls = 0;
	}
	d->quiet++;
}
