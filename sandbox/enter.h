/*
 * How the worker confines itself and its children: the lists of steps, in the
 * order of sandbox/layers.def, and what it tells the daemon on the way. Runs
 * in the worker; sandbox/launch.c is the other side.
 *
 * On the control socket, before it becomes the zygote's (sandbox/ctl.h):
 *	daemon -> worker   struct enter_config  + [init's pipe]
 *	worker -> daemon   ENTER_INIT  + [pidfd]	if there is one
 *	worker -> daemon   ENTER_ZYGOTE  + [pidfd]
 *	init, zygote -> daemon   ENTER_CONFINED, each
 * or ENTER_FAILED from whom a step failed, which may overtake the others.
 */
#ifndef SANDBOX_ENTER_H
#define SANDBOX_ENTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/filter.h"
#include "sandbox/layers.h"

struct enter_config {
	uint32_t policy[LAYER_COUNT];	/* enum layer_policy */
	uid_t uid;
	gid_t gid;
	uint32_t max_processes;
	uint32_t filter_action;		/* enum filter_action */
};

enum enter_kind { ENTER_INIT = 1, ENTER_ZYGOTE, ENTER_CONFINED, ENTER_FAILED };

struct enter_msg {
	uint32_t kind;
	uint32_t layer;	/* ENTER_FAILED: enum layer, LAYER_COUNT: none */
	int32_t error;	/* ENTER_FAILED: errno */
	struct layer_report report;
};

/* What landlock_create_ruleset(2) takes, as of its ABI 6; the headers of
 * Debian 12 know only the first field. */
struct landlock_deny {
	uint64_t fs, net, scoped;
};

/* A process on its way into confinement. Inherited by those it forks. */
struct enter {
	struct enter_config config;
	struct layer_report report;
	struct landlock_deny landlock;
	unsigned long other_processes;	/* see limits_count_others */
};

/*
 * From the start of the worker, with the control socket on CTL_FD, to the
 * confined zygote: returns in the zygote only, and only when all required
 * layers are in force. *e is filled in.
 */
void enter(struct enter *e);

/* Whether the layer is in force. */
bool enter_has(const struct enter *e, enum layer layer);

/* In a template and in a child: the next filter, unless the policy has
 * seccomp off. Ends the process when it cannot be installed. A child of a
 * template that has FILTER_GATE closes the gate instead. */
void enter_filter(const struct enter *e, enum filter_stage stage);
void enter_close_gate(void);

#endif
