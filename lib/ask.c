/* The requests of libwasmd that are no jobs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/conn.h"
#include "lib/error.h"
#include "lib/given.h"
#include "lib/message.h"
#include "lib/module.h"

#define DIGEST_LEN 64	/* as the table of messages has it */

/* A request that was made, until it has been answered. */
struct asking {
	struct wasmd *conn;
	struct wasmd_asked asked;
	/* A list comes in pages, each of them asked for by its own request. */
	enum field_id more;	/* in the answer, */
	enum field_id after;	/* in the next request, */
	enum field_id key;	/* in an item; FIELD_COUNT: there are no pages */
	uint64_t number;	/* the last item's */
	char text[DIGEST_LEN + 1];
};

static void asking_on_item(void *arg, const struct msg *item);
static void asking_on_answer(void *arg, const struct msg *answer);

static int
asking_send(struct asking *a, struct msg *request, const struct fds *fds,
	struct err *err)
{
	const struct conn_asked asked = {
		asking_on_answer, asking_on_item, a };

	return conn_request(a->conn, request, fds, &asked, err);
}

/* ---- pages --------------------------------------------------------------- */

static void
asking_remember(struct asking *a, const struct msg *item)
{
	struct span s;

	if (field_info[a->key].type == TYPE_UINT) {
		a->number = msg_number(item, a->key, 0);
		return;
	}
	s = msg_bytes(item, a->key);
	memcpy(a->text, s.data, s.len);
	a->text[s.len] = '\0';
}

/* The page behind the last item. */
static int
asking_next_page(struct asking *a, struct err *err)
{
	enum msg_id id = field_info[a->after].msg;
	struct msg m;

	msg_init_request(&m, id, 0);
	if (field_info[a->after].type == TYPE_UINT)
		msg_set_number(&m, a->after, a->number);
	else if (a->text[0] != '\0')
		msg_set_str(&m, a->after, a->text);
	return asking_send(a, &m, CONN_NO_FDS, err);
}

/* ---- what comes ------------------------------------------------------------ */

static void
asking_on_item(void *arg, const struct msg *item)
{
	struct asking *a = arg;

	if (a->key != FIELD_COUNT && field_info[a->key].msg == item->id)
		asking_remember(a, item);
	if (a->asked.on_item != NULL)
		a->asked.on_item(a->asked.arg, message_show(item));
}

static void
asking_fail(struct asking *a, const struct wasmd_error *error)
{
	if (a->asked.on_answer != NULL)
		a->asked.on_answer(a->asked.arg, NULL, error);
}

/* Whether it was a page before the last. */
static bool
asking_goes_on(struct asking *a, const struct msg *answer)
{
	struct wasmd_error error;
	struct err err = ERR_NONE;

	if (a->key == FIELD_COUNT || msg_number(answer, a->more, 0) == 0)
		return false;
	if (asking_next_page(a, &err) == -1) {
		error_give(&error, &err);
		asking_fail(a, &error);
		free(a);
	}
	return true;
}

static void
asking_on_answer(void *arg, const struct msg *answer)
{
	struct asking *a = arg;
	struct wasmd_error error;

	if (answer != NULL && answer->id == MSG_ERROR) {
		error = error_of_answer(answer);
		asking_fail(a, &error);
	} else if (answer != NULL) {
		if (asking_goes_on(a, answer))
			return;
		if (a->asked.on_answer != NULL)
			a->asked.on_answer(a->asked.arg, message_show(answer),
				NULL);
	}
	free(a);
}

/* ---- making them ----------------------------------------------------------- */

static struct asking *
asking_new(struct wasmd *w, const struct wasmd_asked *asked, struct err *err)
{
	struct asking *a = calloc(1, sizeof(*a));

	if (a == NULL) {
		err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
		return NULL;
	}
	a->conn = w;
	a->key = FIELD_COUNT;
	if (asked != NULL)
		a->asked = *asked;
	return a;
}

static int
ask(struct wasmd *w, struct msg *request, int fd,
	const struct wasmd_asked *asked, struct wasmd_error *error)
{
	const struct fds fds = { .count = fd == -1 ? 0 : 1, .fd = { fd } };
	struct err err = ERR_NONE;
	struct asking *a = asking_new(w, asked, &err);

	if (a != NULL && asking_send(a, request, &fds, &err) == 0)
		return 0;
	free(a);
	return error_give(error, &err);
}

static int
ask_pages(struct wasmd *w, const struct asking *pages,
	const struct wasmd_asked *asked, struct wasmd_error *error)
{
	struct err err = ERR_NONE;
	struct asking *a = asking_new(w, asked, &err);

	if (a == NULL)
		return error_give(error, &err);
	a->more = pages->more;
	a->after = pages->after;
	a->key = pages->key;
	if (asking_next_page(a, &err) == 0)
		return 0;
	free(a);
	return error_give(error, &err);
}

static int
ask_text(struct wasmd *w, enum field_id field, const char *text,
	const struct wasmd_asked *asked, struct wasmd_error *error)
{
	struct msg m;

	msg_init_request(&m, field_info[field].msg, 0);
	msg_set_str(&m, field, text);
	return ask(w, &m, -1, asked, error);
}

