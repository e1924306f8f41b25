/*
 * libFuzzer target: libwasmd, which reads what a daemon and, above all, a confined
 * process sends that somebody may have taken over. The input is a list of steps of
 * both: a byte for what is done, and what that wants. No step waits.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "lib/wasmd.h"
#include "proto/msg.h"
#include "proto/serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The numbers of what is asked for at the beginning, in this order. */
enum { CALL_HELLO = 1, CALL_INSTANCE, CALL_JOB, CALL_LIST, CALL_JOBS };
enum { JOB_INSTANCE = 7, JOB = 8 };

static struct fuzz {
	struct wasmd *conn;
	struct wasmd_instance *instance;
	struct wasmd_job *job;		/* NULL: it has had its last callback */
	int daemon;			/* its end of the connection, */
	int child;			/* the child's of the instance's, or -1 */
	bool lost, over;
	unsigned sum;			/* of all bytes that callbacks got */
} fuzz;

struct input {
	const uint8_t *p;
	size_t len;
};

/* ---- what the program gets, read whole ----------------------------------- */

static void
see(const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fuzz.sum += ((const uint8_t *)data)[i];
}

static void
see_message(const struct wasmd_msg *m)
{
	struct wasmd_msg *copy = wasmd_msg_copy(m);
	struct wasmd_field f;

	assert(copy != NULL);
	for (size_t n = 0; wasmd_msg_field(copy, n, &f); n++) {
		struct wasmd_bytes b = wasmd_msg_bytes(copy, f.name);

		see(b.data, b.len);
		for (size_t i = 0; i < wasmd_msg_count(copy, f.name); i++) {
			b = wasmd_msg_item(copy, f.name, i);
			see(b.data, b.len);
		}
	}
	assert(!wasmd_msg_field(m, 100, &f));
	wasmd_msg_free(copy);
}

static void
on_answer(void *arg, const struct wasmd_msg *m, const struct wasmd_error *error)
{
	assert((m == NULL) != (error == NULL));
	if (m != NULL)
		see_message(m);
	else
		see(error->text, strlen(error->text));
}

static void
on_item(void *arg, const struct wasmd_msg *item)
{
	see_message(item);
}

static void
on_output(void *arg, int fd, const void *data, size_t len)
{
	assert(fd == 1 || fd == 2);
	see(data, len);
}

static void
on_job_exit(void *arg, const struct wasmd_msg *record)
{
	fuzz.job = NULL;
	see_message(record);
	assert(wasmd_record_exit(record) >= 0);
}

static void
on_job_refused(void *arg, const struct wasmd_error *error)
{
	fuzz.job = NULL;
}

static void
on_return(void *arg, const struct wasmd_return *r)
{
	char text[WASMD_VALUE_TEXT_MAX];

	assert(r->end >= WASMD_RETURNED && r->end <= WASMD_WRONG_ARGUMENTS);
	for (size_t i = 0; i < r->nresults; i++) {
		assert(wasmd_value_text(text, &r->results[i]) == 0);
		see(text, strlen(text));
	}
	see(r->bytes.data, r->bytes.len);
	see(r->cause.data, r->cause.len);
	see(r->backtrace.data, r->backtrace.len);
}

static void
on_exit_record(void *arg, const struct wasmd_msg *record)
{
	assert(!fuzz.over);
	fuzz.over = true;
	see_message(record);
}

static void
on_refused(void *arg, const struct wasmd_error *error)
{
	assert(!fuzz.over);
	fuzz.over = true;
}

/* ---- the beginning and the end ------------------------------------------- */

static void
send_message(const struct msg *m, const int *fds, size_t nfds)
{
	struct buf out;

	buf_init(&out, 2 * PROTO_FRAME_MAX);
	if (msg_pack(m, &out, NULL) == 0 && fuzz.daemon != -1)
		fd_send(fuzz.daemon, out.data, out.len, fds, nfds);
	buf_clear(&out);
}

