/* The relay of a child's output: every frame cut anywhere, credit, limits, and
 * bytes that no child of ours writes. */
#include "tests/daemon/unit.h"

#include <fcntl.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/stream.h"
#include "proto/proto.h"

static struct {
	char out[200000], err[1000], trace[1000];
	size_t nout, nerr, ntrace, messages;
	unsigned wants, waits, results, ends;
	struct frame_wait wait;
	int32_t violation;
	enum stream_end end;
	char text[100];
	bool full;	/* the connection */
	bool stop;	/* end the stream in the middle of the next data */
	struct stream *stream;
} got;

static bool
has_room(void *arg)
{
	return !got.full;
}

static void
on_data(void *arg, int fd, const void *data, size_t len)
{
	assert_in_range(fd, 1, 4);
	assert_in_range(len, 1, PROTO_DATA_MAX);
	got.messages++;
	if (fd == 1 && got.nout + len <= sizeof(got.out))
		memcpy(got.out + got.nout, data, len);
	if (fd == 2 && got.nerr + len <= sizeof(got.err))
		memcpy(got.err + got.nerr, data, len);
	if (fd == STREAM_TRACE && got.ntrace + len <= sizeof(got.trace))
		memcpy(got.trace + got.ntrace, data, len);
	*(fd == 1 ? &got.nout : fd == 2 ? &got.nerr : &got.ntrace) += len;
	if (got.stop)
		stream_stop(got.stream);
}

static void
on_want_input(void *arg)
{
	got.wants++;
}

static void
on_wait(void *arg, const struct frame_wait *wait)
{
	got.waits++;
	got.wait = *wait;
}

static void
on_violation(void *arg, const struct frame_violation *v)
{
	got.violation = v->number;
}

static void
on_result(void *arg, const struct call_result *r, const char *text, size_t len)
{
	got.results++;
	assert_int_equal(r->end, END_EXITED);
	assert_true(len < sizeof(got.text));
	memcpy(got.text, text, len);
}

static void
on_end(void *arg, enum stream_end end)
{
	got.ends++;
	got.end = end;
}

static const struct stream_ops ops = {
	has_room, on_data, on_want_input, on_wait, on_violation,
	on_result, on_end,
};

struct rig {
	struct event_base *base;
	struct stream stream;
	int write;
};

