/*
 * The child's two pipes as the guest's streams: frames in and out, as in
 * sandbox/call.h. Runs in the confined child: read(0), write(1), nothing else,
 * no malloc. A pipe that ends early or a frame that is not well formed ends
 * the process (the daemon has gone, or is not the daemon).
 */
#ifndef GUEST_IO_H
#define GUEST_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_io;	/* static storage; one per process */

struct guest_io *guest_io_get(void);

/* Take the page faults of a call before it comes. */
void guest_io_warm(struct guest_io *io);

/* Read the first frame, IN_CALL, into static storage. Its payload stays until
 * the process ends. Ends the process if there is none. */
const void *guest_io_read_call(struct guest_io *io, size_t *len);

/* Output limit, both streams together. */
void guest_io_set_limit(struct guest_io *io, uint64_t output_bytes);

/* Where to put together at most FRAME_DATA_MAX bytes that the next
 * guest_io_write is to write from there, which then need no copying. */
void *guest_io_gather(struct guest_io *io, size_t len);

/*
 * Write len bytes of the guest's stream 1 or 2; blocks while the reader is
 * slow. 0, or -1 when the output limit is passed: what fits was written.
 */
int guest_io_write(struct guest_io *io, int stream, const void *data, size_t len);

/* Send text of the trace of a call that is traced; no more than TRACE_MAX leave,
 * and the last of it says so. */
void guest_io_trace(struct guest_io *io, const char *text, size_t len);

/* Send len bytes of a profile, FRAME_DATA_MAX at most; none when PROFILE_MAX
 * would be passed. */
void guest_io_profile(struct guest_io *io, const char *text, size_t len);

/* Read up to len bytes of standard input; blocks. 0: end of input. */
size_t guest_io_read(struct guest_io *io, void *data, size_t len);

/* Whether a read would not block: buffered bytes or end of input. *nbytes:
 * how many are buffered. */
bool guest_io_readable(struct guest_io *io, size_t *nbytes);

/*
 * Wait until timeout_ns have passed (UINT64_MAX: for ever) or, if want_input,
 * until guest_io_readable. True: readable; false: time is over.
 */
bool guest_io_wait(struct guest_io *io, uint64_t timeout_ns, bool want_input);

/*
 * MODE_SERVE: the next call's payload, into buf, which has room for CALL_MAX
 * bytes. Ends the process in order when there is no more, and otherwise when
 * what comes is no call.
 */
size_t guest_io_read_invoke(struct guest_io *io, void *buf);

/* Its answer: two pieces, the second of which stays where it is. */
void guest_io_write_return(struct guest_io *io, const void *head,
	size_t head_len, const void *bytes, size_t len);

/* There is no standard input. */
void guest_io_end_input(struct guest_io *io);

/* The last frame: how the guest ended. text: text_len bytes. */
struct call_result;
void guest_io_write_result(struct guest_io *io, const struct call_result *r,
	const char *text, size_t text_len);

#endif
