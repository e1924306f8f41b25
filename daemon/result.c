/* How a job ended. Runs in the daemon. */
#include "daemon/result.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/text.h"
#include "proto/typed.h"
#include "sandbox/process.h"

/* ---- what the child claims ----------------------------------------------- */

int
facts_set_result(struct facts *f, const struct call_result *r,
	const char *text, size_t len)
{
	if (len > sizeof(f->text) || r->end < END_RETURNED ||
	    r->end > END_MALFORMED || r->nresults > CALL_VALUES_MAX ||
	    r->trap_len > len || r->backtrace_len > len - r->trap_len)
		return -1;
	f->has_result = true;
	f->result = *r;
	memcpy(f->text, text, len);
	/* Each for itself, or a character could lie across their border. */
	text_sanitize(f->text, r->trap_len);
	text_sanitize(f->text + r->trap_len, r->backtrace_len);
	return 0;
}

/* What does not fit into job.exit is left out: a message that cannot be packed
 * would cost the client its connection, and with it its other jobs. */
static void
outcome_set_backtrace(struct outcome *o, const struct facts *f)
{
	const char *p = f->text + f->result.trap_len;
	const char *end = p + f->result.backtrace_len;
	size_t room = field_info[FIELD_JOB_EXIT_BACKTRACE].max;

	while (p < end && o->nbacktrace < OUTCOME_FRAMES) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl == NULL ? end : nl) - p);

		if (len >= room)
			break;
		room -= len + 1;
		if (len > 0)
			o->backtrace[o->nbacktrace++] = (struct span){ p, len };
		p += len + 1;
	}
}

static void
outcome_set_results(struct outcome *o, const struct facts *f)
{
	for (uint32_t i = 0; i < f->result.nresults; i++) {
		struct typed v = { .kind = f->result.results[i].kind };

		memcpy(v.bytes, f->result.results[i].bytes, sizeof(v.bytes));
		typed_format(o->results_text[i], &v);
		o->results[i] = (struct span){ o->results_text[i],
			strlen(o->results_text[i]) };
	}
	o->nresults = f->result.nresults;
}

/* ---- the decision -------------------------------------------------------- */

static void __attribute__((format(printf, 3, 4)))
outcome_set(struct outcome *o, enum proto_status status, const char *fmt, ...)
{
	va_list ap;

	o->status = status;
	va_start(ap, fmt);
	vsnprintf(o->cause, sizeof(o->cause), fmt, ap);
	va_end(ap);
	/* It may have been cut in the middle of a character. */
	text_sanitize(o->cause, strlen(o->cause));
}

static void
outcome_of_claim(struct outcome *o, const struct facts *f,
	const struct limits *l)
{
	const struct call_result *r = &f->result;

	outcome_set_results(o, f);
	outcome_set_backtrace(o, f);
	o->trap = (struct span){ f->text, r->trap_len };
	switch ((enum call_end)r->end) {
	case END_RETURNED:
		outcome_set(o, PROTO_STATUS_OK, "returned");
		break;
	case END_EXITED:
		o->exit_code = r->exit_code;
		outcome_set(o, r->exit_code == 0 ? PROTO_STATUS_OK :
			PROTO_STATUS_RE, "exited with %" PRIu32, r->exit_code);
		break;
	case END_TRAPPED:
		outcome_set(o, PROTO_STATUS_TR, "trap: %.*s",
			(int)o->trap.len, o->trap.data);
		break;
	case END_FUEL:
		outcome_set(o, PROTO_STATUS_TF, "out of fuel: it was given %"
			PRIu64 " units", l->v[LIMIT_FUEL]);
		break;
	case END_MEMORY:
		outcome_set(o, PROTO_STATUS_MO, "out of memory: the limit is %"
			PRIu64 " bytes", l->v[LIMIT_MEMORY]);
		break;
	case END_OUTPUT:
		outcome_set(o, PROTO_STATUS_OL, "more output than the limit of "
			"%" PRIu64 " bytes", l->v[LIMIT_OUTPUT]);
		break;
	case END_NOT_FOUND:
		outcome_set(o, PROTO_STATUS_NF, "%.*s", (int)r->trap_len,
			r->trap_len > 0 ? f->text : "");
		break;
	case END_USAGE:
		outcome_set(o, PROTO_STATUS_XX, "%.*s", (int)r->trap_len,
			f->text);
		break;
	case END_UNSUPPORTED:
		outcome_set(o, PROTO_STATUS_NF, "%.*s", (int)r->trap_len,
			f->text);
		break;
	case END_MALFORMED:
		outcome_set(o, PROTO_STATUS_IV, "malformed module: %.*s",
			(int)r->trap_len, f->text);
		break;
	}
	/* Only a trap is one. */
	if (r->end != END_TRAPPED) {
		o->trap.len = 0;
		o->nbacktrace = 0;
	}
	if (o->cause[0] == '\0')
		outcome_set(o, o->status, "%s", proto_status_info[o->status].text);
}

/* where: the template, "loading the module", or the child, "running". */
static void
outcome_of_signal(struct outcome *o, int sig, const char *where)
{
	o->signal = sig;
	switch (sig) {
	case SIGSYS:
		outcome_set(o, PROTO_STATUS_SV, "a forbidden system call while "
			"%s: the sandbox ended the process", where);
		break;
	case SIGILL:
		outcome_set(o, PROTO_STATUS_CR, "an internal check failed "
			"while %s", where);
		break;
	case SIGXCPU:
		outcome_set(o, PROTO_STATUS_TC, "CPU time limit while %s",
			where);
		break;
	case SIGKILL:
		outcome_set(o, PROTO_STATUS_MO, "killed while %s: out of "
			"memory, or by an administrator", where);
		break;
	default:
		outcome_set(o, PROTO_STATUS_CR, "the confined process crashed "
			"by signal %d while %s", sig, where);
	}
}