static struct rig
rig_make(uint64_t credit, uint64_t limit)
{
	static struct stream s;
	struct rig r = { .base = event_base_new() };
	int fds[2];

	memset(&got, 0, sizeof(got));
	s = (struct stream){ .fd = -1, .credit = credit, .limit = limit,
		.ops = &ops };
	got.stream = &s;
	assert_int_equal(pipe(fds), 0);
	r.write = fds[1];
	assert_int_equal(fcntl(r.write, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(stream_start_take(&s, r.base, fds[0]), 0);
	return r;
}

static void
rig_run(struct rig *r)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(r->base, EVLOOP_NONBLOCK);
}

static void
rig_free(struct rig *r)
{
	stream_stop(got.stream);
	if (r->write != -1)
		close(r->write);
	event_base_free(r->base);
}

static size_t
put_frame(char *at, uint32_t kind, const void *data, uint32_t len)
{
	struct frame f = { kind, len };

	memcpy(at, &f, sizeof(f));
	if (len > 0)
		memcpy(at + sizeof(f), data, len);
	return sizeof(f) + len;
}

/* All there is, in one run of bytes. */
static size_t
put_all(char *at)
{
	struct frame_wait wait = { 5, 1000 };
	struct {
		struct call_result r;
		char text[4];
	} result = { { .end = END_EXITED }, "boom" };
	size_t n = 0;

	n += put_frame(at + n, OUT_STDOUT, "one", 3);
	n += put_frame(at + n, OUT_STDOUT, "two", 3);
	n += put_frame(at + n, OUT_STDERR, "bad", 3);
	n += put_frame(at + n, OUT_WANT_INPUT, NULL, 0);
	n += put_frame(at + n, OUT_STDOUT, NULL, 0);
	n += put_frame(at + n, OUT_WAIT, &wait, sizeof(wait));
	n += put_frame(at + n, OUT_STDOUT, "three", 5);
	n += put_frame(at + n, OUT_RESULT, &result, sizeof(result.r) + 4);
	return n;
}

static void
check_all(void)
{
	assert_int_equal(got.nout, 11);
	assert_memory_equal(got.out, "onetwothree", 11);
	assert_int_equal(got.nerr, 3);
	assert_int_equal(got.wants, 1);
	assert_int_equal(got.waits, 1);
	assert_int_equal(got.wait.seq, 5);
	assert_int_equal(got.results, 1);
	assert_memory_equal(got.text, "boom", 4);
	assert_int_equal(got.ends, 1);
	assert_int_equal(got.end, STREAM_EOF);
}

static void
test_frames_cut_at_every_byte(void **state)
{
	char bytes[2000];
	size_t len = put_all(bytes);

	for (size_t cut = 0; cut <= len; cut++) {
		struct rig r = rig_make(UINT64_MAX, 1000);

		assert_int_equal(write(r.write, bytes, cut), cut);
		rig_run(&r);
		assert_int_equal(write(r.write, bytes + cut, len - cut),
			len - cut);
		close(r.write);
		r.write = -1;
		rig_run(&r);
		check_all();
		assert_int_equal(got.stream->bytes[0], 11);
		assert_int_equal(got.stream->bytes[1], 3);
		rig_free(&r);
	}
}

static void
write_frame(struct rig *r, uint32_t kind, const void *data, uint32_t len)
{
	char bytes[2000];
	size_t n = put_frame(bytes, kind, data, len);

	assert_int_equal(write(r->write, bytes, n), n);
	rig_run(r);
}

/* It has a room of its own, and takes part in the credit. */
static void
test_trace_of_a_call_that_wanted_one(void **state)
{
	struct rig r = rig_make(9, 4);

	got.stream->trace_left = 10;
	write_frame(&r, OUT_TRACE, "write(", 6);
	write_frame(&r, OUT_STDOUT, "one", 3);
	write_frame(&r, OUT_TRACE, ")\n", 2);
	assert_int_equal(got.nout, 3);
	assert_int_equal(got.ntrace, 6);
	stream_add_credit(got.stream, 100);
	rig_run(&r);
	assert_int_equal(got.ntrace, 8);
	assert_memory_equal(got.trace, "write()\n", 8);
	assert_int_equal(got.stream->bytes[0], 3);
	assert_int_equal(got.stream->bytes[2], 8);
	assert_int_equal(got.ends, 0);
	/* More than a child of ours sends. */
	write_frame(&r, OUT_TRACE, "xyz", 3);
	assert_int_equal(got.ntrace, 10);
	assert_int_equal(got.end, STREAM_BAD);
	assert_int_equal(got.ends, 1);
	rig_free(&r);
}

static void
test_trace_that_nobody_wanted_is_bad(void **state)
{
	struct rig r = rig_make(UINT64_MAX, 1000);

	write_frame(&r, OUT_TRACE, "x", 1);
	assert_int_equal(got.messages, 0);
	assert_int_equal(got.end, STREAM_BAD);
	rig_free(&r);
}

static void
test_profile_of_a_call_that_wanted_one(void **state)
{
	struct rig r = rig_make(9, 4);

	got.stream->profile_left = 4;
	write_frame(&r, OUT_PROFILE, "end\n", 4);
	write_frame(&r, OUT_STDOUT, "one", 3);
	assert_int_equal(got.nout, 3);
	assert_int_equal(got.stream->bytes[STREAM_PROFILE - 1], 4);
	assert_int_equal(got.ends, 0);
	write_frame(&r, OUT_PROFILE, "x", 1);
	assert_int_equal(got.end, STREAM_BAD);
	rig_free(&r);
	r = rig_make(9, 4);
	got.stream->trace_left = 10;
	write_frame(&r, OUT_PROFILE, "x", 1);
	assert_int_equal(got.messages, 0);
	assert_int_equal(got.end, STREAM_BAD);
	rig_free(&r);
}

static void
test_cut_for_ever_is_an_end(void **state)
{
	char bytes[2000];
	size_t len = put_all(bytes);

	for (size_t cut = 0; cut < len; cut++) {
		struct rig r = rig_make(UINT64_MAX, 1000);

		assert_int_equal(write(r.write, bytes, cut), cut);
		close(r.write);
		r.write = -1;
		rig_run(&r);
		assert_int_equal(got.ends, 1);
		assert_int_equal(got.end, STREAM_EOF);
		assert_int_equal(got.results, 0);
		rig_free(&r);
	}
}

/* With any credit, in steps of any size: the same bytes, never more. */
static void
test_credit(void **state)
{
	char bytes[2000];
	size_t len = put_all(bytes);

	for (uint64_t step = 1; step <= 15; step++) {
		struct rig r = rig_make(0, 1000);
		uint64_t given = 0;

		assert_int_equal(write(r.write, bytes, len), len);
		close(r.write);
		r.write = -1;
		rig_run(&r);
		assert_int_equal(got.nout + got.nerr, 0);
		while (got.ends == 0) {
			stream_add_credit(got.stream, step);
			given += step;
			assert_true(got.nout + got.nerr <= given);
			rig_run(&r);
			assert_true(given <= 30);
		}
		check_all();
		rig_free(&r);
	}
}

static void
test_credit_is_capped(void **state)
{
	struct rig r = rig_make(5, 1000);

	stream_add_credit(got.stream, UINT64_MAX - 2);
	assert_int_equal(got.stream->credit, PROTO_CREDIT_MAX);
	stream_add_credit(got.stream, 1);
	assert_int_equal(got.stream->credit, PROTO_CREDIT_MAX);
	rig_free(&r);
}

static void
test_nothing_is_read_without_credit(void **state)
{
	static char data[60000];
	struct rig r = rig_make(0, UINT64_MAX);
	size_t total = 0;
	char frame[60100];
	size_t len = put_frame(frame, OUT_STDOUT, data, sizeof(data));

	for (int i = 0; i < 100; i++) {
		ssize_t n = write(r.write, frame, len);

		total += n > 0 ? (size_t)n : 0;
		rig_run(&r);
	}
	/* What the pipe holds, and one buffer. */
	assert_true(total <= 65536 + 65536 + 8);
	assert_int_equal(got.nout, 0);
	rig_free(&r);
}

static void
test_full_connection_stalls_like_no_credit(void **state)
{
	char bytes[2000];
	size_t len = put_all(bytes);
	struct rig r = rig_make(UINT64_MAX, 1000);

	got.full = true;
	assert_int_equal(write(r.write, bytes, len), len);
	close(r.write);
	r.write = -1;
	rig_run(&r);
	assert_int_equal(got.nout + got.wants + got.ends, 0);
	got.full = false;
	stream_resume(got.stream);
	rig_run(&r);
	check_all();
	rig_free(&r);
}

static void
test_small_writes_are_joined(void **state)
{
	struct rig r = rig_make(UINT64_MAX, UINT64_MAX);
	char bytes[20000];
	size_t len = 0;

	for (int i = 0; i < 1000; i++) {
		char c = (char)('a' + i % 26);

		len += put_frame(bytes + len, OUT_STDOUT, &c, 1);
	}
	assert_int_equal(write(r.write, bytes, len), len);
	rig_run(&r);
	assert_int_equal(got.nout, 1000);
	assert_int_equal(got.messages, 1);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(got.out[i], 'a' + i % 26);
	rig_free(&r);
}

static void
test_output_limit(void **state)
{
	for (uint64_t limit = 0; limit < 11; limit++) {
		struct rig r = rig_make(UINT64_MAX, limit);
		char bytes[100];
		size_t len = put_frame(bytes, OUT_STDOUT, "hello world", 11);

		assert_int_equal(write(r.write, bytes, len), len);
		rig_run(&r);
		assert_int_equal(got.nout, limit);
		assert_int_equal(got.ends, 1);
		assert_int_equal(got.end, STREAM_LIMIT);
		rig_free(&r);
	}
}

static void
test_bytes_that_no_child_of_ours_writes(void **state)
{
	static const struct frame bad[] = {
		{ 0, 0 }, { IN_CALL, 0 }, { IN_DATA, 1 }, { 15, 0 }, { 21, 0 },
		{ 0xffffffff, 0xffffffff }, { OUT_STDOUT, FRAME_DATA_MAX + 1 },
		{ OUT_STDERR, 0xffffffff }, { OUT_WANT_INPUT, 1 },
		{ OUT_WAIT, 0 }, { OUT_WAIT, sizeof(struct frame_wait) - 1 },
		{ OUT_WAIT, sizeof(struct frame_wait) + 1 }, { OUT_RESULT, 0 },
		{ OUT_VIOLATION, 0 }, { OUT_VIOLATION, 9 },
		{ OUT_RESULT, sizeof(struct call_result) - 1 },
		{ OUT_RESULT, sizeof(struct call_result) + RESULT_TEXT_MAX + 1 },
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct rig r = rig_make(UINT64_MAX, 1000);

		assert_int_equal(write(r.write, &bad[i], sizeof(bad[i])),
			sizeof(bad[i]));
		rig_run(&r);
		assert_int_equal(got.ends, 1);
		assert_int_equal(got.end, STREAM_BAD);
		rig_free(&r);
	}
}

static void
test_nothing_may_follow_a_result(void **state)
{
	struct call_result result = { .end = END_EXITED };
	struct rig r = rig_make(UINT64_MAX, 1000);
	char bytes[2000];
	size_t len;

	len = put_frame(bytes, OUT_RESULT, &result, sizeof(result));
	len += put_frame(bytes + len, OUT_RESULT, &result, sizeof(result));
	assert_int_equal(write(r.write, bytes, len), len);
	rig_run(&r);
	assert_int_equal(got.results, 1);
	assert_int_equal(got.end, STREAM_BAD);
	assert_int_equal(got.ends, 1);
	rig_free(&r);
}

static void
test_discard_reads_to_the_end(void **state)
{
	char bytes[2000];
	size_t len = put_all(bytes);
	struct rig r = rig_make(0, 1000);

	assert_int_equal(write(r.write, bytes, len), len);
	close(r.write);
	r.write = -1;
	rig_run(&r);
	stream_discard(got.stream);
	rig_run(&r);
	assert_int_equal(got.nout + got.nerr, 0);
	assert_int_equal(got.results, 1);
	assert_int_equal(got.end, STREAM_EOF);
	assert_int_equal(got.ends, 1);
	rig_free(&r);
}

/* Somebody else may hold the pipe open: the child's end is the end. */
static void
test_last_does_not_wait_for_the_end_of_the_pipe(void **state)
{
	char bytes[2000];
	size_t len = put_all(bytes);

	for (int with_credit = 0; with_credit < 2; with_credit++) {
		struct rig r = rig_make(with_credit ? UINT64_MAX : 0, 1000);

		assert_int_equal(write(r.write, bytes, len), len);
		if (with_credit)
			rig_run(&r);
		assert_int_equal(got.ends, 0);
		stream_set_last(got.stream);
		rig_run(&r);
		if (!with_credit) {
			assert_int_equal(got.ends, 0);
			stream_add_credit(got.stream, 100);
			rig_run(&r);
		}
		check_all();
		rig_free(&r);
	}
}

/* ... whatever that somebody goes on to write. */
static void
test_last_is_what_was_there_at_the_end(void **state)
{
	char bytes[100];
	size_t len = put_frame(bytes, OUT_STDOUT, "one", 3);
	size_t more = put_frame(bytes + len, OUT_STDOUT, "two", 3);
	size_t none = put_frame(bytes + len + more, OUT_STDOUT, NULL, 0);
	struct rig r = rig_make(0, 1000);

	assert_int_equal(write(r.write, bytes, len), len);
	stream_set_last(got.stream);
	stream_add_credit(got.stream, 100);
	for (int i = 0; i < 50 && got.ends == 0; i++) {
		assert_int_equal(write(r.write, bytes + len, more + none),
			more + none);
		event_base_loop(r.base, EVLOOP_NONBLOCK);
	}
	assert_int_equal(got.ends, 1);
	assert_int_equal(got.end, STREAM_EOF);
	assert_int_equal(got.nout, 3);
	rig_free(&r);
}

static void
test_stop_in_the_middle_of_a_callback(void **state)
{
	char bytes[2000];
	size_t len = put_all(bytes);
	struct rig r = rig_make(UINT64_MAX, 1000);

	got.stop = true;
	assert_int_equal(write(r.write, bytes, len), len);
	rig_run(&r);
	assert_int_equal(got.messages, 1);
	assert_int_equal(got.ends, 0);
	rig_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_cut_at_every_byte),
		cmocka_unit_test(test_cut_for_ever_is_an_end),
		cmocka_unit_test(test_trace_of_a_call_that_wanted_one),
		cmocka_unit_test(test_trace_that_nobody_wanted_is_bad),
		cmocka_unit_test(test_profile_of_a_call_that_wanted_one),
		cmocka_unit_test(test_credit),
		cmocka_unit_test(test_credit_is_capped),
		cmocka_unit_test(test_nothing_is_read_without_credit),
		cmocka_unit_test(test_full_connection_stalls_like_no_credit),
		cmocka_unit_test(test_small_writes_are_joined),
		cmocka_unit_test(test_output_limit),
		cmocka_unit_test(test_bytes_that_no_child_of_ours_writes),
		cmocka_unit_test(test_nothing_may_follow_a_result),
		cmocka_unit_test(test_discard_reads_to_the_end),
		cmocka_unit_test(test_last_does_not_wait_for_the_end_of_the_pipe),
		cmocka_unit_test(test_last_is_what_was_there_at_the_end),
		cmocka_unit_test(test_stop_in_the_middle_of_a_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
