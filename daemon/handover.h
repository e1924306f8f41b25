/*
 * The daemon makes way for its successor without losing a call: listening
 * sockets first, then, when the successor is ready, each connection as soon as
 * nothing goes on there. What is under way ends here. Runs in the daemon that
 * leaves; daemon/heir.c is the other side.
 *
 * They speak by packets over a socket that the successor sends with the request
 * handover: LISTEN with the sockets; READY back; KEPT with each detached job that
 * has ended, see daemon/parcel.h; GO, from then on the successor serves; CONN with
 * a connection each, and KEPT with each detached job that ends later. BACK is for
 * a connection whose client asks for a job that runs here, with a memfd of what
 * it has said. The successor's end before GO means that the old one stays.
 */
#ifndef DAEMON_HANDOVER_H
#define DAEMON_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct conns;
struct event_base;
struct handover;
struct keeper;
struct listener;

#define HANDOVER_VERSION 2

enum handover_kind {
	HANDOVER_LISTEN = 1, HANDOVER_READY, HANDOVER_GO, HANDOVER_CONN,
	HANDOVER_KEPT, HANDOVER_BACK
};

struct handover_packet {
	uint32_t version;
	uint32_t kind;
	/* LISTEN: sockets for clients, for metrics, in the packet's order; each
	 * group is followed by the lock of its path if there is one. */
	uint32_t clients, metrics;
	uint32_t clients_lock, metrics_lock;	/* 0 or 1 */
	/* GO: calls have greater numbers. CONN: 1 if it has said hello. */
	uint64_t number;
};

struct handover_config {
	struct event_base *base;
	struct conns *conns;
	struct keeper *keeper;
	struct listener *clients, *metrics;	/* metrics may be NULL */
	/* The successor is ready: give up what only one can have. Returns the
	 * number for GO, which is sent when that is done. */
	uint64_t (*on_ready)(void *arg);
	bool (*has_given_up)(void *arg);
	void (*on_failure)(void *arg);	/* it is not to be; freed by now */
	/* After GO: no connection is left, nor any job that ended. */
	void (*on_idle)(void *arg);
	void *arg;
};

/* Begin; the socket is taken, also on failure. NULL with the error set. */
struct handover *handover_start_take(const struct handover_config *config,
	int sock, struct err *err);

/* Whether the successor has all that it can be given; NULL is legal. */
bool handover_is_done(struct handover *h);
void handover_free(struct handover *h);		/* NULL is legal */

#endif
