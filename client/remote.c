/* A daemon of another machine, by way of ssh(1). Used by wasmctl. */
#include "client/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "lib/wasmd.h"

#define REMOTE_SCHEME "ssh://"
#define REMOTE_COMMAND "wasmctl proxy"
#define REMOTE_END_US 5000000ull	/* how long ssh may take to end */

#define REMOTE_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define REMOTE_DIGITS "0123456789"
#define REMOTE_WORD REMOTE_LETTERS REMOTE_DIGITS "._-"

/* ---- its address ------------------------------------------------------- */

struct remote_part {
	const char *name;
	const char *allowed;	/* the characters it may have */
	char *to;
	size_t size;
};

static int
remote_take(const struct remote_part *p, const char *from, size_t len,
	struct err *err)
{
	if (len == 0)
		return err_set(err, WASMD_ERROR_USAGE, "it has an empty %s",
			p->name);
	if (len >= p->size)
		return err_set(err, WASMD_ERROR_USAGE,
			"its %s has more than %zu bytes", p->name, p->size - 1);
	memcpy(p->to, from, len);
	p->to[len] = '\0';
	if (p->to[0] == '-' || strspn(p->to, p->allowed) != len)
		return err_set(err, WASMD_ERROR_USAGE,
			"its %s has characters that are not allowed: %s",
			p->name, p->to);
	return 0;
}

/* "host", "host:port", "[host]" or "[host]:port". */
static int
remote_parse_host(struct remote *r, const char *text, size_t len,
	struct err *err)
{
	const struct remote_part host = {
		"host", text[0] == '[' ? REMOTE_WORD ":%" : REMOTE_WORD,
		r->host, sizeof(r->host),
	};
	const struct remote_part port = {
		"port", REMOTE_DIGITS, r->port, sizeof(r->port),
	};
	const char *end = text + len;
	const char *stop = memchr(text, text[0] == '[' ? ']' : ':', len);
	const char *from = text[0] == '[' ? text + 1 : text;

	if (text[0] == '[' && stop == NULL)
		return err_set(err, WASMD_ERROR_USAGE, "its host has no ]");
	if (stop == NULL)
		stop = end;
	if (remote_take(&host, from, (size_t)(stop - from), err) == -1)
		return -1;
	if (stop < end && *stop == ']')
		stop++;
	if (stop == end)
		return 0;
	if (*stop != ':')
		return err_set(err, WASMD_ERROR_USAGE,
			"only a port may follow its host");
	return remote_take(&port, stop + 1, (size_t)(end - stop - 1), err);
}

static int
remote_parse_parts(struct remote *r, const char *text, struct err *err)
{
	const struct remote_part user = {
		"user", REMOTE_WORD "+@", r->user, sizeof(r->user),
	};
	const struct remote_part path = {
		"socket", REMOTE_WORD "/+@:,=%", r->socket, sizeof(r->socket),
	};
	size_t len = strcspn(text, "/");
	const char *at = memrchr(text, '@', len);

	if (at != NULL) {
		if (remote_take(&user, text, (size_t)(at - text), err) == -1)
			return -1;
		len -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	if (len == 0)
		return err_set(err, WASMD_ERROR_USAGE, "it has an empty host");
	if (remote_parse_host(r, text, len, err) == -1)
		return -1;
	text += len;
	/* A slash alone says nothing. */
	return strlen(text) < 2 ? 0 :
		remote_take(&path, text, strlen(text), err);
}

int
remote_parse(struct remote *r, const char *text, struct err *err)
{
	*r = (struct remote){ .user = "" };
	if (strncmp(text, REMOTE_SCHEME, strlen(REMOTE_SCHEME)) != 0)
		return err_set(err, WASMD_ERROR_USAGE,
			"a machine is named ssh://[user@]host[:port]");
	return remote_parse_parts(r, text + strlen(REMOTE_SCHEME), err);
}

/* ---- ssh --------------------------------------------------------------- */

/*
 * In the child. Signals of the terminal are ours to act upon: ssh is needed to
 * tell the daemon. When we end early it must not go on asking for a password:
 * this one signal has it put the terminal right before it ends.
 */
static void
remote_exec(const char *program, const char *const *words, int sock,
	pid_t parent, int failure)
{
	int error;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGALRM) == -1 || getppid() != parent ||
	    dup2(sock, STDIN_FILENO) == -1 || dup2(sock, STDOUT_FILENO) == -1)
		_exit(127);
	execvp(program, (char *const *)words);
	error = errno;
	fd_write_all(failure, &error, sizeof(error));
	_exit(127);
}

