/* How a job can end. Used by wasmctl. */
#include "client/outcome.h"

#include <stdbool.h>
#include <string.h>

#include "proto/proto.h"

static const char *const outcome_advice[PROTO_STATUS_COUNT] = {
	[PROTO_STATUS_TO] = "give it longer with --timeout",
	[PROTO_STATUS_TC] = "give it more CPU time with --cpu",
	[PROTO_STATUS_TF] = "give it more with --fuel",
	[PROTO_STATUS_MO] = "give it more with --max-memory",
	[PROTO_STATUS_OL] = "allow more with --max-output",
	[PROTO_STATUS_SV] = "nothing came of it; the daemon's log has more",
	[PROTO_STATUS_CR] = "this is a bug of wasmd; the daemon's log has more",
};

static enum proto_status
outcome_status(const char *letters, size_t len)
{
	for (int i = 0; i < PROTO_STATUS_COUNT; i++) {
		const char *known = proto_status_info[i].letters;

		if (strlen(known) == len && memcmp(known, letters, len) == 0)
			return (enum proto_status)i;
	}
	return PROTO_STATUS_XX;
}

struct outcome
outcome_find(const char *letters, size_t len)
{
	enum proto_status status = outcome_status(letters, len);
	bool is_guests = status == PROTO_STATUS_OK || status == PROTO_STATUS_RE;

	return (struct outcome){
		.exit = is_guests ? EXIT_GUEST : proto_status_info[status].exit,
		.advice = outcome_advice[status],
	};
}
