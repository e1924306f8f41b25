/* Requests about jobs of the daemon before this one. Runs in the daemon. */
#include "daemon/elsewhere.h"

#include "daemon/conn.h"
#include "daemon/heir.h"

void
elsewhere_look(struct heir *h, uint64_t job)
{
	if (heir_may_run(h, job))
		heir_look(h);
}

/* The request, and what was read behind it, as it came. */
static int
elsewhere_pack(struct buf *out, const struct conn *c, const struct msg *m)
{
	struct err err = ERR_NONE;

	return msg_pack(m, out, &err) == -1 ? -1 :
		buf_append(out, c->in.in.data + c->in.taken,
			c->in.in.len - c->in.taken);
}

bool
elsewhere_pass(struct conn *c, struct heir *h, const struct msg *m,
	uint64_t job)
{
	struct buf bytes;
	bool given;

	if (!heir_may_run(h, job))
		return false;
	buf_init(&bytes, WIRE_FEED_MAX);
	if (!conn_has_nothing(c) || elsewhere_pack(&bytes, c, m) == -1) {
		conn_send_error(c, m->call, PROTO_ERROR_UNAVAILABLE,
			"if there is such a job, it ends under the wasmd "
			"before this one: ask over a connection of its own",
			UINT64_MAX);
		buf_clear(&bytes);
		return true;
	}
	given = heir_give_back(h, c->fd, bytes.data, bytes.len) == 0;
	buf_clear(&bytes);
	if (given)
		conn_close(c, "the wasmd before this one has it");
	return given;
}
