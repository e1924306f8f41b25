/* One call of one module. Used by wasmctl. */
#include "client/once.h"

#include <unistd.h>

#include "client/outcome.h"
#include "client/report.h"
#include "client/session.h"
#include "client/upload.h"

static int
once_session(struct wasmd *conn, struct module_source *m,
	struct wasmd_call *call,
	void (*on_record)(void *arg, const struct wasmd_msg *record), void *arg)
{
	int status = upload_for_call(conn, m, call);
	struct session s;

	if (status != 0)
		return status;
	if (session_run(&s, conn, call, STDERR_FILENO, NULL) == -1) {
		report("%s: %s", m->path, s.err.text);
		status = EXIT_WASMCTL;
	} else {
		if (on_record != NULL && s.stdout_errno == 0)
			on_record(arg, s.record);
		status = outcome_finish(&s, m, 1);
	}
	session_clear(&s);
	return status;
}

int
once_run(const struct where *where, struct module_source *m,
	struct wasmd_call *call,
	void (*on_record)(void *arg, const struct wasmd_msg *record), void *arg)
{
	struct wasmd *conn = address_find(where);
	int status = EXIT_WASMCTL;

	if (conn != NULL)
		status = once_session(conn, m, call, on_record, arg);
	wasmd_close(conn);
	return status;
}