static void
ask_for_everything(void)
{
	static const struct wasmd_instance_events instance_events = {
		sizeof(instance_events), on_return, on_return, on_output,
		on_exit_record, on_refused };
	static const struct wasmd_events events = {
		.size = sizeof(events), .on_output = on_output,
		.on_exit = on_job_exit, .on_refused = on_job_refused };
	const struct wasmd_call call = { .size = sizeof(call), .module = "m",
		.module_len = 1, .credit = 1000 };
	const struct wasmd_asked asked = { on_item, on_answer, NULL };

	fuzz.instance = wasmd_instance_open(fuzz.conn, &call, &instance_events,
		NULL, NULL);
	fuzz.job = wasmd_submit(fuzz.conn, &call, &events, NULL, NULL);
	assert(fuzz.instance != NULL && fuzz.job != NULL);
	assert(wasmd_list(fuzz.conn, &asked, NULL) == 0);
	assert(wasmd_jobs(fuzz.conn, &asked, NULL) == 0);
}

static void
begin(void)
{
	struct msg hello;
	int pair[2];

	assert(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	fuzz = (struct fuzz){ .daemon = pair[1], .child = -1 };
	assert(fd_set_nonblock(fuzz.daemon) == 0);
	msg_init_answer(&hello, MSG_HELLO, CALL_HELLO);
	msg_set_number(&hello, RESULT_HELLO_VERSION, PROTO_VERSION);
	msg_set_str(&hello, RESULT_HELLO_SERVER, "fuzz");
	msg_set_number(&hello, RESULT_HELLO_UID, 0);
	send_message(&hello, NULL, 0);
	fuzz.conn = wasmd_open_fd(pair[0], NULL);
	assert(fuzz.conn != NULL);
	ask_for_everything();
}

static void
end(void)
{
	wasmd_instance_close(fuzz.instance);
	wasmd_close(fuzz.conn);
	fd_close(&fuzz.daemon);
	fd_close(&fuzz.child);
}

/* ---- steps --------------------------------------------------------------- */

static uint8_t
take_byte(struct input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return *in->p++;
}

/* At most 255 bytes, as many as the next one says. */
static struct input
take_bytes(struct input *in)
{
	struct input part = { in->p, take_byte(in) };

	part.p = in->p;
	if (part.len > in->len)
		part.len = in->len;
	in->p += part.len;
	in->len -= part.len;
	return part;
}

static void
write_to(int fd, const void *data, size_t len)
{
	if (fd != -1 && len > 0)
		send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* A frame of the daemon, whose length is right. */
static void
step_daemon_frame(struct input *in)
{
	struct input part = take_bytes(in);
	uint8_t head[4] = { 0, 0, 0, (uint8_t)part.len };

	write_to(fuzz.daemon, head, sizeof(head));
	write_to(fuzz.daemon, part.p, part.len);
}

/* A notification, or the answer to one of the requests, with fields of any
 * numbers and bytes. */
static void
step_daemon_message(struct input *in)
{
	enum msg_id id = take_byte(in) % MSG_COUNT;
	struct msg m = { .id = id, .form = msg_info[id].kind == KIND_NOTIFY ?
		FORM_NOTIFY : FORM_ANSWER, .call = take_byte(in) % 8 };
	struct span strs[3];

	for (enum field_id f = msg_info[id].first; f < msg_fields_end(id); f++) {
		struct input part = { (const uint8_t *)"", 0 };
		struct msg_value *v = &m.values[f - msg_info[id].first];

		if (field_info[f].is_result !=
		    (m.form == FORM_ANSWER && id != MSG_ERROR))
			continue;
		v->present = true;
		v->number = take_byte(in) % (field_info[f].type == TYPE_BOOL ?
			2 : 200);
		if (field_info[f].type >= TYPE_STR)
			part = take_bytes(in);
		v->bytes = (struct span){ (const char *)part.p, part.len };
		strs[0] = strs[1] = strs[2] = v->bytes;
		v->strs = strs;
		v->nstrs = v->number % 4;
	}
	send_message(&m, NULL, 0);
}

/* The instance's job, and its socket. */
static void
step_socket(struct input *in)
{
	struct msg m;
	int pair[2];

	assert(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	msg_init_answer(&m, MSG_SUBMIT, CALL_INSTANCE);
	msg_set_number(&m, RESULT_SUBMIT_JOB, JOB_INSTANCE);
	msg_set_str(&m, RESULT_SUBMIT_MODULE, "0");
	if (fuzz.child == -1)
		send_message(&m, NULL, 0);
	fd_close(&fuzz.child);
	msg_init_notify(&m, MSG_JOB_SOCKET);
	msg_set_number(&m, FIELD_JOB_SOCKET_JOB, JOB_INSTANCE);
	send_message(&m, &pair[0], take_byte(in) % 4 == 3 ? 0 : 1);
	close(pair[0]);
	fuzz.child = pair[1];
}

static void
step_child_bytes(struct input *in)
{
	struct input part = take_bytes(in);

	write_to(fuzz.child, part.p, part.len);
}

static void
step_child_frame(struct input *in)
{
	struct serve_frame f = { take_byte(in), 0 };
	struct input part = take_bytes(in);

	f.len = (uint32_t)part.len;
	write_to(fuzz.child, &f, sizeof(f));
	write_to(fuzz.child, part.p, part.len);
}

/* An end that is nearly one. */
static void
step_child_return(struct input *in)
{
	struct serve_return head = { .end = take_byte(in) % 10,
		.nresults = take_byte(in) % 18, .trap_len = take_byte(in) % 8,
		.backtrace_len = take_byte(in) % 8,
		.bytes_len = take_byte(in) % 8, .last = take_byte(in) % 2 };
	struct input part = take_bytes(in);
	struct serve_frame f = { SERVE_OUT_RETURN, sizeof(head) };
	struct typed typed[18] = { { .kind = 0 } };
	static const char kinds[] = "ilfdvr?";

	for (unsigned i = 0; i < head.nresults; i++) {
		typed[i].kind = (uint8_t)kinds[take_byte(in) % 7];
		memset(typed[i].bytes, take_byte(in), 16);
	}
	f.len += (uint32_t)(head.nresults * sizeof(typed[0]) + part.len);
	write_to(fuzz.child, &f, sizeof(f));
	write_to(fuzz.child, &head, sizeof(head));
	write_to(fuzz.child, typed, head.nresults * sizeof(typed[0]));
	write_to(fuzz.child, part.p, part.len);
}

static void
step_call(struct input *in)
{
	struct input part = take_bytes(in);
	const struct wasmd_value args[] = {
		{ .kind = WASMD_BYTES,
			.as.bytes = { (const char *)part.p, part.len } },
		{ .kind = WASMD_F64, .as.f64 = take_byte(in) / 3.0 },
		{ .kind = (enum wasmd_kind)take_byte(in) },
	};
	const struct wasmd_invoke call = { .size = sizeof(call), .name = "f",
		.args = args, .nargs = take_byte(in) % 4, .wants_bytes = true };
	bool ready = wasmd_instance_is_ready(fuzz.instance);

	assert(wasmd_instance_call(fuzz.instance, &call, NULL) == -1 || ready);
}

static void
step_close_child(struct input *in)
{
	fd_close(&fuzz.child);
}

static void (*const steps[])(struct input *in) = {
	step_daemon_frame, step_daemon_message, step_socket, step_child_bytes,
	step_child_frame, step_child_return, step_call, step_close_child,
};

/* The program's loop, once; what it sends is read by nobody for long. */
static void
turn(void)
{
	char data[65536];

	if (wasmd_instance_dispatch(fuzz.instance, NULL) == -1)
		assert(!wasmd_instance_is_ready(fuzz.instance));
	if (wasmd_dispatch(fuzz.conn, NULL) == -1)
		fuzz.lost = true;
	assert(wasmd_instance_timeout(fuzz.instance) >= -1);
	while (recv(fuzz.daemon, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	while (fuzz.child != -1 &&
	    recv(fuzz.child, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	begin();
	while (in.len > 0 && !fuzz.lost) {
		steps[take_byte(&in) % (sizeof(steps) / sizeof(steps[0]))](&in);
		turn();
	}
	end();
	return 0;
}
