/* One request of wasmctl and its answer, waited for. */
#ifndef CLIENT_ASK_H
#define CLIENT_ASK_H

#include "client/address.h"

struct ask {
	const struct where *where;	/* of the options */
	/* Each is called with what arrives; either may be NULL. */
	void (*on_item)(void *arg, const struct msg *item);
	void (*on_answer)(void *arg, const struct msg *answer);
	void *arg;
	/* While it runs: */
	struct wasmd *conn;
	const char *what;	/* for reports */
	int status;
	bool came;
};

/* Find the daemon. 0, or -1 after a report. ask_close is due after both. */
int ask_open(struct ask *a, const char *what);
void ask_close(struct ask *a);

/*
 * Make the request and wait for its answer. 0, or what wasmctl exits with after
 * it has reported why: EXIT_NOT_FOUND for what the daemon does not have.
 */
int ask_run(struct ask *a, struct msg *request, int fd);

/* Make it only, and get its number: with its answer, ask->came is set. */
int ask_send(struct ask *a, struct msg *request, uint32_t *call,
	struct err *err);

#endif
