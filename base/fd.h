/*
 * File descriptors: whole reads and writes, flags, and passing descriptors
 * over Unix sockets (unix(7), SCM_RIGHTS).
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#define FD_PASS_MAX 9	/* descriptors in one message */

/* Descriptors that came or go together. */
struct fds {
	size_t count;
	int fd[FD_PASS_MAX];
};

int fd_set_nonblock(int fd);
int fd_set_cloexec(int fd);

/* close(2) if *fd is open, and mark it closed (-1). Keeps errno. */
void fd_close(int *fd);

/* Close all of them and forget them. Keeps errno. */
void fds_close(struct fds *fds);

/* All len bytes, through EINTR. 0, or -1 (fd_read_all: also at early EOF,
 * with errno 0). For blocking descriptors. */
int fd_write_all(int fd, const void *data, size_t len);
int fd_read_all(int fd, void *data, size_t len);

/*
 * One message with up to FD_PASS_MAX descriptors. fd_send: 0 or -1.
 * fd_recv: bytes received, 0 at EOF, -1 on error; received descriptors are
 * close-on-exec and belong to the caller, *nfds says how many. A message that
 * carried more than max descriptors, or was cut, is an error (EMSGSIZE) and
 * leaves no descriptor open.
 */
int fd_send(int sock, const void *data, size_t len, const int *fds, size_t nfds);
ssize_t fd_recv(int sock, void *data, size_t len, int *fds, size_t max,
	size_t *nfds);

/* The same by another function than sendmsg(2) or recvmsg(2). */
int fd_send_by(ssize_t (*send)(int sock, const struct msghdr *msg, int flags),
	int sock, const void *data, size_t len, const int *fds, size_t nfds);
ssize_t fd_recv_by(ssize_t (*recv)(int sock, struct msghdr *msg, int flags),
	int sock, void *data, size_t len, int *fds, size_t max, size_t *nfds);

#endif
