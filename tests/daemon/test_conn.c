/* Connections over socket pairs: messages in season, descriptors, bounds. */
#include "tests/daemon/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/fd.h"
#include "base/log.h"
#include "daemon/conn.h"
#include "daemon/job_streams.h"
#include "daemon/user.h"

/* ---- what is around a connection ----------------------------------------- */

static unsigned handled, resumed, abandoned, idle;
static struct fds taken;
static enum msg_id last;
static struct conn *last_conn;

void
request_handle(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	struct msg answer;

	handled++;
	last = m->id;
	last_conn = c;
	if (m->id == MSG_HELLO)
		conn_set_ready(c);
	if (m->id == MSG_SUBMIT)
		taken = conn_take_fds(c);
	if (m->id == MSG_CHECK) {
		msg_init_error(&answer, m->call, PROTO_ERROR_USAGE, "x", 0);
		conn_send(c, &answer);
	}
}

void
job_abandon(struct job *j)
{
	abandoned++;
	conn_remove_job(j->conn, j);
}

void job_resume(struct job *j) { resumed++; }
bool job_is_known(const struct job *j) { return j->state != JOB_READING; }

static void
on_idle(void *arg)
{
	idle++;
}

/* ---- one daemon, some clients -------------------------------------------- */

static struct event_base *base;
static struct conns *conns;
static struct users users;
static struct policies policies;

static int
setup(void **state)
{
	struct conns_config config = {
		.users = &users, .max = 5, .hello_ms = 200,
		.on_idle = on_idle,
	};

	policies_init(&policies);
	policies.each.max_conns = 5;
	policies.each.access = 1;
	users_init(&users, &policies);
	handled = resumed = abandoned = idle = 0;
	taken.count = 0;
	config.base = base = event_base_new();
	conns = conns_new(&config);
	return conns == NULL ? -1 : 0;
}

static void
run(void)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static int
teardown(void **state)
{
	conns_close_all(conns);
	run();
	conns_free(conns);
	assert_true(TAILQ_EMPTY(&users.list));
	event_base_free(base);
	fds_close(&taken);
	return 0;
}

static int
client(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			pair), 0);
	conn_new_take(conns, pair[0]);
	return pair[1];
}

static void
say(int sock, struct msg *m, const int *fds, size_t nfds)
{
	struct err err = ERR_NONE;
	struct buf b;

	buf_init(&b, PROTO_FRAME_MAX);
	assert_int_equal(msg_pack(m, &b, &err), 0);
	assert_int_equal(fd_send(sock, b.data, b.len, fds, nfds), 0);
	buf_clear(&b);
	run();
}

static void
hello(int sock)
{
	struct msg m;

	msg_init_request(&m, MSG_HELLO, 1);
	msg_set_number(&m, FIELD_HELLO_VERSION, 1);
	say(sock, &m, NULL, 0);
}

static bool
is_closed(int sock)
{
	char bytes[10000];
	ssize_t n;

	run();
	while ((n = read(sock, bytes, sizeof(bytes))) > 0)
		;
	return n == 0;
}

static void
test_messages_in_season(void **state)
{
	struct msg m;
	int sock = client();

	hello(sock);
	assert_int_equal(handled, 1);
	msg_init_request(&m, MSG_CHECK, 2);
	say(sock, &m, NULL, 0);
	assert_int_equal(handled, 2);
	assert_false(is_closed(sock));
	hello(sock);
	assert_int_equal(handled, 2);
	assert_true(is_closed(sock));
	assert_int_equal(conns_count(conns), 0);
	assert_int_equal(idle, 1);
	close(sock);
	sock = client();
	msg_init_request(&m, MSG_CHECK, 2);
	say(sock, &m, NULL, 0);
	assert_int_equal(handled, 2);
	assert_true(is_closed(sock));
	close(sock);
}

static void
test_descriptor_goes_with_its_message(void **state)
{
	int fd = open("/dev/null", O_RDONLY), sock = client();
	struct msg m;

	hello(sock);
	msg_init_request(&m, MSG_SUBMIT, 2);
	msg_set_number(&m, FIELD_SUBMIT_MODULE_FD, 1);
	say(sock, &m, &fd, 1);
	assert_int_equal(last, MSG_SUBMIT);
	assert_int_equal(taken.count, 1);
	assert_true(fcntl(taken.fd[0], F_GETFD) & FD_CLOEXEC);
	fds_close(&taken);
	/* The next one has none. */
	say(sock, &m, NULL, 0);
	assert_int_equal(taken.count, 0);
	/* One that nobody takes ends the connection. */
	msg_init_request(&m, MSG_CHECK, 3);
	say(sock, &m, &fd, 1);
	assert_true(is_closed(sock));
	close(sock);
	close(fd);
}