static void
outcome_of_end(struct outcome *o, const struct process_end *end,
	const char *where)
{
	if (end->info.si_code != CLD_EXITED)
		outcome_of_signal(o, end->info.si_status, where);
	else
		outcome_set(o, PROTO_STATUS_CR, "the confined process ended "
			"with code %d while %s, and gave no result",
			end->info.si_status, where);
}

static void
outcome_of_told(struct outcome *o, const struct failure *f)
{
	static const struct {
		enum proto_status status;
		const char *text;
	} table[] = {
		[CTL_FAIL_MALFORMED] = { PROTO_STATUS_IV, "malformed module" },
		[CTL_FAIL_INVALID] = { PROTO_STATUS_IV, "invalid module" },
		[CTL_FAIL_UNLINKABLE] = { PROTO_STATUS_IV, "unlinkable module" },
		[CTL_FAIL_LIMIT] = { PROTO_STATUS_IV, "the module passes a limit" },
		[CTL_FAIL_MEMORY] = { PROTO_STATUS_MO, "out of memory" },
		[CTL_FAIL_TRAP] = { PROTO_STATUS_TR, "trap" },
		[CTL_FAIL_SPAWN] = { PROTO_STATUS_XX, "no process" },
	};
	char text[sizeof(f->text)];

	memcpy(text, f->text, sizeof(text));
	text_sanitize(text, strnlen(text, sizeof(text) - 1));
	text[sizeof(text) - 1] = '\0';
	if (f->told.has_offset)
		outcome_set(o, table[f->told.failure].status,
			"%s: %s (at byte 0x%" PRIx64 ")",
			table[f->told.failure].text, text, f->told.offset);
	else
		outcome_set(o, table[f->told.failure].status, "%s: %s",
			table[f->told.failure].text, text);
}

static void
outcome_of_failure(struct outcome *o, const struct failure *f)
{
	switch (f->how) {
	case FAILURE_TOLD:
		outcome_of_told(o, f);
		break;
	case FAILURE_DIED:
		outcome_of_end(o, &f->died, "loading the module");
		break;
	case FAILURE_BROKEN:
		outcome_set(o, PROTO_STATUS_CR, "%s", f->text);
		break;
	case FAILURE_DAEMON:
		outcome_set(o, PROTO_STATUS_XX, "%s", f->text);
		break;
	}
}

static bool
end_is_signal(const struct facts *f)
{
	return f->has_end && f->end.info.si_code != CLD_EXITED;
}

void
outcome_of(struct outcome *o, const struct facts *f, const struct limits *l)
{
	*o = (struct outcome){ 0 };
	/* A violation is one whatever else happened, and is never hidden. */
	if (end_is_signal(f) && f->end.info.si_status == SIGSYS) {
		outcome_of_end(o, &f->end, "running");
		if (f->has_violation)
			outcome_set(o, PROTO_STATUS_SV, "forbidden system call "
				"%d while running: the sandbox ended the process",
				f->violation);
		return;
	}
	switch (f->cause) {
	case CAUSE_CANCEL:
		outcome_set(o, PROTO_STATUS_CA, "cancelled");
		return;
	case CAUSE_SHUTDOWN:
		outcome_set(o, PROTO_STATUS_CA, "cancelled: wasmd ends");
		return;
	case CAUSE_ABANDON:
		outcome_set(o, PROTO_STATUS_CA, "cancelled: the client is gone");
		return;
	case CAUSE_WALL:
		outcome_set(o, PROTO_STATUS_TO, "wall time limit of %" PRIu64
			" ms", l->v[LIMIT_WALL]);
		return;
	case CAUSE_OUTPUT:
		outcome_set(o, PROTO_STATUS_OL, "more output than the limit of "
			"%" PRIu64 " bytes", l->v[LIMIT_OUTPUT]);
		return;
	case CAUSE_BROKEN:
		outcome_set(o, PROTO_STATUS_CR, "the confined process did not "
			"keep to its protocol");
		return;
	case CAUSE_FAILURE:
		outcome_of_failure(o, &f->failure);
		return;
	case CAUSE_MODULE:
		outcome_set(o, PROTO_STATUS_XX, "%s", f->text);
		return;
	case CAUSE_DAEMON:
		outcome_set(o, PROTO_STATUS_XX, "wasmd ran out of memory or "
			"descriptors");
		return;
	case CAUSE_CONDEMNED:
		outcome_set(o, PROTO_STATUS_CR, "the process that it came from "
			"broke the rules of the sandbox, and all that came from "
			"it were ended");
		return;
	case CAUSE_NONE:
		break;
	}
	if (f->serves && f->has_end && f->end.info.si_code == CLD_EXITED &&
	    f->end.info.si_status == PROCESS_EXIT_DONE) {
		outcome_set(o, PROTO_STATUS_OK, "closed");
		return;
	}
	if (end_is_signal(f) || !f->has_result)
		outcome_of_end(o, &f->end, "running");
	else
		outcome_of_claim(o, f, l);
}
