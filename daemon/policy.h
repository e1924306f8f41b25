/*
 * What a user may have: the administrator's values for everyone, and those of
 * sections for single users and groups, which take their place. Runs in the
 * daemon.
 */
#ifndef DAEMON_POLICY_H
#define DAEMON_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "daemon/limits.h"

/* Numbers only, each an option of daemon/option.c. */
struct policy {
	uint64_t access;	/* whether the user may connect */
	uint64_t max_running;
	uint64_t max_jobs;	/* running and waiting */
	uint64_t max_conns;
	uint64_t rate;		/* calls in a second; 0: no limit */
	uint64_t burst;		/* calls at once, when it was quiet before */
	uint64_t max_kept;	/* detached jobs that have ended */
	uint64_t max_store;	/* bytes of modules kept */
	uint64_t priority;	/* its share of the slots, to others' */
	struct limits most;
};

#define POLICY_FIELDS (sizeof(struct policy) / sizeof(uint64_t))
_Static_assert(POLICY_FIELDS <= 64, "struct section has a bit for each");

struct section {
	STAILQ_ENTRY(section) entry;
	bool is_group;
	unsigned id;		/* a uid or a gid */
	uint64_t set;		/* bit n: field n stands in the section */
	struct policy policy;
};

STAILQ_HEAD(section_list, section);

struct policies {
	struct policy each;	/* for who has no section */
	struct section_list sections;
};

void policies_init(struct policies *p);
void policies_clear(struct policies *p);

/* An empty section of a user or group, at the list's end. NULL: no memory. */
struct section *policies_add(struct policies *p, bool is_group, unsigned id);

/*
 * What holds for a user who is in these groups: the sections of groups, in
 * their order, take the place of what is for everyone, and the user's own that
 * of both.
 */
void policies_find(const struct policies *p, uid_t uid, const gid_t *groups,
	size_t ngroups, struct policy *out);

#endif