static void
test_all_descriptors_go_with_their_message(void **state)
{
	int fds[FD_PASS_MAX] = { 0 }, sock = client();
	struct msg m;

	hello(sock);
	msg_init_request(&m, MSG_SUBMIT, 2);
	say(sock, &m, fds, FD_PASS_MAX);
	assert_int_equal(taken.count, FD_PASS_MAX);
	for (size_t i = 0; i < taken.count; i++)
		assert_true(fcntl(taken.fd[i], F_GETFD) & FD_CLOEXEC);
	fds_close(&taken);
	/* Nor do they stay when nobody takes them. */
	msg_init_request(&m, MSG_CHECK, 3);
	say(sock, &m, fds, 3);
	assert_true(is_closed(sock));
	close(sock);
}

static void
test_descriptors_at_two_places_end_the_connection(void **state)
{
	int fds[1] = { 0 }, sock;

	/* Two in one unfinished frame, each with a part of it. */
	sock = client();
	hello(sock);
	assert_int_equal(fd_send(sock, "\0\0", 2, fds, 1), 0);
	run();
	assert_int_equal(fd_send(sock, "\0", 1, fds, 1), 0);
	assert_true(is_closed(sock));
	close(sock);
}

static void
test_silence_is_ended_speech_is_not(void **state)
{
	int silent = client(), speaks = client();
	struct timeval tv = { 0, 400000 };

	hello(speaks);
	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
	assert_true(is_closed(silent));
	assert_false(is_closed(speaks));
	close(silent);
	close(speaks);
}

static void
test_places_are_bounded(void **state)
{
	int socks[8];

	for (int i = 0; i < 5; i++)
		socks[i] = client();
	assert_int_equal(conns_count(conns), 5);
	for (int i = 1; i < 5; i++)
		hello(socks[i]);
	socks[5] = client();	/* takes the place of the silent one */
	assert_int_equal(conns_count(conns), 5);
	assert_true(is_closed(socks[0]));
	hello(socks[5]);
	socks[6] = client();	/* nobody is silent */
	assert_int_equal(conns_count(conns), 5);
	assert_true(is_closed(socks[6]));
	for (int i = 1; i < 6; i++)
		assert_false(is_closed(socks[i]));
	for (int i = 0; i < 7; i++)
		close(socks[i]);
}

/* A client that asks and never reads: its questions wait in its own socket. */
static void
test_unread_answers_stop_the_questions(void **state)
{
	int sock = client();
	unsigned before;
	struct err err = ERR_NONE;
	struct buf b;
	struct msg m;

	hello(sock);
	buf_init(&b, PROTO_FRAME_MAX);
	msg_init_request(&m, MSG_CHECK, 7);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(msg_pack(&m, &b, &err), 0);
	before = 0;
	for (int i = 0; i < 1000 && write(sock, b.data, b.len) > 0; i++)
		run();
	run();
	before = handled;
	run();
	assert_int_equal(handled, before);
	assert_true(conns_pending(conns));
	assert_false(is_closed(sock));		/* reads what there is */
	run();
	assert_true(handled > before);
	buf_clear(&b);
	close(sock);
}

static void
test_jobs_wait_for_room(void **state)
{
	static struct job jobs[2];
	static char data[60000];
	int sock = client();
	struct conn *c;
	struct msg m;

	hello(sock);
	c = last_conn;
	jobs[0].state = JOB_RUNNING;
	jobs[0].id = 5;
	jobs[1].state = JOB_READING;
	jobs[1].id = 6;
	for (int i = 0; i < 2; i++) {
		jobs[i].conn = c;
		conn_add_job(c, &jobs[i]);
	}
	assert_ptr_equal(conn_job(c, 5), &jobs[0]);
	assert_null(conn_job(c, 6));	/* not answered yet */
	assert_null(conn_job(c, 7));
	msg_init_notify(&m, MSG_JOB_OUTPUT);
	msg_set_number(&m, FIELD_JOB_OUTPUT_JOB, 5);
	msg_set_number(&m, FIELD_JOB_OUTPUT_FD, 1);
	msg_set_bytes(&m, FIELD_JOB_OUTPUT_DATA, data, sizeof(data));
	while (conn_has_room(c))
		conn_send(c, &m);
	assert_int_equal(resumed, 0);
	assert_false(is_closed(sock));
	assert_false(is_closed(sock));
	assert_int_equal(resumed, 2);
	close(sock);
	run();
	assert_int_equal(abandoned, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_messages_in_season,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_descriptor_goes_with_its_message, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_all_descriptors_go_with_their_message,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_descriptors_at_two_places_end_the_connection,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_silence_is_ended_speech_is_not, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places_are_bounded,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_unread_answers_stop_the_questions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jobs_wait_for_room,
			setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	log_open("test", LOG_LEVEL_ERR, false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
