/* The child's side of the broker. */
#include "config.h"

#include "guest/files.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "guest/hot.h"
#include "sandbox/call.h"

static struct {
	bool broken;		/* not to be asked again */
	struct {
		struct broker_request request;
		char paths[2 * BROKER_PATH_MAX];
	} out;
	struct {
		struct broker_answer answer;
		uint8_t data[BROKER_DATA_MAX];
	} in;
} files GUEST_COLD;

/* Append the paths behind the request. Returns the packet's length. */
static size_t
pack_request(struct broker_request *r, const struct files_path *paths,
    unsigned npaths)
{
	char *to = files.out.paths;

	for (unsigned i = 0; i < npaths; i++) {
		r->path_len[i] = paths[i].len;
		memcpy(to, paths[i].data, paths[i].len);
		to += paths[i].len;
	}
	files.out.request = *r;
	return sizeof(*r) + (size_t)(to - files.out.paths);
}

/* Whether a descriptor comes with this answer if it is no handle. */
static bool
op_opens(uint32_t op)
{
	return op == BROKER_OP_OPEN || op == BROKER_OP_SOCKET ||
	    op == BROKER_OP_ACCEPT;
}

/* Whether the answer is one to this question: a file comes if one was opened,
 * and never else. */
static bool
answer_fits(const struct broker_request *r, const struct files_answer *a,
    size_t len)
{
	bool opened = op_opens(r->op) && a->head.error == 0;

	return a->head.error >= 0 && len - sizeof(a->head) == a->head.len &&
	    (a->fd != -1) == (opened && a->head.dir == BROKER_NO_DIR);
}

static int
give_up(struct files_answer *a)
{
	fd_close(&a->fd);
	files.broken = true;
	return EIO;
}

int
files_ask(struct broker_request *r, const struct files_path *paths,
    unsigned npaths, int pass, struct files_answer *a)
{
	size_t len = pack_request(r, paths, npaths), nfds;
	ssize_t n;

	a->fd = -1;
	if (files.broken)
		return EIO;
	if (fd_send(BROKER_FD, &files.out, len, &pass, pass != -1) == -1)
		return give_up(a);
	n = fd_recv(BROKER_FD, &files.in, sizeof(files.in), &a->fd, 1, &nfds);
	/* It fits, so it is the descriptor for which there was no room. */
	if (n == -1 && errno == EMSGSIZE)
		return ENFILE;
	if (nfds == 0)
		a->fd = -1;
	if (n < (ssize_t)sizeof(a->head))
		return give_up(a);
	a->head = files.in.answer;
	a->data = files.in.data;
	if (!answer_fits(r, a, (size_t)n))
		return give_up(a);
	return a->head.error;
}

static uint64_t
nanoseconds(struct timespec ts)
{
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int
files_stat(int fd, struct broker_stat *to)
{
	struct stat st;

	if (syscall(SYS_fstat, fd, &st) == -1)
		return -1;
	*to = (struct broker_stat){
		.dev = st.st_dev,
		.ino = st.st_ino,
		.nlink = st.st_nlink,
		.size = (uint64_t)st.st_size,
		.atime = nanoseconds(st.st_atim),
		.mtime = nanoseconds(st.st_mtim),
		.ctime = nanoseconds(st.st_ctim),
		.type = st.st_mode & S_IFMT,
	};
	return 0;
}
