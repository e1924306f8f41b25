/* A child's input: frames as it takes them, and how much its client may send. */
#include "tests/daemon/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/feed.h"
#include "sandbox/call.h"

static uint64_t granted;

static void
on_grant(void *arg, uint32_t bytes)
{
	granted += bytes;
}

struct rig {
	struct event_base *base;
	struct feed *feed;
	int read;
};

static struct rig
rig_make(void)
{
	static struct feed f;
	struct rig r = { .base = event_base_new(), .feed = &f };
	int fds[2];

	granted = 0;
	f = (struct feed){ .fd = -1, .on_grant = on_grant };
	assert_int_equal(pipe(fds), 0);
	r.read = fds[0];
	assert_int_equal(fcntl(r.read, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(feed_start_take(&f, r.base, fds[1]), 0);
	return r;
}

static void
rig_free(struct rig *r)
{
	feed_stop(r->feed);
	if (r->read != -1)
		close(r->read);
	event_base_free(r->base);
}

static void
rig_run(struct rig *r)
{
	for (int i = 0; i < 40; i++)
		event_base_loop(r->base, EVLOOP_NONBLOCK);
}

static void
expect(struct rig *r, uint32_t kind, const void *data, uint32_t len)
{
	struct frame f;
	char bytes[100];

	assert_int_equal(read(r->read, &f, sizeof(f)), sizeof(f));
	assert_int_equal(f.kind, kind);
	assert_int_equal(f.len, len);
	if (len > 0) {
		assert_int_equal(read(r->read, bytes, len), len);
		assert_memory_equal(bytes, data, len);
	}
}

static void
test_frames_in_order(void **state)
{
	struct rig r = rig_make();
	uint64_t seq = 9;

	assert_int_equal(feed_call(r.feed, "call", 4), 0);
	feed_want(r.feed);
	assert_int_equal(feed_wake(r.feed, seq), 0);
	rig_run(&r);
	assert_int_equal(granted, FEED_WINDOW);
	assert_int_equal(feed_data(r.feed, "abc", 3), 0);
	assert_int_equal(feed_data(r.feed, "", 0), 0);
	assert_int_equal(feed_eof(r.feed), 0);
	assert_int_equal(feed_eof(r.feed), 0);
	rig_run(&r);
	expect(&r, IN_CALL, "call", 4);
	expect(&r, IN_WAKE, &seq, sizeof(seq));
	expect(&r, IN_DATA, "abc", 3);
	expect(&r, IN_EOF, NULL, 0);
	assert_int_equal(r.feed->bytes, 3);
	rig_free(&r);
}

static void
test_end_before_there_is_a_child(void **state)
{
	struct rig r = rig_make();

	r.feed->ended = true;
	assert_int_equal(feed_call(r.feed, "x", 1), 0);
	feed_want(r.feed);
	rig_run(&r);
	expect(&r, IN_CALL, "x", 1);
	expect(&r, IN_EOF, NULL, 0);
	assert_int_equal(granted, 0);
	assert_int_equal(feed_data(r.feed, "x", 1), -1);
	rig_free(&r);
}

static void
test_nothing_is_taken_that_was_not_granted(void **state)
{
	static char data[FEED_WINDOW];
	struct rig r = rig_make();

	assert_int_equal(feed_data(r.feed, data, 1), -1);
	feed_want(r.feed);
	assert_int_equal(granted, FEED_WINDOW);
	assert_int_equal(feed_data(r.feed, data, FEED_WINDOW), 0);
	assert_int_equal(feed_data(r.feed, data, 1), -1);
	feed_eof(r.feed);
	assert_int_equal(feed_data(r.feed, data, 1), -1);
	rig_free(&r);
}

static void
test_grants_follow_what_the_child_reads(void **state)
{
	static char data[FEED_WINDOW], sink[FEED_WINDOW * 2];
	struct rig r = rig_make();
	uint64_t sent = 0;

	feed_want(r.feed);
	for (int i = 0; i < 50; i++) {
		uint64_t n = granted - sent;

		if (n > 0)
			assert_int_equal(feed_data(r.feed, data, n), 0);
		sent += n;
		rig_run(&r);
	}
	/* The child reads nothing: the pipe and a window, no more. */
	assert_true(sent <= 2 * FEED_WINDOW + 65536);
	for (int i = 0; i < 10; i++) {
		while (read(r.read, sink, sizeof(sink)) > 0)
			;
		rig_run(&r);
	}
	assert_true(granted >= sent + FEED_WINDOW / 2);
	rig_free(&r);
}

static void
test_input_that_piles_up_is_bounded(void **state)
{
	struct rig r = rig_make();
	int n = 0;

	while (feed_wake(r.feed, 1) == 0) {
		assert_true(++n < 200000);
		assert_true(r.feed->out.len < 2 << 20);
	}
	rig_free(&r);
}

static void
test_child_that_closed_its_input(void **state)
{
	struct rig r = rig_make();

	feed_want(r.feed);
	close(r.read);
	r.read = -1;
	assert_int_equal(feed_data(r.feed, "abc", 3), 0);
	rig_run(&r);
	assert_int_equal(r.feed->fd, -1);
	assert_int_equal(feed_data(r.feed, "abc", 3), 0);
	assert_int_equal(feed_wake(r.feed, 1), 0);
	assert_int_equal(feed_eof(r.feed), 0);
	rig_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_in_order),
		cmocka_unit_test(test_end_before_there_is_a_child),
		cmocka_unit_test(test_nothing_is_taken_that_was_not_granted),
		cmocka_unit_test(test_grants_follow_what_the_child_reads),
		cmocka_unit_test(test_input_that_piles_up_is_bounded),
		cmocka_unit_test(test_child_that_closed_its_input),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
