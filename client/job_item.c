/* A job of the daemon's as text. Used by wasmctl. */
#include "client/job_item.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client/quantity.h"

/* Whether the exit code means something: the guest has ended by itself. */
static bool
job_item_has_code(struct wasmd_bytes status)
{
	return memcmp(status.data, "OK", 2) == 0 ||
		memcmp(status.data, "RE", 2) == 0;
}

void
job_item_state(char out[static JOB_ITEM_STATE_MAX],
	const struct wasmd_msg *item)
{
	struct wasmd_bytes state = wasmd_msg_bytes(item, "state");
	struct wasmd_bytes status = wasmd_msg_bytes(item, "status");
	uint64_t wall = wasmd_msg_number(item, "wall_us", 0);
	char text[QUANTITY_MAX];
	int len = snprintf(out, JOB_ITEM_STATE_MAX, "%.*s", (int)state.len,
		state.data);
	size_t room = len < JOB_ITEM_STATE_MAX ?
		JOB_ITEM_STATE_MAX - (size_t)len : 0;

	if (room == 0)
		return;
	if (status.len == 2 && job_item_has_code(status))
		snprintf(out + len, room, " %.2s %" PRIu64, status.data,
			wasmd_msg_number(item, "exit_code", 0));
	else if (status.len > 0)
		snprintf(out + len, room, " %.*s", (int)status.len,
			status.data);
	else if (wall > 0)
		snprintf(out + len, room, " %s",
			quantity_write_time(text, wall));
	else if (wasmd_msg_has(item, "position"))
		snprintf(out + len, room, " (%" PRIu64 ")",
			wasmd_msg_number(item, "position", 0));
}

int
job_item_head(struct buf *out)
{
	return buf_printf(out, "%8s %8s  %-22s %10s  %-8s %s\n", "JOB", "UID",
		"STATE", "OUTPUT", "", "MODULE");
}

int
job_item_line(struct buf *out, const struct wasmd_msg *item)
{
	struct wasmd_bytes module = wasmd_msg_bytes(item, "module");
	char state[JOB_ITEM_STATE_MAX], bytes[QUANTITY_MAX];

	job_item_state(state, item);
	quantity_write_size(bytes, wasmd_msg_number(item, "bytes_out", 0) +
		wasmd_msg_number(item, "bytes_err", 0));
	return buf_printf(out, "%8" PRIu64 " %8" PRIu64
		"  %-22s %10s  %-8s %.*s\n",
		wasmd_msg_number(item, "job", 0),
		wasmd_msg_number(item, "uid", 0), state, bytes,
		wasmd_msg_number(item, "detached", 0) != 0 ? "detached" : "",
		(int)(module.len < 12 ? module.len : 12), module.data);
}