static int
ask_number(struct wasmd *w, enum field_id field, uint64_t number,
	const struct wasmd_asked *asked, struct wasmd_error *error)
{
	struct msg m;

	msg_init_request(&m, field_info[field].msg, 0);
	msg_set_number(&m, field, number);
	return ask(w, &m, -1, asked, error);
}

int
wasmd_request(struct wasmd *w, const struct wasmd_msg *request, int fd,
	const struct wasmd_asked *asked, struct wasmd_error *error)
{
	struct msg m = *message_see(request);
	struct err err = ERR_NONE;

	if (m.form == FORM_REQUEST && msg_info[m.id].direction == TO_DAEMON)
		return ask(w, &m, fd, asked, error);
	err_set(&err, PROTO_ERROR_USAGE, "%s is no request",
		msg_info[m.id].name);
	return error_give(error, &err);
}

/* ---- the store --------------------------------------------------------------- */

/* Its bytes follow it. */
static int
put_source(struct wasmd *w, struct msg *m, int fd,
	const struct wasmd_asked *asked, struct wasmd_error *error)
{
	struct err err = ERR_NONE;
	struct asking *a = asking_new(w, asked, &err);
	const struct conn_asked inner = {
		asking_on_answer, asking_on_item, a };
	struct stat st;

	if (fstat(fd, &st) == -1)
		err_set(&err, PROTO_ERROR_USAGE, "put: %s", strerror(errno));
	else if (a != NULL && conn_request_source(w, m, fd,
		    (uint64_t)st.st_size, &inner, &err) == 0)
		return 0;
	free(a);
	return error_give(error, &err);
}

static int
put(struct wasmd *w, const struct wasmd_put *p, int fd,
	const struct wasmd_asked *asked, struct wasmd_error *error)
{
	struct msg m;

	msg_init_request(&m, MSG_PUT, 0);
	msg_set_number(&m, FIELD_PUT_SHARE, p->share);
	if (p->digest != NULL)
		msg_set_str(&m, FIELD_PUT_DIGEST, p->digest);
	if (p->temporary)
		msg_set_number(&m, FIELD_PUT_TEMPORARY, true);
	if (fd != -1 && (p->temporary || conn_is_stream(w)))
		return put_source(w, &m, fd, asked, error);
	if (fd != -1)
		msg_set_number(&m, FIELD_PUT_MODULE_FD, true);
	else
		msg_set_bytes(&m, FIELD_PUT_MODULE, p->module, p->module_len);
	return ask(w, &m, fd, asked, error);
}

int
wasmd_put(struct wasmd *w, const struct wasmd_put *given,
	const struct wasmd_asked *asked, struct wasmd_error *error)
{
	struct module module;
	struct err err = ERR_NONE;
	struct wasmd_put p;
	int ret;

	if (given_take(&p, sizeof(p), given, "put", &err) == -1 ||
	    module_open(&module, p.module, p.module_len, p.module_fd, &err) ==
	    -1)
		return error_give(error, &err);
	ret = put(w, &p, module.fd, asked, error);
	module_close(&module);
	return ret;
}

int
wasmd_list(struct wasmd *w, const struct wasmd_asked *asked,
	struct wasmd_error *error)
{
	const struct asking pages = { .more = RESULT_LIST_MORE,
		.after = FIELD_LIST_AFTER, .key = FIELD_MODULE_ITEM_MODULE };

	return ask_pages(w, &pages, asked, error);
}

int
wasmd_info(struct wasmd *w, const char *digest,
	const struct wasmd_asked *asked, struct wasmd_error *error)
{
	return ask_text(w, FIELD_INFO_MODULE, digest, asked, error);
}

int
wasmd_remove(struct wasmd *w, const char *digest,
	const struct wasmd_asked *asked, struct wasmd_error *error)
{
	return ask_text(w, FIELD_REMOVE_MODULE, digest, asked, error);
}

/* ---- jobs ---------------------------------------------------------------------- */

int
wasmd_jobs(struct wasmd *w, const struct wasmd_asked *asked,
	struct wasmd_error *error)
{
	const struct asking pages = { .more = RESULT_JOBS_MORE,
		.after = FIELD_JOBS_AFTER, .key = FIELD_JOB_ITEM_JOB };

	return ask_pages(w, &pages, asked, error);
}

int
wasmd_job_status(struct wasmd *w, uint64_t job,
	const struct wasmd_asked *asked, struct wasmd_error *error)
{
	return ask_number(w, FIELD_JOBS_JOB, job, asked, error);
}

int
wasmd_kill(struct wasmd *w, uint64_t job, const struct wasmd_asked *asked,
	struct wasmd_error *error)
{
	return ask_number(w, FIELD_CANCEL_JOB, job, asked, error);
}

int
wasmd_forget(struct wasmd *w, uint64_t job, const struct wasmd_asked *asked,
	struct wasmd_error *error)
{
	return ask_number(w, FIELD_FORGET_JOB, job, asked, error);
}

int
wasmd_events(struct wasmd *w,
	void (*on_event)(void *arg, const struct wasmd_msg *event), void *arg,
	const struct wasmd_asked *asked, struct wasmd_error *error)
{
	struct msg m;

	conn_on_event(w, on_event, arg);
	msg_init_request(&m, MSG_EVENTS, 0);
	return ask(w, &m, -1, asked, error);
}
