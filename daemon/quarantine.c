/* Programs that crash. Runs in the daemon. */
#include "daemon/quarantine.h"

#include <string.h>

void
quarantine_init(struct quarantine *q, uint64_t hold_us)
{
	memset(q, 0, sizeof(*q));
	q->hold_us = hold_us;
}

static int
entry_find(const struct quarantine *q, uid_t uid, const uint8_t *key)
{
	for (int i = 0; i < QUARANTINE_ENTRIES; i++) {
		const struct quarantine_entry *e = &q->entries[i];

		if (e->count > 0 && e->uid == uid &&
		    memcmp(e->key, key, sizeof(e->key)) == 0)
			return i;
	}
	return -1;
}

static uint64_t
entry_last_us(const struct quarantine_entry *e)
{
	return e->crash_us[(e->count - 1) % QUARANTINE_CRASHES];
}

static unsigned
entries_of(const struct quarantine *q, uid_t uid)
{
	unsigned n = 0;

	for (int i = 0; i < QUARANTINE_ENTRIES; i++)
		n += q->entries[i].count > 0 && q->entries[i].uid == uid;
	return n;
}

/*
 * A free entry; or the one whose last crash is the longest ago, of the user who
 * has the most: with ever new modules he pushes out his own only.
 */
static struct quarantine_entry *
entry_take(struct quarantine *q)
{
	struct quarantine_entry *best = NULL;
	unsigned most = 0;

	for (int i = 0; i < QUARANTINE_ENTRIES; i++) {
		struct quarantine_entry *e = &q->entries[i];
		unsigned n;

		if (e->count == 0)
			return e;
		n = entries_of(q, e->uid);
		if (n > most || (n == most &&
			    entry_last_us(e) < entry_last_us(best))) {
			best = e;
			most = n;
		}
	}
	return best;
}

int
quarantine_crash(struct quarantine *q, uid_t uid, const uint8_t *key,
	uint64_t now_us)
{
	int i = entry_find(q, uid, key);
	struct quarantine_entry *e = i == -1 ? entry_take(q) : &q->entries[i];
	uint64_t first_us;

	if (i == -1) {
		memset(e, 0, sizeof(*e));
		e->uid = uid;
		memcpy(e->key, key, sizeof(e->key));
	}
	e->crash_us[e->count++ % QUARANTINE_CRASHES] = now_us;
	if (e->count < QUARANTINE_CRASHES || now_us < e->until_us)
		return 0;
	/* The oldest of those that are kept is the next to be written over. */
	first_us = e->crash_us[e->count % QUARANTINE_CRASHES];
	if (now_us - first_us >= q->hold_us)
		return 0;
	e->until_us = now_us + q->hold_us;
	return 1;
}

uint64_t
quarantine_left_us(const struct quarantine *q, uid_t uid, const uint8_t *key,
	uint64_t now_us)
{
	int i = entry_find(q, uid, key);

	if (i == -1 || now_us >= q->entries[i].until_us)
		return 0;
	return q->entries[i].until_us - now_us;
}
