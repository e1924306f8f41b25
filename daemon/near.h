/* The known word that is nearest to a mistyped one. Runs in the daemon. */
#ifndef DAEMON_NEAR_H
#define DAEMON_NEAR_H

struct near {
	const char *word;
	const char *best;	/* NULL: none is near enough */
	unsigned distance;
};

void near_init(struct near *n, const char *word);
void near_try(struct near *n, const char *known);

#endif
