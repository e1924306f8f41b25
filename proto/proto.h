/*
 * The wire between clients and the daemon: versions, bounds and error codes.
 * The messages are in proto/msgs.def. wasmd-protocol(7) is the specification.
 */
#ifndef PROTO_PROTO_H
#define PROTO_PROTO_H

#include <stdint.h>

#define PROTO_VERSION 1

/* A frame's length field counts what follows it. A longer frame closes the
 * connection before a byte of it is stored. */
#define PROTO_FRAME_MAX		(1u << 20)

#define PROTO_INLINE_MODULE_MAX	(PROTO_FRAME_MAX - (PROTO_FRAME_MAX / 4))
#define PROTO_STRINGS_MAX	(128u << 10)
#define PROTO_DATA_MAX		65536u	/* of one job.output or job.input */
#define PROTO_TEXT_MAX		8192u
#define PROTO_PRELOAD_MAX	7u	/* modules besides the main one */
#define PROTO_PRELOAD_NAME_MAX	63u	/* bytes, at least one */
#define PROTO_CREDIT_MAX	(16u << 20)
#define PROTO_KEEP_MAX		(16u << 20)	/* output kept of one job */
#define PROTO_VALUES_MAX	65536u	/* of one frame, containers included */
#define PROTO_DEPTH_MAX		8	/* of containers in containers */
#define PROTO_NUMBER_MAX	((uint64_t)1 << 53)	/* exact in every language */

/* Codes of error answers: a map {code, name, text, retry_ms?}. */
enum proto_error {
#define PROTO_ERROR(id, number, name) PROTO_ERROR_##id = number,
#include "proto/errors.def"
#undef PROTO_ERROR
};

/* How a job ended: job.exit's status. */
enum proto_status {
#define STATUS(id, letters, exit, text) PROTO_STATUS_##id,
#include "proto/status.def"
#undef STATUS
	PROTO_STATUS_COUNT
};

struct proto_status_info {
	const char *letters;
	int exit;	/* of wasmctl */
	const char *text;
};

extern const struct proto_status_info proto_status_info[PROTO_STATUS_COUNT];

/* The name of a code of errors.def; "unknown" for any other. */
const char *proto_error_name(uint64_t code);

#endif
