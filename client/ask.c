/* One request and its answer, waited for. Used by wasmctl. */
#include "client/ask.h"

#include <poll.h>

#include "client/address.h"
#include "client/outcome.h"
#include "client/report.h"

int
ask_open(struct ask *a, const char *what)
{
	struct err err = ERR_NONE;
	struct address address;

	a->what = what;
	a->conn = address_open(a->where, &address, &err);
	if (a->conn == NULL)
		report("%s: %s", address_text(&address), err.text);
	return a->conn == NULL ? -1 : 0;
}

void
ask_close(struct ask *a)
{
	wasmd_close(a->conn);
	a->conn = NULL;
}

static void
ask_on_error(struct ask *a, const struct msg *error)
{
	struct span text = msg_bytes(error, FIELD_ERROR_TEXT);
	uint64_t code = msg_number(error, FIELD_ERROR_CODE, 0);

	report("%s: %.*s", a->what, (int)text.len, text.data);
	a->status = code == PROTO_ERROR_NO_MODULE ||
		code == PROTO_ERROR_NO_JOB ? EXIT_NOT_FOUND : EXIT_WASMCTL;
}

static void
ask_on_answer(void *arg, const struct msg *answer)
{
	struct ask *a = arg;

	a->came = true;
	if (answer->id == MSG_ERROR)
		ask_on_error(a, answer);
	else if (a->on_answer != NULL)
		a->on_answer(a->arg, answer);
}

static void
ask_on_item(void *arg, const struct msg *item)
{
	struct ask *a = arg;

	if (a->on_item != NULL)
		a->on_item(a->arg, item);
}

static int
ask_wait(struct ask *a, struct err *err)
{
	while (!a->came) {
		struct pollfd p = { .fd = wasmd_fd(a->conn), .events = POLLIN };

		if (wasmd_dispatch(a->conn, err) == -1)
			return -1;
		if (wasmd_unsent(a->conn) > 0)
			p.events |= POLLOUT;
		if (!a->came)
			poll(&p, 1, -1);
	}
	return 0;
}

static int
ask_request(struct ask *a, struct msg *request, int fd, uint32_t *call,
	struct err *err)
{
	struct wasmd_asked asked = { ask_on_item, ask_on_answer, a };

	a->came = false;
	a->status = 0;
	return wasmd_request(a->conn, request, fd, &asked, call, err);
}

int
ask_send(struct ask *a, struct msg *request, uint32_t *call, struct err *err)
{
	return ask_request(a, request, -1, call, err);
}

int
ask_run(struct ask *a, struct msg *request, int fd)
{
	struct err err = ERR_NONE;

	if (ask_request(a, request, fd, NULL, &err) == 0 &&
	    ask_wait(a, &err) == 0)
		return a->status;
	report("%s: %s", a->what, err.text);
	return EXIT_WASMCTL;
}