/* What ssh is told. Behind the host it would still look for options, but there
 * is only what it is to run over there. */
static void
remote_words(const struct remote *r, const char *program, char *command,
	size_t size, const char *words[static 10])
{
	size_t n = 0;

	words[n++] = program;
	words[n++] = "-T";
	if (r->user[0] != '\0') {
		words[n++] = "-l";
		words[n++] = r->user;
	}
	if (r->port[0] != '\0') {
		words[n++] = "-p";
		words[n++] = r->port;
	}
	words[n++] = "--";
	words[n++] = r->host;
	snprintf(command, size, "%s%s%s", REMOTE_COMMAND,
		r->socket[0] != '\0' ? " --socket " : "", r->socket);
	words[n++] = command;
	words[n] = NULL;
}

static int
remote_run(const struct remote *r, int sock, pid_t *pid, struct err *err)
{
	const char *named = getenv("WASMD_SSH");
	const char *program = named != NULL && named[0] != '\0' ? named : "ssh";
	char command[sizeof(REMOTE_COMMAND) + 16 + REMOTE_SOCKET_MAX];
	const char *words[10];
	pid_t parent = getpid();
	int failure[2], error;

	remote_words(r, program, command, sizeof(command), words);
	if (pipe2(failure, O_CLOEXEC) == -1)
		return err_set(err, WASMD_ERROR_INTERNAL, "%s", strerror(errno));
	*pid = fork();
	if (*pid == 0)
		remote_exec(program, words, sock, parent, failure[1]);
	fd_close(&failure[1]);
	if (*pid == -1)
		err_set(err, WASMD_ERROR_INTERNAL, "cannot fork: %s",
			strerror(errno));
	else if (fd_read_all(failure[0], &error, sizeof(error)) == 0)
		err_set(err, WASMD_ERROR_INTERNAL, "cannot run %s: %s", program,
			strerror(error));
	fd_close(&failure[0]);
	return err->code == 0 ? 0 : -1;
}

int
remote_start(const struct remote *r, pid_t *pid, struct err *err)
{
	int sock[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock) == -1)
		return err_set(err, WASMD_ERROR_INTERNAL, "%s", strerror(errno));
	if (remote_run(r, sock[1], pid, err) == -1)
		fd_close(&sock[0]);
	fd_close(&sock[1]);
	return sock[0];
}

/* ---- its end ----------------------------------------------------------- */

/* Its exit status; -1 when it was killed or does not end. */
static int
remote_wait(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	uint64_t end = clock_monotonic_us() + REMOTE_END_US;
	int status;

	while (clock_monotonic_us() < end) {
		pid_t ended = waitpid(pid, &status, WNOHANG);

		if (ended == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		if (ended == -1)
			return -1;
		nanosleep(&pause, NULL);
	}
	return -1;
}

void
remote_explain(pid_t pid, struct err *err)
{
	struct err why = ERR_NONE;
	int status;

	if (err->code == WASMD_ERROR_PROTOCOL) {
		err_set(&why, err->code, "%s; does a file that the shell there "
			"reads at its start print something?", err->text);
		*err = why;
		return;
	}
	if (err->code != WASMD_ERROR_UNAVAILABLE)
		return;
	status = remote_wait(pid);
	switch (status) {
	case 125:	/* it has said why */
		err_set(&why, err->code, "wasmctl proxy found no daemon there");
		break;
	case 126:
	case 127:
		err_set(&why, err->code, "there is no wasmctl in the PATH that "
			"ssh gives a command there");
		break;
	case 255:
		err_set(&why, err->code, "ssh failed");
		break;
	default:
		err_set(&why, err->code, status == -1 ? "ssh was ended" :
			"ssh or wasmctl proxy there ended with exit code %d",
			status);
	}
	*err = why;
}
