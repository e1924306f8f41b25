/* Where clients connect. Runs in the daemon. */
#include "config.h"

#include "daemon/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/fd.h"
#include "base/log.h"

#define LISTEN_MAX	16
#define LISTEN_BACKLOG	1024
#define ACCEPT_TURN	16	/* accepted at once, before others have a turn */
#define ACCEPT_PAUSE_MS	200	/* when there are no descriptors left */

struct listener {
	struct sockaddr_un addr;	/* of our own socket */
	struct sockaddr_un handed;	/* of one that came with its lock */
	int lock;
	unsigned count;
	int fds[LISTEN_MAX];
	struct event *evs[LISTEN_MAX];
	struct event *pause;
	void (*on_accept)(void *arg, int fd);
	void *arg;
};

/* ---- opening ------------------------------------------------------------- */

static int
listener_adopt(struct listener *l, const struct listen_config *config,
	struct err *err)
{
	for (unsigned i = 0; i < config->nadopted && i < LISTEN_MAX; i++) {
		int fd = config->adopted[i], on = 0;
		struct sockaddr_storage addr;
		socklen_t len = sizeof(on), addr_len = sizeof(addr);

		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == -1 ||
		    getsockname(fd, (struct sockaddr *)&addr, &addr_len) == -1 ||
		    !on || addr.ss_family != AF_UNIX ||
		    fd_set_nonblock(fd) == -1 || fd_set_cloexec(fd) == -1)
			return err_set(err, 1, "descriptor %d, handed over, is "
				"not a listening Unix socket", fd);
		l->fds[l->count++] = fd;
		if (config->lock != -1)
			memcpy(&l->handed, &addr, sizeof(l->handed));
	}
	l->lock = config->lock;
	return l->lock == -1 ? 0 : fd_set_cloexec(l->lock);
}

/* The directory of a private daemon's socket: nobody else may put one there. */
static int
listener_make_dir(const char *path, struct err *err)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (slash == NULL || slash == path)
		return err_set(err, 1, "%s: not an absolute path", path);
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		return err_set(err, 1, "%s: %s", dir, strerror(errno));
	if (lstat(dir, &st) == -1)
		return err_set(err, 1, "%s: %s", dir, strerror(errno));
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 022) != 0)
		return err_set(err, 1, "%s: must be a directory of yours that "
			"nobody else can write to", dir);
	return 0;
}

/* Whoever holds the lock owns the path: a socket that is there is left over. */
static int
listener_lock(struct listener *l, struct err *err)
{
	char path[sizeof(l->addr.sun_path) + 8];

	snprintf(path, sizeof(path), "%s.lock", l->addr.sun_path);
	l->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (l->lock == -1)
		return err_set(err, 1, "%s: %s", path, strerror(errno));
	if (flock(l->lock, LOCK_EX | LOCK_NB) == -1)
		return err_set(err, 1, errno == EWOULDBLOCK ?
			"%s: another wasmd is listening there" :
			"%s: cannot be locked", l->addr.sun_path);
	return 0;
}

static int
listener_set_access(const struct listen_config *config, const char *path,
	struct err *err)
{
	mode_t mode = config->everyone ? 0666 :
		config->has_group ? 0660 : 0600;

	if (config->has_group && chown(path, (uid_t)-1, config->group) == -1)
		return err_set(err, 1, "%s: cannot be given to the group: %s",
			path, strerror(errno));
	if (chmod(path, mode) == -1)
		return err_set(err, 1, "%s: %s", path, strerror(errno));
	return 0;
}

static int
listener_bind(struct listener *l, const struct listen_config *config,
	struct err *err)
{
	const char *path = l->addr.sun_path;
	int fd;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return err_set(err, 1, "socket: %s", strerror(errno));
	l->fds[l->count++] = fd;
	if (unlink(path) == -1 && errno != ENOENT)
		return err_set(err, 1, "%s: %s", path, strerror(errno));
	if (bind(fd, (struct sockaddr *)&l->addr, sizeof(l->addr)) == -1)
		return err_set(err, 1, "%s: %s", path, strerror(errno));
	/* Nobody can connect before listen. */
	if (listener_set_access(config, path, err) == -1)
		return -1;
	if (listen(fd, LISTEN_BACKLOG) == -1)
		return err_set(err, 1, "%s: %s", path, strerror(errno));
	return 0;
}

