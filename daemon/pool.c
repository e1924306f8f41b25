/* A template's children, asked for and ready. Runs in the daemon. */
#include "daemon/pool.h"

#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "daemon/process.h"
#include "sandbox/ctl.h"

void
pool_init(struct pool *p)
{
	memset(p, 0, sizeof(*p));
	TAILQ_INIT(&p->asked);
	TAILQ_INIT(&p->ready);
	p->first_id = 1;
}

void
pool_clear(struct pool *p)
{
	while (p->nasked > 0)
		child_free(pool_take_asked(p));
	pool_shrink(p, 0);
}

struct child *
pool_ask(struct pool *p, int sock, bool ahead, int broker)
{
	struct ctl_msg msg;
	struct child *c;
	int theirs[3], r;

	c = p->serves ? child_new_socket(theirs) : child_new(theirs);
	if (c == NULL)
		return NULL;
	memset(&msg, 0, sizeof(msg));
	msg.kind = CTL_CALL;
	msg.id = p->first_id + p->nasked;
	msg.call.ahead = ahead;
	theirs[2] = broker;
	r = fd_send(sock, &msg, sizeof(msg), theirs, broker == -1 ? 2 : 3);
	fd_close(&theirs[0]);
	fd_close(&theirs[1]);
	if (r == -1) {
		child_free(c);
		return NULL;
	}
	c->granted = broker != -1;
	p->ngranted += c->granted;
	if (p->nasked++ == 0)
		p->waits_us = clock_monotonic_us();
	TAILQ_INSERT_TAIL(&p->asked, c, entry);
	return c;
}

struct child *
pool_take_asked(struct pool *p)
{
	struct child *c = TAILQ_FIRST(&p->asked);

	TAILQ_REMOVE(&p->asked, c, entry);
	p->nasked--;
	p->ngranted -= c->granted;
	p->first_id++;
	p->waits_us = clock_monotonic_us();
	return c;
}

static void
pool_on_ready_exit(struct child *c, const struct process_end *end)
{
	struct pool *p = c->arg;

	TAILQ_REMOVE(&p->ready, c, entry);
	p->nready--;
	log_warning("a waiting child ended (%s %d)",
		end->info.si_code == CLD_EXITED ? "exit" : "signal",
		end->info.si_status);
	child_free(c);
}

void
pool_put_ready(struct pool *p, struct child *c)
{
	c->on_exit = pool_on_ready_exit;
	c->arg = p;
	TAILQ_INSERT_TAIL(&p->ready, c, entry);
	p->nready++;
}

struct child *
pool_take_ready(struct pool *p)
{
	struct child *c = TAILQ_FIRST(&p->ready);

	if (c == NULL)
		return NULL;
	TAILQ_REMOVE(&p->ready, c, entry);
	p->nready--;
	return c;
}

uint64_t
pool_cpu_us(const struct pool *p)
{
	const struct child *c;
	uint64_t most = 0;

	TAILQ_FOREACH(c, &p->ready, entry) {
		uint64_t us = process_cpu_us(c->process);

		if (us > most)
			most = us;
	}
	return most;
}

void
pool_shrink(struct pool *p, unsigned keep)
{
	while (p->nready > keep)
		child_free(pool_take_ready(p));
}
