/* A broker in the place of guest/files.h. */
#include "config.h"

#include "fuzz/wasi_broker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/files.h"

#define FIRST_FD 200	/* no other descriptor is behind it */
#define FILE_MOST (4u << 20)
#define ANSWER_SOME 600	/* bytes of an answer of rubbish */

static const struct {
	unsigned npaths;
	uint32_t flags;
} ops[] = {
#define BROKER_OP(id, number, name, npaths, flags, writes) \
	[number] = { npaths, flags },
#include "proto/broker.def"
#undef BROKER_OP
};

/* The input from its end, over and over. */
static struct {
	const uint8_t *data;
	size_t len, at;
} source;

static uint8_t data[BROKER_DATA_MAX];
static volatile uint8_t sink;

/* Files, which are memory, are to stay small. */
static void
limit_files(void)
{
	const struct rlimit limit = { FILE_MOST, FILE_MOST };

	if (setrlimit(RLIMIT_FSIZE, &limit) == -1 ||
	    signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		abort();
}

void
broker_start(const uint8_t *bytes, size_t len)
{
	static bool limited;

	if (!limited)
		limit_files();
	limited = true;
	source.data = bytes;
	source.len = source.at = len;
}

void
broker_stop(void)
{
	close_range(FIRST_FD, ~0u, 0);
}

static uint8_t
next_byte(void)
{
	if (source.len == 0)
		return 0;
	if (source.at == 0)
		source.at = source.len;
	return source.data[--source.at];
}

/* ---- what is asked ------------------------------------------------------- */

static void
check_request(const struct broker_request *r, const struct files_path *paths,
	unsigned npaths, int pass)
{
	if (r->op >= sizeof(ops) / sizeof(ops[0]) ||
	    (r->flags & ~ops[r->op].flags) != 0 ||
	    npaths != ops[r->op].npaths ||
	    (pass >= FIRST_FD) != (r->op == BROKER_OP_FILE_TIMES ||
	    r->op == BROKER_OP_SHUTDOWN))
		abort();
	for (unsigned i = 0; i < npaths; i++) {
		if (paths[i].len > BROKER_PATH_MAX)
			abort();
		for (uint32_t k = 0; k < paths[i].len; k++)
			sink ^= (uint8_t)paths[i].data[k];
	}
}

/* ---- what is answered ---------------------------------------------------- */

static uint32_t
put(uint32_t at, const void *bytes, size_t len)
{
	if (len > sizeof(data) - at)
		return at;
	memcpy(data + at, bytes, len);
	return at + (uint32_t)len;
}

static uint32_t
put_grants(void)
{
	static const char *const names[] = { "/", ".", "a/b", "" };
	uint32_t n = next_byte() % 6, at = 0;

	for (uint32_t i = 0; i < n; i++) {
		const char *name = names[next_byte() % 4];
		struct broker_grant g = { i, next_byte() & 1,
			(uint32_t)strlen(name) };

		at = put(at, &g, sizeof(g));
		at = put(at, name, g.name_len);
	}
	return at;
}

static uint32_t
put_entries(void)
{
	uint32_t n = next_byte() % 20, at = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct broker_entry e = { .next = next_byte(),
			.ino = next_byte(), .name_len = next_byte() % 40,
			.type = (uint32_t)next_byte() << 8 };

		at = put(at, &e, sizeof(e));
		at = put(at, "0123456789012345678901234567890123456789",
			e.name_len);
	}
	return at;
}

static uint32_t
put_rubbish(void)
{
	uint32_t n = next_byte() * 4u % ANSWER_SOME;

	for (uint32_t i = 0; i < n; i++)
		data[i] = next_byte();
	return n;
}

static int
new_file(void)
{
	int fd = memfd_create("file", MFD_CLOEXEC);
	int high = fd == -1 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);

	if (fd != -1)
		close(fd);
	if (high != -1 && ftruncate(high, next_byte()) == -1)
		abort();
	return high;
}

static void
answer_open(struct files_answer *a)
{
	if ((next_byte() & 3) == 0) {
		a->head.dir = next_byte();
		a->head.stat.type = S_IFDIR;
		return;
	}
	a->head.dir = BROKER_NO_DIR;
	a->head.stat.type = (uint32_t)next_byte() << 8;
	a->fd = new_file();
	if (a->fd == -1)
		a->head.error = ENFILE;
}

int
files_ask(struct broker_request *r, const struct files_path *paths,
	unsigned npaths, int pass, struct files_answer *a)
{
	uint8_t how = next_byte();

	check_request(r, paths, npaths, pass);
	*a = (struct files_answer){ .data = data, .fd = -1 };
	if (how < 40)
		a->head.error = how + 1;
	else if (how < 60)
		a->head.len = put_rubbish();
	else if (r->op == BROKER_OP_GRANTS)
		a->head.len = put_grants();
	else if (r->op == BROKER_OP_READDIR)
		a->head.len = put_entries();
	else if (r->op == BROKER_OP_READLINK)
		a->head.len = put_rubbish();
	a->head.stat = (struct broker_stat){ .size = next_byte(),
		.ino = next_byte(), .type = (uint32_t)next_byte() << 8 };
	if (r->op == BROKER_OP_GRANTS)
		a->head.sockets = next_byte() & 3;
	if ((r->op == BROKER_OP_OPEN || r->op == BROKER_OP_SOCKET ||
	    r->op == BROKER_OP_ACCEPT) && a->head.error == 0)
		answer_open(a);
	return a->head.error;
}

int
files_stat(int fd, struct broker_stat *to)
{
	struct stat st;

	if (fd < FIRST_FD || fstat(fd, &st) == -1)
		abort();
	*to = (struct broker_stat){ .ino = st.st_ino, .nlink = st.st_nlink,
		.size = (uint64_t)st.st_size, .type = st.st_mode & S_IFMT };
	return 0;
}
