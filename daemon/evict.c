/* Which template goes. Runs in the daemon. */
#include "daemon/evict.h"

/* Saturating: what templates say of themselves may be any number. */
static uint64_t
bytes_add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t
bytes_of(const struct evict_item *items, size_t n, const uid_t *uid)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (uid == NULL || items[i].uid == *uid)
			sum = bytes_add(sum, items[i].bytes);
	}
	return sum;
}

int
evict_choose(const struct evict_item *items, size_t n,
	const struct evict_limits *limits)
{
	uint64_t most = 0;
	int chosen = -1;

	if (n <= limits->count && bytes_of(items, n, NULL) <= limits->bytes)
		return -1;
	/* From the longest unused on: the first of a user's is his last. */
	for (size_t i = n; i-- > 0;) {
		uint64_t bytes;

		if (items[i].busy)
			continue;
		bytes = bytes_of(items, n, &items[i].uid);
		if (chosen == -1 || bytes > most) {
			chosen = (int)i;
			most = bytes;
		}
	}
	return chosen;
}
