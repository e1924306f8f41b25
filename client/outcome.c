/* How a job can end. Used by wasmctl. */
#include "client/outcome.h"

#include <string.h>

static const struct outcome outcomes[] = {
#define OUTCOME(status, exit, advice) { status, exit, advice },
#include "client/outcome.def"
#undef OUTCOME
};

static const struct outcome outcome_unknown = { "XX", EXIT_WASMCTL, NULL };

const struct outcome *
outcome_find(const char *status, size_t len)
{
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		if (strlen(outcomes[i].status) == len &&
		    memcmp(outcomes[i].status, status, len) == 0)
			return &outcomes[i];
	return &outcome_unknown;
}
