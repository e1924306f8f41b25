/* How a job can end, and did. Used by wasmctl. */
#include "client/outcome.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "client/module.h"
#include "client/report.h"
#include "client/session.h"

/* What to do about how a job ended. */
static const struct {
	const char *status;
	const char *advice;
} outcome_advice[] = {
	{ "TO", "give it longer with --timeout" },
	{ "TC", "give it more CPU time with --cpu" },
	{ "TF", "give it more with --fuel" },
	{ "MO", "give it more with --max-memory" },
	{ "OL", "allow more with --max-output" },
	{ "SV", "nothing came of it; the daemon's log has more" },
	{ "CR", "this is a bug of wasmd; the daemon's log has more" },
};

static bool
outcome_is(const struct wasmd_msg *record, const char *status)
{
	struct wasmd_bytes is = wasmd_msg_bytes(record, "status");

	return is.len == strlen(status) && memcmp(is.data, status, is.len) == 0;
}

/* The guest ended as it wanted to. */
static bool
outcome_is_guests(const struct wasmd_msg *record)
{
	return outcome_is(record, "OK") || outcome_is(record, "RE");
}

static const char *
outcome_find_advice(const struct wasmd_msg *record)
{
	for (size_t i = 0; i < sizeof(outcome_advice) /
	    sizeof(outcome_advice[0]); i++)
		if (outcome_is(record, outcome_advice[i].status))
			return outcome_advice[i].advice;
	return NULL;
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
outcome_explain(const struct wasmd_msg *record,
	const struct module_source *modules, size_t count)
{
	struct wasmd_bytes cause = wasmd_msg_bytes(record, "cause");
	struct wasmd_bytes trap = wasmd_msg_bytes(record, "trap");
	const char *hint = outcome_find_advice(record);

	if (trap.len > 0)
		report("%s: trapped: %.*s", modules[0].path, (int)trap.len,
			trap.data);
	else
		report("%s: %.*s", modules[0].path, (int)cause.len,
			cause.data);
	for (size_t i = 0; i < wasmd_msg_count(record, "backtrace"); i++) {
		struct wasmd_bytes frame = wasmd_msg_item(record, "backtrace", i);

		report_more("    %.*s", (int)frame.len, frame.data);
	}
	if (outcome_is(record, "IV"))
		hint = outcome_hint(modules, count);
	if (hint != NULL)
		report_more("    %s", hint);
}

int
outcome_tell(const struct wasmd_msg *record, const struct module_source *modules,
	size_t count)
{
	if (!outcome_is_guests(record))
		outcome_explain(record, modules, count);
	return wasmd_record_exit(record);
}

int
outcome_finish(const struct session *s, const struct module_source *modules,
	size_t count)
{
	if (s->stdout_errno != 0 && s->stdout_errno != EPIPE)
		report("cannot write standard output: %s",
			strerror(s->stdout_errno));
	if (s->stdout_errno != 0)
		return s->stdout_errno == EPIPE ? EXIT_CANCELLED : EXIT_WASMCTL;
	/* Whoever pressed Ctrl-C knows it. */
	if (s->signal != 0)
		return outcome_is(s->record, "CA") ? 128 + s->signal :
			wasmd_record_exit(s->record);
	return outcome_tell(s->record, modules, count);
}
