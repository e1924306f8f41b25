/* Clients that watch jobs come and go. Runs in the daemon. */
#include "daemon/watch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "daemon/conn.h"
#include "daemon/job.h"
#include "daemon/user.h"

struct watch {
	struct conn_part part;		/* the first */
	TAILQ_ENTRY(watch) entry;
	struct watch_list *list;
	uint64_t missed;
};

static void
watch_on_gone(struct conn_part *p)
{
	struct watch *w = (struct watch *)p;

	TAILQ_REMOVE(w->list, w, entry);
	free(w);
}

/* Where they are missing in what is sent. */
static void
watch_on_room(struct conn_part *p)
{
	struct watch *w = (struct watch *)p;
	struct msg m;

	if (w->missed == 0)
		return;
	msg_init_notify(&m, MSG_JOB_MISSED);
	msg_set_number(&m, FIELD_JOB_MISSED_EVENTS, w->missed);
	w->missed = 0;
	conn_send(p->conn, &m);
}

static const struct conn_part_ops watch_ops = {
	watch_on_gone, watch_on_room,
};

int
watch_start(struct conn *c, struct watch_list *watches, struct err *err)
{
	struct conn_part *p;
	struct watch *w;

	TAILQ_FOREACH(p, &c->parts, entry) {
		if (p->ops == &watch_ops)
			return err_set(err, PROTO_ERROR_USAGE,
				"events: this connection has them already");
	}
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
	w->list = watches;
	conn_add_part(c, &w->part, &watch_ops);
	TAILQ_INSERT_TAIL(watches, w, entry);
	return 0;
}

static void
watch_tell(struct watch *w, const struct job *j, const char *state,
	const char *status)
{
	struct msg m;

	/* Once one is missed the others wait for watch_on_room, too. */
	if (w->missed > 0 || !conn_has_room(w->part.conn)) {
		w->missed++;
		return;
	}
	msg_init_notify(&m, MSG_JOB_EVENT);
	msg_set_number(&m, FIELD_JOB_EVENT_JOB, j->id);
	msg_set_number(&m, FIELD_JOB_EVENT_UID, j->user->uid);
	msg_set_str(&m, FIELD_JOB_EVENT_STATE, state);
	msg_set_str(&m, FIELD_JOB_EVENT_MODULE, program_hex(&j->program));
	msg_set_number(&m, FIELD_JOB_EVENT_TIME_US, clock_realtime_us());
	if (status != NULL)
		msg_set_str(&m, FIELD_JOB_EVENT_STATUS, status);
	conn_send(w->part.conn, &m);
}

void
watches_tell(struct watch_list *watches, const struct job *j,
	const char *state, const char *status)
{
	struct watch *w;

	TAILQ_FOREACH(w, watches, entry) {
		uid_t uid = w->part.conn->uid;

		if (uid == 0 || uid == j->user->uid)
			watch_tell(w, j, state, status);
	}
}
