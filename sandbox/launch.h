/*
 * Starting the confined processes from the daemon: the worker is executed
 * once, enters its namespaces, starts init and the zygote, and leaves. Runs in
 * the daemon.
 */
#ifndef SANDBOX_LAUNCH_H
#define SANDBOX_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "sandbox/layers.h"

struct launch_config {
	const char *worker_path;	/* absolute path of wasmd-worker */
	enum layer_policy policy[LAYER_COUNT];
	uid_t uid;		/* what to become when started as root */
	gid_t gid;
	unsigned max_processes;	/* RLIMIT_NPROC of the worker's user */
	bool name_violations;	/* see sandbox/violation.h */
};

/* All descriptors are close-on-exec and belong to the caller. */
struct launch {
	int zygote_sock;	/* SOCK_SEQPACKET, see sandbox/ctl.h */
	int zygote_pidfd;
	int init_pidfd;		/* -1 without a pid namespace */
	int init_pipe;		/* init exits, and all with it, when closed */
	struct layer_report layers;
};

/* The default policy of layers.def. */
void launch_default_policy(enum layer_policy policy[LAYER_COUNT]);

/*
 * Start them; returns when the zygote is confined and answers, some
 * milliseconds later. -1 with the error set (which layer, why, what to do)
 * and nothing left running otherwise.
 */
int launch_start(const struct launch_config *cfg, struct launch *out,
	struct err *err);

/*
 * Close everything and reap: every confined process is gone afterwards. The
 * caller reaps its templates and children before (it may kill them first, or
 * close init_pipe, which kills them all): init is the last to go, and waited
 * for in vain, two seconds, while one of them is left as a zombie.
 */
void launch_stop(struct launch *l);

#endif
