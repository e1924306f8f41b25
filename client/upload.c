/* A module on its way to the daemon. Used by wasmctl. */
#include "client/upload.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "client/report.h"

#define UPLOAD_SHOW_US 1000000u	/* how often it says how far it is */

static void
upload_show(const struct ask *a, size_t left, size_t all)
{
	fprintf(stderr, "\r%s: %2u %% sent ", a->what,
		(unsigned)((uint64_t)(all - left) * 100 / all));
}

/* As ask_wait does it, but for the terminal. */
int
upload_run(struct ask *a, const struct wasmd_put *put)
{
	uint64_t shown_us = clock_monotonic_us();
	bool shows = report_wants_progress(), was_shown = false;
	size_t all, left;
	int made;

	a->came = false;
	a->status = 0;
	made = wasmd_put(a->conn, put, &a->asked, &a->error);
	all = left = wasmd_unsent(a->conn);
	while (made == 0 && left > 0 && !a->came) {
		made = wasmd_wait(a->conn, UPLOAD_SHOW_US / 1000, &a->error);
		left = wasmd_unsent(a->conn);
		if (!shows || clock_monotonic_us() - shown_us < UPLOAD_SHOW_US)
			continue;
		upload_show(a, left, all);
		shown_us = clock_monotonic_us();
		was_shown = true;
	}
	if (was_shown)
		fprintf(stderr, "\r\033[K");
	return ask_end(a, made);
}

static void
upload_on_answer(void *arg, const struct wasmd_msg *answer)
{
	struct module_source *m = arg;
	struct wasmd_bytes digest = wasmd_msg_bytes(answer, "module");

	snprintf(m->held, sizeof(m->held), "%.*s", (int)digest.len,
		digest.data);
	m->digest = m->held;
}

int
upload_module(struct wasmd *conn, struct module_source *m)
{
	const struct wasmd_put put = { .size = sizeof(put),
		.module_fd = m->fd, .temporary = true };
	struct ask a = { .arg = m, .on_answer = upload_on_answer };

	if (m->digest != NULL || wasmd_passes_descriptors(conn))
		return 0;
	ask_borrow(&a, conn, m->path);
	return upload_run(&a, &put);
}

int
upload_for_call(struct wasmd *conn, struct module_source *m,
	struct wasmd_call *call)
{
	struct stat st;
	int status = 0;

	if (m->fd != -1 && fstat(m->fd, &st) == 0 &&
	    st.st_size > WASMD_INLINE_MAX)
		status = upload_module(conn, m);
	call->module_fd = m->fd;
	call->digest = m->digest;
	return status;
}
