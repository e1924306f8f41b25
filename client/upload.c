/* A module's bytes on their way to the daemon. Used by wasmctl. */
#include "client/upload.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/outcome.h"
#include "client/report.h"

#define UPLOAD_UNSENT_MAX (256u << 10)	/* bytes that wait for the connection */
/* Arguments and environment have room beside it in one frame. */
#define UPLOAD_INLINE_MAX ((off_t)PROTO_INLINE_MODULE_MAX / 2)
#define UPLOAD_SHOW_US 1000000u		/* how often it says how far it is */

struct upload {
	struct ask *ask;
	int fd;
	uint32_t call;
	uint64_t size, sent;
	bool shows;
	uint64_t shown_us;	/* when */
	bool was_shown;
};

static void
upload_show(struct upload *u)
{
	uint64_t now = clock_monotonic_us();

	if (!u->shows || now - u->shown_us < UPLOAD_SHOW_US)
		return;
	fprintf(stderr, "\r%s: %2u %% sent ", u->ask->what,
		(unsigned)(u->sent * 100 / u->size));
	u->shown_us = now;
	u->was_shown = true;
}

/* One message of its bytes. */
static int
upload_some(struct upload *u, struct err *err)
{
	char data[PROTO_DATA_MAX];
	ssize_t n = pread(u->fd, data, sizeof(data), (off_t)u->sent);
	struct msg m;

	if (n <= 0)
		return err_set(err, PROTO_ERROR_INTERNAL, "reading it: %s",
			strerror(errno));
	msg_init_notify(&m, MSG_PUT_DATA);
	msg_set_number(&m, FIELD_PUT_DATA_CALL, u->call);
	msg_set_bytes(&m, FIELD_PUT_DATA_DATA, data, (size_t)n);
	u->sent += (uint64_t)n;
	return wasmd_notify(u->ask->conn, &m, err);
}

/* Until the answer: a refusal comes before all is sent. */
static int
upload_loop(struct upload *u, struct err *err)
{
	struct wasmd *conn = u->ask->conn;

	while (!u->ask->came) {
		struct pollfd p = { .fd = wasmd_fd(conn), .events = POLLIN };

		while (u->sent < u->size &&
		    wasmd_unsent(conn) < UPLOAD_UNSENT_MAX)
			if (upload_some(u, err) == -1)
				return -1;
		if (wasmd_dispatch(conn, err) == -1)
			return -1;
		upload_show(u);
		if (wasmd_unsent(conn) > 0 || u->sent < u->size)
			p.events |= POLLOUT;
		if (!u->ask->came)
			poll(&p, 1, -1);
	}
	return 0;
}

int
upload_run(struct ask *a, struct msg *request, const struct module_source *m)
{
	struct upload u = { .ask = a, .fd = m->fd,
		.shows = report_wants_progress(),
		.shown_us = clock_monotonic_us() };
	struct err err = ERR_NONE;
	struct stat st;
	int status = EXIT_WASMCTL;

	if (fstat(m->fd, &st) == -1) {
		report("%s: %s", a->what, strerror(errno));
		return status;
	}
	u.size = (uint64_t)st.st_size;
	msg_set_number(request, FIELD_PUT_SIZE, u.size);
	if (ask_send(a, request, &u.call, &err) == 0 &&
	    upload_loop(&u, &err) == 0)
		status = a->status;
	if (u.was_shown)
		fprintf(stderr, "\r\033[K");
	if (err.code != 0)
		report("%s: %s", a->what, err.text);
	return status;
}

static void
upload_on_answer(void *arg, const struct msg *answer)
{
	struct module_source *m = arg;
	struct span digest = msg_bytes(answer, RESULT_PUT_MODULE);

	snprintf(m->held, sizeof(m->held), "%.*s", (int)digest.len,
		digest.data);
	m->digest = m->held;
}

int
upload_module(struct wasmd *conn, struct module_source *m)
{
	struct ask a = { .conn = conn, .what = m->path, .arg = m,
		.on_answer = upload_on_answer };
	struct msg request;

	if (m->digest != NULL || wasmd_passes_descriptors(conn))
		return 0;
	msg_init_request(&request, MSG_PUT, 0);
	msg_set_number(&request, FIELD_PUT_TEMPORARY, true);
	return upload_run(&a, &request, m);
}

/* A copy of it, which belongs to it. */
static int
upload_read(struct module_source *m, size_t size)
{
	m->bytes = malloc(size);
	if (m->bytes == NULL)
		report_fatal("out of memory");
	if (pread(m->fd, m->bytes, size, 0) == (ssize_t)size)
		return 0;
	report("%s: %s", m->path, strerror(errno));
	return EXIT_WASMCTL;
}

int
upload_for_call(struct wasmd *conn, struct module_source *m,
	struct wasmd_call *call)
{
	struct stat st;
	int status;

	call->module_fd = m->fd;
	call->digest = m->digest;
	if (m->digest != NULL || wasmd_passes_descriptors(conn))
		return 0;
	call->module_fd = -1;
	if (fstat(m->fd, &st) == 0 && st.st_size <= UPLOAD_INLINE_MAX) {
		status = upload_read(m, (size_t)st.st_size);
		call->module = m->bytes;
		call->module_len = (size_t)st.st_size;
		return status;
	}
	status = upload_module(conn, m);
	call->digest = m->digest;
	return status;
}
