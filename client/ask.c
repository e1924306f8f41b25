/* One request and its answer, waited for. Used by wasmctl. */
#include "client/ask.h"

#include "client/outcome.h"
#include "client/report.h"

static void
ask_on_answer(void *arg, const struct wasmd_msg *answer,
	const struct wasmd_error *error)
{
	struct ask *a = arg;

	a->came = true;
	if (error != NULL) {
		report("%s: %s", a->what, error->text);
		a->status = error->code == WASMD_ERROR_NO_MODULE ||
			error->code == WASMD_ERROR_NO_JOB ? EXIT_NOT_FOUND :
			EXIT_WASMCTL;
	} else if (a->on_answer != NULL) {
		a->on_answer(a->arg, answer);
	}
}

static void
ask_on_item(void *arg, const struct wasmd_msg *item)
{
	struct ask *a = arg;

	if (a->on_item != NULL)
		a->on_item(a->arg, item);
}

void
ask_borrow(struct ask *a, struct wasmd *conn, const char *what)
{
	a->what = what;
	a->asked = (struct wasmd_asked){ ask_on_item, ask_on_answer, a };
	a->conn = conn;
}

int
ask_open(struct ask *a, const char *what)
{
	ask_borrow(a, address_find(a->where), what);
	return a->conn == NULL ? -1 : 0;
}

void
ask_close(struct ask *a)
{
	wasmd_close(a->conn);
	a->conn = NULL;
}

int
ask_end(struct ask *a, int made)
{
	while (made == 0 && !a->came)
		made = wasmd_wait(a->conn, -1, &a->error);
	if (made == 0)
		return a->status;
	report("%s: %s", a->what, a->error.text);
	return EXIT_WASMCTL;
}

int
ask_wait(struct ask *a, int made)
{
	a->came = false;
	a->status = 0;
	return ask_end(a, made);
}

int
ask_plain(struct ask *a, const char *name)
{
	struct wasmd_msg *request = wasmd_msg_new(name);
	int status;

	if (request == NULL)
		report_fatal("out of memory");
	status = ask_wait(a, wasmd_request(a->conn, request, -1, &a->asked,
		&a->error));
	wasmd_msg_free(request);
	return status;
}