static int
listener_open_own(struct listener *l, const struct listen_config *config,
	struct err *err)
{
	if (config->path == NULL)
		return err_set(err, 1, "--private without --socket needs "
			"XDG_RUNTIME_DIR");
	if (strlen(config->path) >= sizeof(l->addr.sun_path))
		return err_set(err, 1, "a socket's path has at most %zu bytes: "
			"%s", sizeof(l->addr.sun_path) - 1, config->path);
	if (config->is_private && listener_make_dir(config->path, err) == -1)
		return -1;
	l->addr.sun_family = AF_UNIX;
	strcpy(l->addr.sun_path, config->path);
	if (listener_lock(l, err) == -1) {
		l->addr.sun_path[0] = '\0';	/* not ours to remove */
		return -1;
	}
	return listener_bind(l, config, err);
}

struct listener *
listener_open(const struct listen_config *config, struct err *err)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		err_set(err, 1, "out of memory");
		return NULL;
	}
	l->lock = -1;
	if ((config->nadopted > 0 ? listener_adopt(l, config, err) :
		    listener_open_own(l, config, err)) == -1) {
		listener_close(l);
		return NULL;
	}
	return l;
}

/* ---- accepting ----------------------------------------------------------- */

void
listener_stop(struct listener *l)
{
	for (unsigned i = 0; i < l->count; i++)
		event_del(l->evs[i]);
	evtimer_del(l->pause);
}

void
listener_resume(struct listener *l)
{
	for (unsigned i = 0; i < l->count; i++)
		event_add(l->evs[i], NULL);
}

/* No descriptors or memory left: the queue of the socket holds the clients
 * until some connection or call has ended. */
static void
listener_pause(struct listener *l, int error)
{
	struct timeval tv = { 0, ACCEPT_PAUSE_MS * 1000 };

	log_warning("accept: %s: new connections wait", strerror(error));
	listener_stop(l);
	evtimer_add(l->pause, &tv);
}

static void
listener_on_pause_end(evutil_socket_t fd, short what, void *arg)
{
	listener_resume(arg);
}

static void
listener_on_accept(evutil_socket_t sock, short what, void *arg)
{
	struct listener *l = arg;

	for (int i = 0; i < ACCEPT_TURN; i++) {
		int fd = accept4(sock, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd != -1) {
			l->on_accept(l->arg, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			listener_pause(l, errno);
		return;
	}
}

int
listener_start(struct listener *l, struct event_base *base,
	void (*on_accept)(void *arg, int fd), void *arg)
{
	l->on_accept = on_accept;
	l->arg = arg;
	l->pause = evtimer_new(base, listener_on_pause_end, l);
	if (l->pause == NULL)
		return -1;
	for (unsigned i = 0; i < l->count; i++) {
		l->evs[i] = event_new(base, l->fds[i], EV_READ | EV_PERSIST,
			listener_on_accept, l);
		if (l->evs[i] == NULL || event_add(l->evs[i], NULL) == -1)
			return -1;
	}
	return 0;
}

int
listener_fds(const struct listener *l, struct fds *out, uint32_t *count,
	uint32_t *lock)
{
	*lock = l->lock != -1;
	*count = l->count;
	if (out->count + l->count + *lock > FD_PASS_MAX)
		return -1;
	for (unsigned i = 0; i < l->count; i++)
		out->fd[out->count++] = l->fds[i];
	if (*lock)
		out->fd[out->count++] = l->lock;
	return 0;
}

void
listener_take_path(struct listener *l)
{
	if (l->handed.sun_path[0] == '/')
		l->addr = l->handed;
}

void
listener_give_up(struct listener *l)
{
	if (l != NULL)
		l->addr.sun_path[0] = '\0';
	listener_close(l);
}

void
listener_close(struct listener *l)
{
	if (l == NULL)
		return;
	if (l->addr.sun_path[0] != '\0' && unlink(l->addr.sun_path) == -1 &&
	    errno != ENOENT)
		log_debug("%s: %s", l->addr.sun_path, strerror(errno));
	for (unsigned i = 0; i < l->count; i++) {
		if (l->evs[i] != NULL)
			event_free(l->evs[i]);
		fd_close(&l->fds[i]);
	}
	if (l->pause != NULL)
		event_free(l->pause);
	fd_close(&l->lock);
	free(l);
}
