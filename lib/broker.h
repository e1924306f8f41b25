/*
 * The broker: a process of the client's own that opens files of the granted
 * directories for one confined child, and holds the sockets that were named for
 * it. What its files share; the messages are
 * in proto/broker.h. Between lib/broker.c, which starts it in the client,
 * and its end it allocates nothing and calls only what is safe after a fork.
 */
#ifndef LIB_BROKER_H
#define LIB_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "lib/wasmd.h"
#include "proto/broker.h"

/* Directories that a child may have open at once, grants included. */
#define BROKER_DIRS_MAX 1024

struct broker_dir {
	int fd;			/* -1: the handle is free */
	bool read_only;
	bool is_socket;		/* one that listens, or was not asked for yet */
};

struct broker {
	int sock;
	int told;		/* the client waits for a word, or its end */
	size_t ngrants;
	struct wasmd_grant grants[BROKER_GRANTS_MAX];
	size_t nsockets;
	int sockets[BROKER_SOCKETS_MAX];	/* the client's numbers */
	/* The grants first, then the sockets. */
	struct broker_dir dirs[BROKER_DIRS_MAX];
	/* The request that is being served, its paths NUL-terminated. */
	struct broker_request request;
	char path[2][BROKER_PATH_MAX + 1];
	int came;		/* the descriptor that came with it, or -1 */
	/* Its answer. */
	struct {
		struct broker_answer head;
		char data[BROKER_DATA_MAX];
	} answer;
	int give;		/* the descriptor to go with it, or -1 */
};

/*
 * Give up all that the broker does not need: descriptors, signals, the session,
 * and what Landlock can deny but the grants. 0, or -1 with errno.
 */
int broker_confine(struct broker *b);

/* A request as it comes: the paths are behind it without anything between. */
struct broker_packet {
	struct broker_request request;
	char paths[2 * BROKER_PATH_MAX];
};

/* Serve the len bytes of one, with the descriptor b->came, if there is one:
 * fills in the answer. False: it is no request at all. */
bool broker_serve(struct broker *b, const struct broker_packet *p, size_t len);

/* ---- paths (broker_path.c) --------------------------------------------- */

/* openat(2) that does not leave dir, by whatever path. -1 with errno, EPERM
 * for an attempt to leave. */
int broker_open(int dir, const char *path, int flags, mode_t mode);

/* Where something is made, removed or found by the last name of a path. */
struct broker_place {
	int dir;
	bool opened;		/* dir is ours to close */
	const char *name;	/* one name, maybe with slashes behind it */
};

/* path is written to. 0, or -1 with errno. */
int broker_place_open(struct broker_place *p, int dir, char *path);
void broker_place_close(struct broker_place *p);

/* ---- requests (broker_ops.c, broker_open.c, broker_sock.c) -------------- */

/* One of proto/broker.def, checked: its handles are open, its flags known. 0,
 * or -1 with errno. */
#define BROKER_OP(id, number, name, npaths, flags, writes) \
	int broker_do_##id(struct broker *b);
#include "proto/broker.def"
#undef BROKER_OP

void broker_stat_set(struct broker_stat *to, const struct stat *st);

/* Whether a guest can have it: a stream, connected or listening. */
bool broker_socket_is_fit(int fd);

#endif
