/* What a user may have. Runs in the daemon. */
#include "daemon/policy.h"

#include <stdlib.h>
#include <string.h>

void
policies_init(struct policies *p)
{
	memset(&p->each, 0, sizeof(p->each));
	STAILQ_INIT(&p->sections);
}

void
policies_clear(struct policies *p)
{
	struct section *s;

	while ((s = STAILQ_FIRST(&p->sections)) != NULL) {
		STAILQ_REMOVE_HEAD(&p->sections, entry);
		free(s);
	}
}

struct section *
policies_add(struct policies *p, bool is_group, unsigned id)
{
	struct section *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->is_group = is_group;
	s->id = id;
	STAILQ_INSERT_TAIL(&p->sections, s, entry);
	return s;
}

static void
section_apply(const struct section *s, struct policy *out)
{
	const uint64_t *from = (const uint64_t *)&s->policy;
	uint64_t *to = (uint64_t *)out;

	for (size_t i = 0; i < POLICY_FIELDS; i++) {
		if (s->set & (uint64_t)1 << i)
			to[i] = from[i];
	}
}

static bool
section_is_for_group(const struct section *s, const gid_t *groups,
	size_t ngroups)
{
	for (size_t i = 0; i < ngroups; i++) {
		if (s->is_group && groups[i] == s->id)
			return true;
	}
	return false;
}

void
policies_find(const struct policies *p, uid_t uid, const gid_t *groups,
	size_t ngroups, struct policy *out)
{
	const struct section *s;

	*out = p->each;
	STAILQ_FOREACH(s, &p->sections, entry) {
		if (section_is_for_group(s, groups, ngroups))
			section_apply(s, out);
	}
	STAILQ_FOREACH(s, &p->sections, entry) {
		if (!s->is_group && s->id == uid)
			section_apply(s, out);
	}
}
