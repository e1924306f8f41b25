/*
 * The wire between a confined child and the broker that its client runs for
 * it: SOCK_SEQPACKET, one packet for a request and one for its answer, in the
 * machine's own byte order. Neither side believes the other: a packet that is
 * not as described here ends the connection. The requests are in
 * proto/broker.def; wasmd-protocol(7) is the specification.
 *
 * Directories and listening sockets are named by handles, small numbers which
 * mean something to the broker alone; the child never holds a descriptor of
 * one. The errors are those of errno(3).
 */
#ifndef PROTO_BROKER_H
#define PROTO_BROKER_H

#include <stdint.h>

#define BROKER_PATH_MAX	4095u		/* bytes of a path, without a NUL */
#define BROKER_DATA_MAX	32768u		/* bytes behind an answer */
#define BROKER_GRANTS_MAX 32u
#define BROKER_SOCKETS_MAX 32u
#define BROKER_NAME_MAX	255u		/* bytes of a grant's name */
#define BROKER_NO_DIR	UINT32_MAX

enum broker_flags {
	BROKER_READ = 1 << 0,
	BROKER_WRITE = 1 << 1,
	BROKER_CREATE = 1 << 2,
	BROKER_EXCLUSIVE = 1 << 3,
	BROKER_TRUNCATE = 1 << 4,
	BROKER_DIRECTORY = 1 << 5,
	BROKER_APPEND = 1 << 6,
	BROKER_NONBLOCK = 1 << 7,
	BROKER_DSYNC = 1 << 8,
	BROKER_SYNC = 1 << 9,
	BROKER_FOLLOW = 1 << 10,	/* a symbolic link at the end, too */
	BROKER_ATIME = 1 << 11,		/* number[0] is it */
	BROKER_ATIME_NOW = 1 << 12,
	BROKER_MTIME = 1 << 13,		/* number[1] is it */
	BROKER_MTIME_NOW = 1 << 14,
};

#define BROKER_OPEN_FLAGS	(2 * BROKER_FOLLOW - 1)
#define BROKER_TIME_FLAGS	(BROKER_ATIME | BROKER_ATIME_NOW | \
	BROKER_MTIME | BROKER_MTIME_NOW)

enum broker_op {
#define BROKER_OP(id, number, name, npaths, flags, writes) \
	BROKER_OP_##id = number,
#include "proto/broker.def"
#undef BROKER_OP
};

/* Followed by the paths, path_len[0] and path_len[1] bytes. */
struct broker_request {
	uint32_t op;		/* enum broker_op */
	uint32_t flags;
	uint32_t dir[2];
	uint32_t path_len[2];
	/* Times in nanoseconds; for readdir, where to go on and how many bytes
	 * are wanted. */
	uint64_t number[2];
};

struct broker_stat {
	uint64_t dev, ino, nlink, size;
	uint64_t atime, mtime, ctime;	/* nanoseconds */
	uint32_t type;		/* the S_IFMT bits of st_mode */
	uint32_t pad;
};

/* Followed by len bytes of data. */
struct broker_answer {
	int32_t error;		/* 0 or an errno; then the rest is 0 */
	uint32_t len;
	uint32_t dir;		/* open, socket: the handle of what is a
				 * directory or listens, BROKER_NO_DIR: a
				 * descriptor is attached */
	uint32_t sockets;	/* grants: how many were named */
	struct broker_stat stat;	/* open, stat */
};

/* The data of grants: one after the other, each followed by its name. */
struct broker_grant {
	uint32_t dir;
	uint32_t read_only;
	uint32_t name_len;
};

/* The data of readdir: one after the other, each followed by its name. */
struct broker_entry {
	uint64_t next;		/* where to go on behind it */
	uint64_t ino;		/* 0 for ".." */
	uint32_t name_len;
	uint32_t type;		/* as in struct broker_stat; 0: not known */
};

#endif
