/*
 * The broker's start, in the client, and its loop: requests of a hostile child
 * in, checked; answers out. Ends when the child's end of the socket is closed.
 */
#include "config.h"

#include "lib/broker.h"

#include <errno.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "lib/error.h"
#include "lib/given.h"

_Static_assert(WASMD_GRANTS_MAX == BROKER_GRANTS_MAX &&
	WASMD_GRANTS_MAX == BROKER_SOCKETS_MAX, "the header says so");

static const struct op {
	int (*run)(struct broker *b);
	uint32_t npaths;
	uint32_t flags;
	uint32_t writes;
} ops[] = {
#define BROKER_OP(id, number, name, npaths, flags, writes) \
	[number] = { broker_do_##id, npaths, flags, writes },
#include "proto/broker.def"
#undef BROKER_OP
};
#define OPS (sizeof(ops) / sizeof(ops[0]))

/* ---- requests ---------------------------------------------------------- */

/* Whether it is a request at all, whose paths are as long as it says. */
static bool
packet_is_valid(const struct broker_packet *p, size_t len)
{
	const struct broker_request *r = &p->request;
	const struct op *op;

	if (len < sizeof(*r) || r->op >= OPS || ops[r->op].run == NULL)
		return false;
	op = &ops[r->op];
	return (r->flags & ~op->flags) == 0 &&
		r->path_len[0] <= BROKER_PATH_MAX &&
		r->path_len[1] <= BROKER_PATH_MAX &&
		(op->npaths >= 1 || r->path_len[0] == 0) &&
		(op->npaths == 2 || r->path_len[1] == 0) &&
		len - sizeof(*r) == r->path_len[0] + r->path_len[1];
}

static int
take_paths(struct broker *b, const struct broker_packet *p)
{
	const char *from = p->paths;

	for (int n = 0; n < 2; n++) {
		size_t len = b->request.path_len[n];

		if (memchr(from, '\0', len) != NULL) {
			errno = EINVAL;
			return -1;
		}
		memcpy(b->path[n], from, len);
		b->path[n][len] = '\0';
		from += len;
	}
	return 0;
}

/* Handles of directories, or none. */
static bool
op_names_dirs(const struct op *op)
{
	return op->run != broker_do_GRANTS && op->run != broker_do_FILE_TIMES &&
		op->run != broker_do_SOCKET && op->run != broker_do_SHUTDOWN;
}

/* The directories that a request names are open, and may be written to if that
 * is what it does. Only accepting and closing is of sockets. */
static int
check_dirs(const struct broker *b, const struct op *op)
{
	uint32_t ndirs = op->writes == 3 ? 2 : 1;

	if (!op_names_dirs(op))
		return 0;
	for (uint32_t n = 0; n < ndirs; n++) {
		uint32_t dir = b->request.dir[n];

		if (dir >= BROKER_DIRS_MAX || b->dirs[dir].fd == -1) {
			errno = EBADF;
			return -1;
		}
		if (b->dirs[dir].is_socket != (op->run == broker_do_ACCEPT) &&
		    op->run != broker_do_CLOSE) {
			errno = b->dirs[dir].is_socket ? ENOTDIR : ENOTSOCK;
			return -1;
		}
	}
	for (uint32_t n = 0; n < ndirs; n++) {
		if ((op->writes >> n & 1) != 0 &&
		    b->dirs[b->request.dir[n]].read_only) {
			errno = EROFS;
			return -1;
		}
	}
	return 0;
}

bool
broker_serve(struct broker *b, const struct broker_packet *p, size_t len)
{
	const struct op *op;

	if (!packet_is_valid(p, len))
		return false;
	op = &ops[p->request.op];
	b->request = p->request;
	memset(&b->answer.head, 0, sizeof(b->answer.head));
	b->answer.head.dir = BROKER_NO_DIR;
	b->give = -1;
	if (take_paths(b, p) == 0 && check_dirs(b, op) == 0 &&
	    op->run(b) == 0)
		return true;
	memset(&b->answer.head, 0, sizeof(b->answer.head));
	b->answer.head.error = errno;
	return true;
}

static noreturn void
broker_run(struct broker *b)
{
	static struct broker_packet p;
	size_t ncame;
	ssize_t len;

	for (;;) {
		b->came = -1;
		len = fd_recv(b->sock, &p, sizeof(p), &b->came, 1, &ncame);
		if (len <= 0)
			_exit(0);
		if (ncame == 0)
			b->came = -1;
		if (!broker_serve(b, &p, (size_t)len))
			_exit(0);
		fd_close(&b->came);
		if (fd_send(b->sock, &b->answer, sizeof(b->answer.head) +
			    b->answer.head.len, &b->give, b->give != -1) == -1)
			_exit(0);
		fd_close(&b->give);
	}
}

/* ---- the start, in the client ------------------------------------------ */

static int
start_check(const struct wasmd_grants *g, struct err *err)
{
	struct stat st;

	if (g->count > BROKER_GRANTS_MAX || g->nsockets > BROKER_SOCKETS_MAX ||
	    g->count + g->nsockets == 0)
		return err_set(err, PROTO_ERROR_USAGE,
			"at most %u directories and %u sockets can be granted, "
			"and at least one", BROKER_GRANTS_MAX,
			BROKER_SOCKETS_MAX);
	for (size_t i = 0; i < g->count; i++) {
		const char *name = g->dirs[i].name;

		if (name[0] == '\0' || strlen(name) > BROKER_NAME_MAX)
			return err_set(err, PROTO_ERROR_USAGE,
				"a granted directory's name has 1 to %u bytes",
				BROKER_NAME_MAX);
		if (fstat(g->dirs[i].dir, &st) == -1 || !S_ISDIR(st.st_mode))
			return err_set(err, PROTO_ERROR_USAGE,
				"what is granted as %s is no directory", name);
	}
	for (size_t i = 0; i < g->nsockets; i++)
		if (!broker_socket_is_fit(g->sockets[i]))
			return err_set(err, PROTO_ERROR_USAGE,
				"descriptor %d is no stream socket that "
				"listens or is connected", g->sockets[i]);
	return 0;
}

/* In the broker: never returns. Says by errno on told how its start went. */
static noreturn void
start_run(const struct wasmd_grants *g, int sock, int told)
{
	static struct broker broker;
	struct broker *b = &broker;
	int error;

	b->sock = sock;
	b->told = told;
	b->ngrants = g->count;
	b->nsockets = g->nsockets;
	for (size_t i = 0; i < g->count; i++)
		b->grants[i] = g->dirs[i];
	for (size_t i = 0; i < g->nsockets; i++)
		b->sockets[i] = g->sockets[i];
	for (size_t i = 0; i < BROKER_DIRS_MAX; i++)
		b->dirs[i].fd = -1;
	if (broker_confine(b) == -1) {
		error = errno;
		send(b->told, &error, sizeof(error), MSG_NOSIGNAL);
		_exit(1);
	}
	fd_close(&b->told);
	broker_run(b);
}

/* Wait for the word of the broker, or for its silence. */
static int
start_wait(int told, struct err *err)
{
	int error = 0;
	ssize_t n;

	do {
		n = recv(told, &error, sizeof(error), 0);
	} while (n == -1 && errno == EINTR);
	if (n == 0)
		return 0;
	return err_set(err, PROTO_ERROR_INTERNAL,
		"cannot make a process for what is granted: %s",
		strerror(n == sizeof(error) ? error : errno));
}

/* Fork twice, so that nobody has to wait for the broker's end. */
static int
start_fork(const struct wasmd_grants *g, int sock, int told)
{
	pid_t pid = fork();
	int status;

	if (pid == -1)
		return -1;
	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			start_run(g, sock, told);
		_exit(pid == -1 ? errno & 0x7f : 0);
	}
	while (waitpid(pid, &status, 0) == -1) {
		/* A program that ignores SIGCHLD has no children to ask for. */
		if (errno != EINTR)
			return 0;
	}
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EAGAIN;
	return errno == 0 ? 0 : -1;
}

static int
start(const struct wasmd_grants *g, struct err *err)
{
	int socks[2] = { -1, -1 }, tells[2] = { -1, -1 };
	int ret = -1;

	if (start_check(g, err) == -1)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, tells) == -1 ||
	    start_fork(g, socks[0], tells[0]) == -1) {
		err_set(err, PROTO_ERROR_INTERNAL,
			"cannot make a process for what is granted: %s",
			strerror(errno));
		goto out;
	}
	fd_close(&tells[0]);
	ret = start_wait(tells[1], err);
out:
	fd_close(&socks[0]);
	fd_close(&tells[0]);
	fd_close(&tells[1]);
	if (ret == -1)
		fd_close(&socks[1]);
	return socks[1];
}

int
wasmd_broker_start(const struct wasmd_grants *given, struct wasmd_error *error)
{
	struct err err = ERR_NONE;
	struct wasmd_grants g;
	int sock = -1;

	if (given_take(&g, sizeof(g), given, "grants", &err) == 0)
		sock = start(&g, &err);
	return sock != -1 ? sock : error_give(error, &err);
}
