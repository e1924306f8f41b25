/* One request of wasmctl and its answer, waited for. */
#ifndef CLIENT_ASK_H
#define CLIENT_ASK_H

#include "client/address.h"
#include "lib/wasmd.h"

struct ask {
	const struct where *where;	/* of the options */
	/* Each is called with what arrives; either may be NULL. */
	void (*on_item)(void *arg, const struct wasmd_msg *item);
	void (*on_answer)(void *arg, const struct wasmd_msg *answer);
	void *arg;
	/* While it runs: */
	struct wasmd *conn;
	const char *what;	/* for reports */
	struct wasmd_asked asked;	/* to make requests with, */
	struct wasmd_error error;	/* and for their errors */
	int status;
	bool came;
};

/* Find the daemon. 0, or -1 after a report. ask_close is due after both. */
int ask_open(struct ask *a, const char *what);
/* Use a connection that is there, and stays. */
void ask_borrow(struct ask *a, struct wasmd *conn, const char *what);
void ask_close(struct ask *a);

/*
 * Wait for the answer to a request, made is what its function returned:
 *
 *	ask_wait(a, wasmd_info(a->conn, digest, &a->asked, &a->error))
 *
 * 0, or what wasmctl exits with after it has reported why: EXIT_NOT_FOUND for
 * what the daemon does not have.
 */
int ask_wait(struct ask *a, int made);
/* The same for one that may have been answered already: a->came and a->status
 * must have been 0 when it was made. */
int ask_end(struct ask *a, int made);

/* The same for a request without fields. */
int ask_plain(struct ask *a, const char *name);

#endif
