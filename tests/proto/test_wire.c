/* Frames on a stream: cut anywhere, too long, many at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "proto/proto.h"
#include "proto/wire.h"

static const uint8_t two_frames[] = {
	0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 1, 'd'
};

static void
expect(struct wire *w, const char *text)
{
	struct err err = ERR_NONE;
	const uint8_t *frame;
	size_t len;

	assert_int_equal(wire_next(w, &frame, &len, &err), 1);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(frame, text, len);
}

static void
expect_none(struct wire *w)
{
	struct err err = ERR_NONE;
	const uint8_t *frame;
	size_t len;

	assert_int_equal(wire_next(w, &frame, &len, &err), 0);
}

static void
test_frames_cut_at_every_byte(void **state)
{
	struct err err = ERR_NONE;

	for (size_t cut = 0; cut <= sizeof(two_frames); cut++) {
		struct wire w;

		wire_init(&w);
		assert_int_equal(wire_feed(&w, two_frames, cut, &err), 0);
		if (cut >= 7)
			expect(&w, "abc");
		if (cut == sizeof(two_frames))
			expect(&w, "d");
		expect_none(&w);
		assert_int_equal(wire_is_inside(&w),
			cut != 0 && cut != 7 && cut != 12);
		assert_int_equal(wire_feed(&w, two_frames + cut,
				sizeof(two_frames) - cut, &err), 0);
		if (cut < 7)
			expect(&w, "abc");
		if (cut < sizeof(two_frames))
			expect(&w, "d");
		expect_none(&w);
		assert_false(wire_is_inside(&w));
		wire_clear(&w);
	}
}

static void
test_byte_by_byte(void **state)
{
	struct err err = ERR_NONE;
	struct wire w;

	wire_init(&w);
	for (size_t i = 0; i < sizeof(two_frames); i++) {
		assert_int_equal(wire_feed(&w, two_frames + i, 1, &err), 0);
		if (i == 6)
			expect(&w, "abc");
		if (i == 11)
			expect(&w, "d");
		expect_none(&w);
	}
	wire_clear(&w);
}

static void
test_bad_lengths_are_refused_at_once(void **state)
{
	static const uint8_t bad[][4] = {
		{ 0, 0, 0, 0 }, { 0, 0x10, 0, 1 }, { 0xff, 0xff, 0xff, 0xff },
		{ 0x80, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_NONE;
		const uint8_t *frame;
		struct wire w;
		size_t len;

		wire_init(&w);
		assert_int_equal(wire_feed(&w, bad[i], 4, &err), 0);
		assert_int_equal(wire_next(&w, &frame, &len, &err), -1);
		assert_int_equal(err.code, PROTO_ERROR_PROTOCOL);
		wire_clear(&w);
	}
}

static void
test_memory_follows_the_bytes_not_the_length(void **state)
{
	static const uint8_t head[] = { 0, 0x10, 0, 0, 'x' };
	struct err err = ERR_NONE;
	struct wire w;

	wire_init(&w);
	assert_int_equal(wire_feed(&w, head, sizeof(head), &err), 0);
	expect_none(&w);
	assert_true(w.in.cap <= 4096);
	wire_clear(&w);
}

static void
test_largest_frame_and_its_memory_is_given_back(void **state)
{
	static uint8_t chunk[WIRE_FEED_MAX];
	static const uint8_t head[] = { 0, 0x10, 0, 0 };
	struct err err = ERR_NONE;
	const uint8_t *frame;
	struct wire w;
	size_t len;

	wire_init(&w);
	assert_int_equal(wire_feed(&w, head, sizeof(head), &err), 0);
	for (size_t n = 0; n < PROTO_FRAME_MAX; n += sizeof(chunk)) {
		expect_none(&w);
		assert_int_equal(wire_feed(&w, chunk, sizeof(chunk), &err), 0);
	}
	assert_int_equal(wire_next(&w, &frame, &len, &err), 1);
	assert_int_equal(len, PROTO_FRAME_MAX);
	assert_int_equal(wire_feed(&w, two_frames, sizeof(two_frames), &err), 0);
	assert_true(w.in.cap <= 4096);
	expect(&w, "abc");
	wire_clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_cut_at_every_byte),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_bad_lengths_are_refused_at_once),
		cmocka_unit_test(test_memory_follows_the_bytes_not_the_length),
		cmocka_unit_test(test_largest_frame_and_its_memory_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
