/* The child's two pipes as the guest's streams. */
#include "guest/io.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guest/hot.h"
#include "sandbox/call.h"
#include "sandbox/process.h"

/* Input that came while the guest slept and did not read: what the pipe holds
 * at most, some times. */
#define INPUT_MAX (4 * FRAME_DATA_MAX)

/* What most calls and most frames of output fit into. */
#define SMALL_CALL 512
#define SMALL_DATA 1016

/* A frame is written by one write(2), header and all. */
struct out_frame {
	struct frame frame;
	uint8_t data[];
};

struct guest_io {
	size_t start, end;	/* of the bytes in input[] */
	uint64_t room;		/* bytes the guest may still write */
	uint64_t traced;	/* bytes of its trace that were sent */
	uint64_t profiled;	/* and of its profiles */
	uint64_t wait_seq;	/* of the last OUT_WAIT */
	bool woken;		/* IN_WAKE came for it */
	bool asked;		/* OUT_WANT_INPUT was sent */
	bool eof;
	_Alignas(8) uint8_t call[SMALL_CALL];
	_Alignas(8) uint8_t out[sizeof(struct out_frame) + SMALL_DATA];
};

/* Where the larger ones go, and what came to be read. */
static struct {
	_Alignas(8) uint8_t out[sizeof(struct out_frame) + FRAME_DATA_MAX];
	_Alignas(8) uint8_t call[CALL_MAX];
	uint8_t input[INPUT_MAX];
} large GUEST_COLD;

struct guest_io *
guest_io_get(void)
{
	static GUEST_HOT struct guest_io io = { .room = UINT64_MAX };

	return &io;
}

void
guest_io_warm(struct guest_io *io)
{
	*(volatile uint64_t *)&io->wait_seq = 0;
}

/* ---- frames ------------------------------------------------------------ */

static void
pipe_read(void *data, size_t len)
{
	uint8_t *p = data;

	while (len > 0) {
		ssize_t n = read(STDIN_FILENO, p, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			process_exit(PROCESS_EXIT_PEER);
		p += n;
		len -= (size_t)n;
	}
}

static void
pipe_write(const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, p, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			process_exit(PROCESS_EXIT_PEER);
		p += n;
		len -= (size_t)n;
	}
}

/* The frame that a payload of len bytes is put together in. */
static struct out_frame *
frame_for(struct guest_io *io, size_t len)
{
	return (void *)(len <= SMALL_DATA ? io->out : large.out);
}

/* Write the frame whose payload is in its place already. */
static void
frame_write(struct guest_io *io, enum frame_kind kind, size_t len)
{
	struct out_frame *out = frame_for(io, len);

	out->frame.kind = kind;
	out->frame.len = (uint32_t)len;
	pipe_write(out, sizeof(out->frame) + len);
}

const void *
guest_io_read_call(struct guest_io *io, size_t *len)
{
	struct frame f;
	uint8_t *call;

	pipe_read(&f, sizeof(f));
	if (f.kind != IN_CALL || f.len > CALL_MAX)
		process_exit(PROCESS_EXIT_PEER);
	call = f.len <= SMALL_CALL ? io->call : large.call;
	pipe_read(call, f.len);
	*len = f.len;
	return call;
}

/* Whether there is room for any frame that may come. */
static bool
input_has_room(struct guest_io *io)
{
	if (INPUT_MAX - io->end < FRAME_DATA_MAX) {
		memmove(large.input, large.input + io->start,
		    io->end - io->start);
		io->end -= io->start;
		io->start = 0;
	}
	return INPUT_MAX - io->end >= FRAME_DATA_MAX;
}

/* Read the next frame: blocks. There must be room for it. */
static void
input_read_frame(struct guest_io *io)
{
	struct frame f;
	uint64_t seq;

	pipe_read(&f, sizeof(f));
	if (f.kind == IN_DATA && f.len <= FRAME_DATA_MAX && !io->eof) {
		pipe_read(large.input + io->end, f.len);
		io->end += f.len;
	} else if (f.kind == IN_EOF && f.len == 0) {
		io->eof = true;
	} else if (f.kind == IN_WAKE && f.len == sizeof(seq)) {
		/* One for an earlier wait, which input ended, may be late. */
		pipe_read(&seq, sizeof(seq));
		io->woken |= seq == io->wait_seq;
	} else {
		process_exit(PROCESS_EXIT_PEER);
	}
}

/* ---- the guest's streams ----------------------------------------------- */

void
guest_io_set_limit(struct guest_io *io, uint64_t output_bytes)
{
	io->room = output_bytes;
}

void *
guest_io_gather(struct guest_io *io, size_t len)
{
	return frame_for(io, len)->data;
}

int
guest_io_write(struct guest_io *io, int stream, const void *data, size_t len)
{
	const enum frame_kind kind = stream == STDERR_FILENO ? OUT_STDERR :
	    OUT_STDOUT;
	const bool exceeded = len > io->room;
	const uint8_t *p = data;

	if (exceeded)
		len = io->room;
	io->room -= len;
	while (len > 0) {
		size_t n = len < FRAME_DATA_MAX ? len : FRAME_DATA_MAX;

		uint8_t *to = frame_for(io, n)->data;

		/* What was gathered is there, unless it is cut. */
		if (p != to)
			memmove(to, p, n);
		frame_write(io, kind, n);
		p += n;
		len -= n;
	}
	return exceeded ? -1 : 0;
}

