/*
 * libFuzzer target: what a child that was taken over says to the broker of the
 * granted directories. Nothing outside of them is ever opened, told of or
 * changed, nor what may only be read changed; and this by the broker's own
 * checks, as Landlock, which would stop the same, is not in force here.
 *
 * Input: requests, one after the other. A byte for the operation, two for the
 * flags, one each for both handles, both paths' lengths and the numbers, then
 * the paths, where some bytes stand for whole names. An operation from 200 on
 * is a packet as it comes: two bytes for its length, then that.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fuzz/broker_tree.h"
#include "lib/broker.h"

#define OP_RAW 200
#define REQUESTS_MAX 64
#define HANDLES 8	/* most requests are about these */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes of a path that stand for more. */
static const char *const words[] = {
	"..", "/", ".", "a", "d", "d/f", "d/e", "la", "lr", "ld", "lo", "li",
	"lj", "ls", "lp", "lq", "p", "x", "x/y", "r", "l", "m", "../", "../out",
	"../out/secret", "/proc/self/fd/", "/etc/passwd", "d/lu", "new", "//",
	"secret", "../ro/r",
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static struct {
	const uint8_t *data;
	size_t left;
} input;

static struct broker broker;
static struct broker_packet packet;
static int last;	/* the file that was given last, or -1 */

static void
fail(const char *what)
{
	fprintf(stderr, "%s: op %u, flags 0x%x, \"%s\", \"%s\"\n", what,
		broker.request.op, broker.request.flags, broker.path[0],
		broker.path[1]);
	abort();
}

/* ---- requests ---------------------------------------------------------- */

static uint8_t
take_byte(void)
{
	if (input.left == 0)
		return 0;
	input.left--;
	return *input.data++;
}

static uint32_t
take_path(char *to, uint32_t room)
{
	unsigned n = take_byte() % 32;
	uint32_t len = 0;

	while (n-- > 0) {
		uint8_t byte = take_byte();
		const char literal[] = { (char)byte, '\0' };
		const char *word = byte < WORDS ? words[byte] : literal;
		size_t more = byte >= WORDS ? 1 : strlen(word);

		if (more > room - len)
			break;
		memcpy(to + len, word, more);
		len += (uint32_t)more;
	}
	return len;
}

static size_t
take_raw(void)
{
	size_t len = take_byte() | (size_t)take_byte() << 8;

	if (len > sizeof(packet))
		len = sizeof(packet);
	if (len > input.left)
		len = input.left;
	memset(&packet, 0, sizeof(packet.request));
	memcpy(&packet, input.data, len);
	input.data += len;
	input.left -= len;
	return len;
}

/* A request whose lengths are right; else few would get further. */
static size_t
take_request(void)
{
	static const uint8_t npaths[] = {
#define BROKER_OP(id, number, name, npaths, flags, writes) [number] = npaths,
#include "proto/broker.def"
#undef BROKER_OP
	};
	struct broker_request *r = &packet.request;
	uint8_t op = take_byte();

	if (op >= OP_RAW)
		return take_raw();
	memset(r, 0, sizeof(*r));
	r->op = op % sizeof(npaths);
	r->flags = take_byte();
	r->flags |= (uint32_t)take_byte() << 8;
	for (int i = 0; i < 2; i++) {
		r->dir[i] = take_byte() % HANDLES;
		r->number[i] = (uint64_t)take_byte() << (take_byte() % 64);
	}
	if (npaths[r->op] > 0)
		r->path_len[0] = take_path(packet.paths, BROKER_PATH_MAX);
	if (npaths[r->op] > 1)
		r->path_len[1] = take_path(packet.paths + r->path_len[0],
			BROKER_PATH_MAX);
	return sizeof(*r) + r->path_len[0] + r->path_len[1];
}

/* ---- what must hold ------------------------------------------------------ */

/* A file that goes to the child. */
static void
check_given(void)
{
	const int mode = fcntl(broker.give, F_GETFL) & O_ACCMODE;
	struct stat st;

	if (broker.answer.head.error != 0)
		fail("a descriptor with an error");
	if (fstat(broker.give, &st) == -1 || S_ISDIR(st.st_mode))
		fail("a directory was given");
	if (tree_is_outside(st.st_dev, st.st_ino))
		fail("a file outside was given");
	switch (tree_part_of(broker.give)) {
	case TREE_OUTSIDE:
		fail("what lies outside was given");
		break;
	case TREE_READ_ONLY:
		if (mode != O_RDONLY)
			fail("a read-only file can be written to");
		break;
	default:
		break;
	}
}

static void
check_dirs(void)
{
	for (unsigned i = 0; i < BROKER_DIRS_MAX; i++) {
		const struct broker_dir *d = &broker.dirs[i];
		enum tree_part part;

		if (d->fd == -1)
			continue;
		part = tree_part_of(d->fd);
		if (part == TREE_OUTSIDE)
			fail("a directory outside is open");
		if (part != TREE_GONE &&
		    d->read_only != (part == TREE_READ_ONLY))
			fail("a directory is of the wrong kind");
	}
}

static void
check_entries(void)
{
	const char *at = broker.answer.data;
	const char *end = at + broker.answer.head.len;
	struct broker_entry e;

	while (at < end) {
		if ((size_t)(end - at) < sizeof(e))
			fail("half an entry");
		memcpy(&e, at, sizeof(e));
		at += sizeof(e);
		if (e.name_len == 0 || e.name_len > (size_t)(end - at))
			fail("an entry without its name");
		if (e.name_len == 2 && memcmp(at, "..", 2) == 0 && e.ino != 0)
			fail("the number of what is outside");
		at += e.name_len;
	}
}

static void
check_answer(void)
{
	static const struct broker_answer none;
	const struct broker_answer *a = &broker.answer.head;
	struct broker_answer failed = none;

	if (a->len > BROKER_DATA_MAX || a->error < 0)
		fail("an answer of no form");
	failed.error = a->error;
	if (a->error != 0 && memcmp(a, &failed, sizeof(failed)) != 0)
		fail("an answer besides an error");
	if (a->stat.ino != 0 && tree_is_outside(a->stat.dev, a->stat.ino))
		fail("what is outside was told of");
	if (broker.request.op == BROKER_OP_READDIR)
		check_entries();
	if (broker.give != -1)
		check_given();
}

/* ---- one input ----------------------------------------------------------- */

static void
start(void)
{
	memset(&broker, 0, sizeof(broker));
	for (unsigned i = 0; i < BROKER_DIRS_MAX; i++)
		broker.dirs[i].fd = -1;
	broker.ngrants = 2;
	broker.grants[0].name = "/w";
	broker.grants[1].name = "/r";
	broker.grants[1].read_only = true;
	broker.dirs[0].fd = tree_open(TREE_WRITABLE);
	broker.dirs[1].fd = tree_open(TREE_READ_ONLY);
	broker.dirs[1].read_only = true;
	last = -1;
}

static void
stop(void)
{
	for (unsigned i = 0; i < BROKER_DIRS_MAX; i++) {
		if (broker.dirs[i].fd != -1)
			close(broker.dirs[i].fd);
	}
	if (last != -1)
		close(last);
}

/* What the child may send along: the file it got last. */
static void
serve(size_t len)
{
	broker.came = last == -1 ? -1 : dup(last);
	broker.give = -1;
	if (broker_serve(&broker, &packet, len)) {
		check_answer();
		check_dirs();
	}
	if (broker.came != -1)
		close(broker.came);
	if (broker.give == -1)
		return;
	if (last != -1)
		close(last);
	last = broker.give;
}

static int
lowest_free(void)
{
	int fd = dup(STDERR_FILENO);

	close(fd);
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rlimit small = { 1 << 20, 1 << 20 };
	const int before = lowest_free();

	/* Nobody asks for larger files, and the disk is others', too. */
	setrlimit(RLIMIT_FSIZE, &small);
	input.data = data;
	input.left = size;
	tree_make();
	start();
	for (unsigned i = 0; i < REQUESTS_MAX && input.left > 0; i++)
		serve(take_request());
	tree_check();
	stop();
	if (lowest_free() != before)
		fail("a descriptor is left open");
	tree_remove();
	return 0;
}
