/*
 * One call, from its submission to its end, between a daemon and our standard
 * descriptors: input is read only when the guest reads, output is asked for
 * only as fast as it is taken from us.
 */
#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

#include <stdbool.h>

#include "lib/wasmd.h"
#include "client/output.h"
#include "client/record.h"
#include "client/profile.h"
#include "client/trace.h"

struct session {
	struct wasmd *conn;
	struct wasmd_job *job;
	struct wasmd_error err;	/* why the connection ended, if it did */
	struct output out;
	struct trace trace;
	struct profile *profile;	/* NULL: none is wanted */
	size_t owed;		/* output taken, for which credit is due */
	size_t input_wanted;
	bool input_open;
	int signals;
	bool over;		/* the job has ended, or the connection */
	bool is_follow;		/* the job is not ours: it goes on without us */
	bool no_wait;		/* what is kept of it is enough */
	bool detach;		/* over as soon as it has a number */
	uint64_t id;		/* which is this */
	/* How it went: */
	struct wasmd_msg *record;
	int signal;		/* the first that came, or 0 */
	int stdout_errno;	/* why output could not be written, or 0 */
};

/* Output that may wait on its way from the daemon. */
#define SESSION_WINDOW (256u << 10)

/*
 * Run the call to its end; its trace, if it has one, goes to the descriptor
 * trace, and its profile to profile. call->credit and call->has_stdin are set
 * here. 0
 * with the record filled in; -1 with s->err set when the daemon could not be
 * asked or was lost. session_clear is due after both.
 */
int session_run(struct session *s, struct wasmd *conn, struct wasmd_call *call,
	int trace, struct profile *profile);
/* The same for a detached job. A signal ends the session, not the job; there is
 * no record with no_wait, and after a signal. */
int session_follow(struct session *s, struct wasmd *conn,
	struct wasmd_follow *what);
void session_clear(struct session *s);

#endif