void
guest_io_trace(struct guest_io *io, const char *text, size_t len)
{
	static const char full[] = "\n... and no more: the trace is too long\n";
	const size_t most = TRACE_MAX - sizeof(full);

	if (io->traced > most)
		return;
	if (len > most - io->traced) {
		text = full;
		len = sizeof(full) - 1;
		io->traced = most + 1;
	} else {
		io->traced += len;
	}
	memcpy(frame_for(io, len)->data, text, len);
	frame_write(io, OUT_TRACE, len);
}

void
guest_io_profile(struct guest_io *io, const char *text, size_t len)
{
	if (len > PROFILE_MAX - io->profiled) {
		io->profiled = PROFILE_MAX;
		return;
	}
	io->profiled += len;
	memcpy(frame_for(io, len)->data, text, len);
	frame_write(io, OUT_PROFILE, len);
}

static void
input_want(struct guest_io *io)
{
	if (!io->asked)
		frame_write(io, OUT_WANT_INPUT, 0);
	io->asked = true;
}

size_t
guest_io_read(struct guest_io *io, void *data, size_t len)
{
	if (len == 0)
		return 0;
	if (io->start == io->end) {
		io->start = io->end = 0;
		input_want(io);
	}
	while (io->start == io->end && !io->eof)
		input_read_frame(io);
	if (len > io->end - io->start)
		len = io->end - io->start;
	memcpy(data, large.input + io->start, len);
	io->start += len;
	return len;
}

bool
guest_io_readable(struct guest_io *io, size_t *nbytes)
{
	*nbytes = io->end - io->start;
	return *nbytes > 0 || io->eof;
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

bool
guest_io_wait(struct guest_io *io, uint64_t timeout_ns, bool want_input)
{
	struct frame_wait wait = {
		.seq = ++io->wait_seq, .timeout_ns = timeout_ns,
	};
	const uint64_t start = now_ns();
	size_t nbytes;

	if (want_input && guest_io_readable(io, &nbytes))
		return true;
	if (want_input)
		input_want(io);
	io->woken = false;
	memcpy(frame_for(io, sizeof(wait))->data, &wait, sizeof(wait));
	frame_write(io, OUT_WAIT, sizeof(wait));
	while (!io->woken) {
		if (want_input && guest_io_readable(io, &nbytes))
			return true;
		if (input_has_room(io)) {
			input_read_frame(io);
			continue;
		}
		/* The guest lets its input pile up while it sleeps, so that
		 * IN_WAKE cannot be got at: ask the clock, over and over. */
		io->woken = now_ns() - start >= timeout_ns;
	}
	return want_input && guest_io_readable(io, &nbytes);
}

/* ---- the end ----------------------------------------------------------- */

void
guest_io_write_result(struct guest_io *io, const struct call_result *r,
    const char *text, size_t text_len)
{
	_Static_assert(sizeof(*r) + RESULT_TEXT_MAX <= FRAME_DATA_MAX,
	    "a result fits into a frame");
	uint8_t *to;

	if (text_len > RESULT_TEXT_MAX)
		__builtin_trap();
	to = frame_for(io, sizeof(*r) + text_len)->data;
	memcpy(to, r, sizeof(*r));
	memcpy(to + sizeof(*r), text, text_len);
	frame_write(io, OUT_RESULT, sizeof(*r) + text_len);
}

/* ---- calls one after the other ------------------------------------------- */

/* False at the end, between two frames. */
static bool
socket_read_head(struct frame *f)
{
	uint8_t *p = (uint8_t *)f;
	size_t have = 0;

	while (have < sizeof(*f)) {
		ssize_t n = read(STDIN_FILENO, p + have, sizeof(*f) - have);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0 && have == 0)
			return false;
		if (n <= 0)
			process_exit(PROCESS_EXIT_PEER);
		have += (size_t)n;
	}
	return true;
}

size_t
guest_io_read_invoke(struct guest_io *io, void *buf)
{
	struct frame f;

	for (;;) {
		if (!socket_read_head(&f))
			process_exit(PROCESS_EXIT_DONE);
		if (f.len > CALL_MAX)
			process_exit(PROCESS_EXIT_PEER);
		pipe_read(buf, f.len);
		if (f.kind == IN_INVOKE)
			return f.len;
		/* The answer to a wait that is over. */
		if (f.kind != IN_WAKE)
			process_exit(PROCESS_EXIT_PEER);
	}
}

void
guest_io_write_return(struct guest_io *io, const void *head, size_t head_len,
	const void *bytes, size_t len)
{
	struct out_frame *out = frame_for(io, head_len);

	out->frame.kind = OUT_RETURN;
	out->frame.len = (uint32_t)(head_len + len);
	memcpy(out->data, head, head_len);
	pipe_write(out, sizeof(out->frame) + head_len);
	pipe_write(bytes, len);
}

void
guest_io_end_input(struct guest_io *io)
{
	io->eof = true;
}
