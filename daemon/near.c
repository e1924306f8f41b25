/* The known word that is nearest to a mistyped one. Runs in the daemon. */
#include "daemon/near.h"

#include <string.h>

#define NEAR_WORD	40	/* longer ones are near to nothing */
#define NEAR_ENOUGH	3	/* letters to be changed, added or left out */

static unsigned
near_least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, row by row. */
static unsigned
near_distance(const char *a, const char *b)
{
	unsigned row[NEAR_WORD + 1];
	size_t len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		unsigned corner = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < len; j++) {
			unsigned above = row[j + 1];
			unsigned step = near_least(above, row[j]) + 1;

			row[j + 1] = near_least(step, corner + (a[i] != b[j]));
			corner = above;
		}
	}
	return row[len];
}

void
near_init(struct near *n, const char *word)
{
	n->word = word;
	n->best = NULL;
	n->distance = NEAR_ENOUGH + 1;
}

void
near_try(struct near *n, const char *known)
{
	unsigned d;

	if (strlen(n->word) > NEAR_WORD || strlen(known) > NEAR_WORD)
		return;
	d = near_distance(n->word, known);
	/* Words that were not written to their ends are near, too. */
	if (strlen(n->word) > NEAR_ENOUGH &&
	    strncmp(n->word, known, strlen(n->word)) == 0)
		d = 1;
	/* A short word may not become another one altogether. */
	if (d < n->distance && d < strlen(known)) {
		n->distance = d;
		n->best = known;
	}
}
