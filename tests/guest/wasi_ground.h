/*
 * The ground for tests of every function of WASI: granted directories with all
 * that errors can be made from, the real broker, descriptors of each kind, and
 * names in the guest's memory. New for each test.
 */
#ifndef TESTS_GUEST_WASI_GROUND_H
#define TESTS_GUEST_WASI_GROUND_H

#include "tests/guest/wasi_fake.h"

#define GROUND_FILES 22		/* the call's limit, with the grants */

enum {	/* descriptors */
	LISTENER = 3,	/* a socket that listens */
	CONN,		/* a connection, to ground_peer */
	ROOT,		/* may be written to */
	RO,		/* may not */
	WHOLE,		/* has the mounts in it */
	SMALL,		/* a file system that is full */
	DEVICES,	/* the host's devices */
	FILE_FD_ALL,	/* of ROOT's "file", with all rights */
	DIR_FD,		/* of ROOT's "sub" */
	POOR,		/* as FILE_FD_ALL, but gave all rights away */
	POOR_DIR,	/* as DIR_FD, likewise */
	READER,		/* opened for reading */
	WRITER,		/* opened for writing */
	FIFO,		/* both ends, not blocking */
	GONE,		/* a directory that was removed */
	RO_FILE,	/* of RO's "file" */
	FULL,		/* a file of SMALL */
	GROUND_NEXT,
	NOT_OPEN = 99
};

/* Where things are in the memory; the odd ones on purpose. */
#define OUT 1001u
#define OUT2 1101u
#define IOVS 2001u		/* one buffer of five bytes at BUF */
#define IOVS_BEYOND 2101u	/* one that ends behind the memory */
#define IOVS_HUGE 2201u		/* two that are longer than 32 bits count */
#define SUBS 2301u		/* a subscription, for poll_oneoff */
#define NAMES 3000u
#define NAME_BYTES 64u
#define LONG_NAME 9000u		/* 4096 times the same letter */
#define BUF 16000u
#define END FAKE_MEMORY
#define ALL ((UINT64_C(1) << 30) - 1)

/* Names in the memory: P(id) is the address and the length of one. */
#define GROUND_NAMES(NAME) \
	NAME(FILE, "file") NAME(NONE, "none") NAME(NEW, "new") \
	NAME(SUB, "sub") NAME(EMPTY_DIR, "empty") NAME(LINK, "link") \
	NAME(SELF, "loop") NAME(IN_LOOP, "loop/x") NAME(IN_FILE, "file/x") \
	NAME(IN_NONE, "none/x") NAME(UP, "../x") NAME(WITH_NUL, "a\0b") \
	NAME(IN_DARK, "dark/x") NAME(IN_LOCKED, "locked/new") \
	NAME(LOCKED_FILE, "locked/file") NAME(LOCKED_DIR, "locked/dir") \
	NAME(IN_SUB, "sub/inner") NAME(FIFO, "fifo") NAME(SOCKET, "socket") \
	NAME(PROGRAM, "program") NAME(MOUNT, "small") NAME(BOUND, "bound") \
	NAME(ABSOLUTE, "/x") NAME(ALIEN, "alien") NAME(NULL_DEVICE, "null") \
	NAME(SECRET, "secret") NAME(BELOW_SUB, "sub/below")

enum {
#define NAME(id, text) INDEX_##id,
	GROUND_NAMES(NAME)
#undef NAME
};

enum {
#define NAME(id, text) \
	AT_##id = NAMES + NAME_BYTES * INDEX_##id, LEN_##id = sizeof(text) - 1,
	GROUND_NAMES(NAME)
#undef NAME
};

#define P(id) AT_##id, LEN_##id

/* Once, before all: mounts and files of others where that is allowed, then
 * without privileges, as these know no errors. 0 or -1. */
int ground_prepare(void);
void ground_remove(void);

/* The other end of CONN, not blocking. */
extern int ground_peer;

/* Connect to LISTENER. */
void ground_dial(void);

/* Whether there are the mounts, and the file of another user. */
bool ground_has_mounts(void);
bool ground_has_alien(void);

/* cmocka's setup and teardown. */
int ground_setup(void **state);
int ground_teardown(void **state);

/* The host's path of a name in ROOT; good until the eighth next call. */
const char *ground_host(const char *name);

#endif
