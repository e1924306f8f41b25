/* How a job can end, and did. Used by wasmctl. */
#include "client/outcome.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "client/module.h"
#include "client/report.h"
#include "client/session.h"
#include "proto/proto.h"

struct outcome {
	int exit;		/* what wasmctl exits with, or EXIT_GUEST */
	const char *advice;	/* what to do, or NULL */
};

#define EXIT_GUEST	(-1)	/* the guest's own code */

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

/* That of a record's two letters; that of "XX" when they are not known. */
static struct outcome
outcome_find(const char *letters, size_t len)
{
	enum proto_status status = outcome_status(letters, len);
	bool is_guests = status == PROTO_STATUS_OK || status == PROTO_STATUS_RE;

	return (struct outcome){
		.exit = is_guests ? EXIT_GUEST : proto_status_info[status].exit,
		.advice = outcome_advice[status],
	};
}

/* What one of the modules seems to be, if it is none. */
static const char *
outcome_hint(const struct module_source *modules, size_t count)
{
	const char *hint = NULL;

	for (size_t i = 0; i < count && hint == NULL; i++)
		hint = module_hint(&modules[i]);
	return hint;
}

/* "FILE: trapped: integer divide by zero", the backtrace, the advice. */
static void
outcome_explain(const struct msg *record, const struct module_source *modules,
	size_t count, const struct outcome *outcome)
{
	struct span cause = msg_bytes(record, FIELD_JOB_EXIT_CAUSE);
	struct span trap = msg_bytes(record, FIELD_JOB_EXIT_TRAP);
	const struct span *frames;
	const char *hint = outcome->advice;
	size_t n;

	if (trap.len > 0)
		report("%s: trapped: %.*s", modules[0].path, (int)trap.len,
			trap.data);
	else
		report("%s: %.*s", modules[0].path, (int)cause.len,
			cause.data);
	frames = msg_strs(record, FIELD_JOB_EXIT_BACKTRACE, &n);
	for (size_t i = 0; i < n; i++)
		report_more("    %.*s", (int)frames[i].len, frames[i].data);
	if (outcome->exit == EXIT_INVALID)
		hint = outcome_hint(modules, count);
	if (hint != NULL)
		report_more("    %s", hint);
}

static int
outcome_exit(const struct session *s, const struct outcome *outcome)
{
	if (s->stdout_errno != 0)
		return s->stdout_errno == EPIPE ? EXIT_CANCELLED : EXIT_WASMCTL;
	if (outcome->exit == EXIT_CANCELLED && s->signal != 0)
		return 128 + s->signal;
	if (outcome->exit == EXIT_GUEST)
		return (int)(msg_number(&s->record.msg,
			FIELD_JOB_EXIT_EXIT_CODE, 0) & 255);
	return outcome->exit;
}

int
outcome_finish(const struct session *s, const struct module_source *modules,
	size_t count)
{
	const struct msg *record = &s->record.msg;
	struct span status = msg_bytes(record, FIELD_JOB_EXIT_STATUS);
	struct outcome outcome = outcome_find(status.data, status.len);

	if (s->stdout_errno != 0 && s->stdout_errno != EPIPE)
		report("cannot write standard output: %s",
			strerror(s->stdout_errno));
	/* Whoever pressed Ctrl-C or closed our output knows it. */
	if (outcome.exit != EXIT_GUEST && s->signal == 0 && s->stdout_errno == 0)
		outcome_explain(record, modules, count, &outcome);
	return outcome_exit(s, &outcome);
}
