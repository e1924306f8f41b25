/*
 * Tests of WASI's files and directories, with the real broker: each function's
 * success, and its errors. The broker's socket is where a child has it; the test
 * makes the system calls that a child would.
 */
#include "config.h"

#include "tests/guest/wasi_fake.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/wasmd.h"
#include "guest/wasi.h"

#define OUT 1000u
#define IOVS 2001u		/* unaligned on purpose */
#define PATH 3000u
#define PATH2 8000u
#define BUF 16000u
#define END FAKE_MEMORY
#define ALL ((UINT64_C(1) << 30) - 1)

#define LOOKS (ALL & ~(uint64_t)WRITE)	/* a directory cannot be written to */

enum { READ = 1 << 1, SEEK = 1 << 2, TELL = 1 << 5, WRITE = 1 << 6 };
enum { CREAT = 1, DIRECTORY = 2, EXCL = 4, TRUNC = 8 };
enum { ROOT = 3, RO = 4, FIRST = 5 };	/* descriptors */

static char where[64];

/* ---- the ground -------------------------------------------------------- */

static const char *
host(const char *name)
{
	static char path[4][256];
	static unsigned next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", where, name);
	return p;
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(host(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
assert_content(const char *name, const char *text)
{
	char found[256] = "";
	FILE *f = fopen(host(name), "r");

	assert_non_null(f);
	found[fread(found, 1, sizeof(found) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(found, text);
}

static void
start_broker(void)
{
	struct wasmd_grant grants[] = {
		{ open(host("rw"), O_PATH), "/", false },
		{ open(host("ro"), O_PATH), "/ro", true },
	};
	const struct wasmd_grants both = {
		.size = sizeof(both), .dirs = grants, .count = 2,
	};
	struct wasmd_error err = { .code = 0 };
	int sock = wasmd_broker_start(&both, &err);

	assert_string_equal(err.text, "");
	assert_int_not_equal(sock, -1);
	close(grants[0].dir);
	close(grants[1].dir);
	if (sock == BROKER_FD)
		return;
	assert_int_equal(dup2(sock, BROKER_FD), BROKER_FD);
	close(sock);
}

static int
setup(void **state)
{
	static const struct call call = { .files = 6 };

	strcpy(where, "/tmp/wasmd-files-XXXXXX");
	assert_non_null(mkdtemp(where));
	assert_int_equal(mkdir(host("rw"), 0755), 0);
	assert_int_equal(mkdir(host("rw/sub"), 0755), 0);
	assert_int_equal(mkdir(host("ro"), 0755), 0);
	put("rw/file", "0123456789");
	put("ro/file", "read only");
	put("outside", "outside");
	assert_int_equal(symlink("file", host("rw/link")), 0);
	assert_int_equal(symlink("sub", host("rw/linkdir")), 0);
	assert_int_equal(symlink("../outside", host("rw/out")), 0);
	start_broker();
	fake_setup(state);
	fake_start(&call);
	return 0;
}

static int
teardown(void **state)
{
	char command[128];

	/* The table is static, as a process has one call. */
	for (uint32_t fd = 0; fd < 9; fd++)
		CALL("fd_close", fd);
	for (int fd = BROKER_FD; fd < 64; fd++)
		close(fd);
	snprintf(command, sizeof(command), "rm -rf %s", where);
	return system(command);
}

/* ---- calls ------------------------------------------------------------- */

/* Two paths at once are enough. */
static uint32_t
path(const char *text)
{
	poke(PATH, text, strlen(text));
	return (uint32_t)strlen(text);
}

static uint32_t
path2(const char *text)
{
	poke(PATH2, text, strlen(text));
	return (uint32_t)strlen(text);
}

static enum wasi_errno
try_open(uint32_t dir, const char *name, uint32_t oflags, uint64_t rights,
	uint32_t fdflags)
{
	uint32_t len = path(name);

	return CALL("path_open", dir, 1, PATH, len, oflags, rights, ALL, fdflags,
		OUT);
}

static uint32_t
open_at(uint32_t dir, const char *name, uint32_t oflags, uint64_t rights)
{
	assert_errno(SUCCESS, try_open(dir, name, oflags, rights, 0));
	return peek32(OUT);
}

static void
write_text(uint32_t fd, const char *text)
{
	poke(BUF, text, strlen(text));
	poke_iov(IOVS, BUF, (uint32_t)strlen(text));
	assert_errno(SUCCESS, CALL("fd_write", fd, IOVS, 1, OUT));
	assert_int_equal(peek32(OUT), strlen(text));
}

/* The type at the address that fd_filestat_get and its like wrote to. */
#define assert_stat(type, size) do { \
	assert_int_equal(fake.memory[OUT + 16], type); \
	assert_int_equal(peek64(OUT + 32), size); \
} while (0)

static enum wasi_errno
at(const char *function, uint32_t dir, const char *name)
{
	uint32_t len = path(name);

	return CALL(function, dir, PATH, len);
}

static enum wasi_errno
at_two(const char *function, uint32_t dir, const char *name, uint32_t dir2,
	const char *name2)
{
	uint32_t len = path(name), len2 = path2(name2);

	if (strcmp(function, "path_link") == 0)
		return CALL(function, dir, 0, PATH, len, dir2, PATH2, len2);
	return CALL(function, dir, PATH, len, dir2, PATH2, len2);
}

/* ---- what is there ----------------------------------------------------- */

static void
test_grants_are_preopened(void **state)
{
	assert_errno(SUCCESS, CALL("fd_prestat_get", ROOT, OUT));
	assert_int_equal(peek32(OUT), 0);
	assert_int_equal(peek32(OUT + 4), 1);
	assert_errno(SUCCESS, CALL("fd_prestat_dir_name", ROOT, BUF, 1));
	assert_memory_equal(fake.memory + BUF, "/", 1);
	assert_int_equal(fake.memory[BUF + 1], FAKE_FILL);
	assert_errno(SUCCESS, CALL("fd_prestat_get", RO, OUT));
	assert_int_equal(peek32(OUT + 4), 3);
	assert_errno(SUCCESS, CALL("fd_prestat_dir_name", RO, BUF, 9));
	assert_memory_equal(fake.memory + BUF, "/ro", 3);
	assert_errno(NAMETOOLONG, CALL("fd_prestat_dir_name", RO, BUF, 2));
	assert_errno(FAULT, CALL("fd_prestat_dir_name", RO, END - 2, 3));
	assert_errno(FAULT, CALL("fd_prestat_get", RO, END - 7));
	assert_errno(BADF, CALL("fd_prestat_get", FIRST, OUT));
	assert_errno(BADF, CALL("fd_prestat_get", 1, OUT));
}

static void
test_grants_can_be_closed_and_replaced(void **state)
{
	uint32_t sub = open_at(ROOT, "sub", DIRECTORY, LOOKS);

	assert_errno(SUCCESS, CALL("fd_renumber", sub, RO));
	assert_errno(BADF, CALL("fd_prestat_get", RO, OUT));
	assert_errno(SUCCESS, at("path_create_directory", RO, "made"));
	assert_int_equal(access(host("rw/sub/made"), F_OK), 0);
	assert_errno(SUCCESS, CALL("fd_close", ROOT));
	assert_errno(BADF, CALL("fd_prestat_get", ROOT, OUT));
	assert_errno(BADF, try_open(ROOT, "file", 0, READ, 0));
	assert_errno(BADF, CALL("fd_close", ROOT));
}

static void
test_fdstat_tells_rights_and_type(void **state)
{
	uint32_t fd;

	assert_errno(SUCCESS, CALL("fd_fdstat_get", ROOT, OUT));
	assert_int_equal(fake.memory[OUT], WASI_FILETYPE_DIRECTORY);
	assert_int_equal(peek64(OUT + 8) & (READ | WRITE | SEEK), 0);
	assert_true((peek64(OUT + 8) & WASI_RIGHT_PATH_OPEN) != 0);
	assert_int_equal(peek64(OUT + 16), ALL);
	fd = open_at(ROOT, "file", 0, READ | WASI_RIGHT_PATH_OPEN);
	assert_errno(SUCCESS, CALL("fd_fdstat_get", fd, OUT));
	assert_int_equal(fake.memory[OUT], WASI_FILETYPE_REGULAR_FILE);
	assert_int_equal(peek64(OUT + 8), READ);
}

/* ---- opening ----------------------------------------------------------- */

static void
test_lowest_free_number_is_given(void **state)
{
	assert_int_equal(open_at(ROOT, "file", 0, READ), FIRST);
	assert_int_equal(open_at(ROOT, "sub", 0, 0), FIRST + 1);
	assert_errno(SUCCESS, CALL("fd_close", FIRST));
	assert_int_equal(open_at(ROOT, "file", 0, READ), FIRST);
	assert_errno(SUCCESS, CALL("fd_close", 0));
	assert_int_equal(open_at(ROOT, "file", 0, READ), 0);
}

static void
test_limit_of_open_files(void **state)
{
	/* Six with the two that are granted. */
	for (uint32_t i = 0; i < 4; i++)
		open_at(ROOT, "file", 0, READ);
	assert_errno(MFILE, try_open(ROOT, "file", 0, READ, 0));
	assert_errno(MFILE, try_open(ROOT, "sub", 0, 0, 0));
	assert_errno(SUCCESS, CALL("fd_close", FIRST + 2));
	assert_int_equal(open_at(ROOT, "file", 0, READ), FIRST + 2);
}

static void
test_open_by_flags(void **state)
{
	uint32_t fd = open_at(ROOT, "new", CREAT | EXCL, WRITE);

	write_text(fd, "made");
	assert_content("rw/new", "made");
	assert_errno(EXIST, try_open(ROOT, "new", CREAT | EXCL, WRITE, 0));
	open_at(ROOT, "new", CREAT, READ);
	assert_content("rw/new", "made");
	fd = open_at(ROOT, "new", TRUNC, WRITE);
	assert_content("rw/new", "");
	assert_errno(NOENT, try_open(ROOT, "none", 0, READ, 0));
	assert_errno(NOTDIR, try_open(ROOT, "file", DIRECTORY, READ, 0));
	assert_errno(NOTDIR, try_open(ROOT, "file/", 0, READ, 0));
	assert_errno(ISDIR, try_open(ROOT, "sub", 0, WRITE, 0));
	assert_errno(INVAL, try_open(ROOT, "x", CREAT | DIRECTORY, READ, 0));
	assert_errno(INVAL, try_open(ROOT, "file", 16, READ, 0));
	assert_errno(INVAL, try_open(ROOT, "file", 0, READ, 32));
	assert_int_equal(access(host("rw/x"), F_OK), -1);
}

static void
test_open_append_and_sync(void **state)
{
	uint32_t fd;

	assert_errno(SUCCESS, try_open(ROOT, "file", 0, READ | WRITE | SEEK |
		WASI_RIGHT_FD_FDSTAT_SET_FLAGS,
		WASI_FDFLAG_APPEND | WASI_FDFLAG_SYNC));
	fd = peek32(OUT);
	write_text(fd, "end");
	assert_content("rw/file", "0123456789end");
	assert_errno(SUCCESS, CALL("fd_fdstat_get", fd, OUT));
	assert_int_equal(peek32(OUT) >> 16,
		WASI_FDFLAG_APPEND | WASI_FDFLAG_SYNC);
	/* How writes are synchronised cannot be changed. */
	assert_errno(INVAL, CALL("fd_fdstat_set_flags", fd, 0));
	assert_errno(SUCCESS, CALL("fd_fdstat_set_flags", fd, WASI_FDFLAG_SYNC));
	assert_errno(SUCCESS, CALL("fd_seek", fd, 0, 0, OUT));
	write_text(fd, "START");
	assert_content("rw/file", "START56789end");
}

static void
test_links_are_followed_if_asked(void **state)
{
	uint32_t len = path("link");

	assert_errno(LOOP, CALL("path_open", ROOT, 0, PATH, len, 0, READ, 0, 0,
		OUT));
	assert_errno(SUCCESS, CALL("path_open", ROOT, 1, PATH, len, 0, READ, 0, 0,
		OUT));
	assert_errno(INVAL, CALL("path_open", ROOT, 2, PATH, len, 0, READ, 0, 0,
		OUT));
	open_at(ROOT, "linkdir/../file", 0, READ);
	assert_errno(PERM, try_open(ROOT, "out", 0, READ, 0));
	assert_errno(PERM, try_open(ROOT, "../outside", 0, READ, 0));
	assert_errno(PERM, try_open(ROOT, "/file", 0, READ, 0));
}

static void
test_what_may_be_written_may_be_emptied(void **state)
{
	uint32_t len = path("sub"), sub;

	assert_errno(SUCCESS, CALL("path_open", ROOT, 0, PATH, len, DIRECTORY,
		WASI_RIGHT_PATH_OPEN, READ | WRITE, 0, OUT));
	sub = peek32(OUT);
	put("rw/sub/inner", "inner");
	len = path("inner");
	assert_errno(NOTCAPABLE, CALL("path_open", sub, 0, PATH, len, TRUNC, READ,
		0, 0, OUT));
	assert_content("rw/sub/inner", "inner");
	assert_errno(SUCCESS, CALL("path_open", sub, 0, PATH, len, TRUNC, WRITE,
		0, 0, OUT));
	assert_content("rw/sub/inner", "");
}

static void
test_rights_are_inherited(void **state)
{
	uint32_t len = path("sub"), sub;

	assert_errno(SUCCESS, CALL("path_open", ROOT, 0, PATH, len, DIRECTORY,
		WASI_RIGHT_PATH_OPEN, READ | WASI_RIGHT_PATH_OPEN, 0, OUT));
	sub = peek32(OUT);
	put("rw/sub/inner", "inner");
	len = path("inner");
	assert_errno(SUCCESS, CALL("path_open", sub, 0, PATH, len, 0, READ, 0, 0,
		OUT));
	assert_errno(NOTCAPABLE, CALL("path_open", sub, 0, PATH, len, 0, WRITE, 0,
		0, OUT));
	assert_errno(NOTCAPABLE, CALL("path_open", sub, 0, PATH, len, 0, READ,
		WRITE, 0, OUT));
	assert_errno(NOTCAPABLE, CALL("path_open", sub, 0, PATH, len, CREAT, READ,
		0, 0, OUT));
	assert_errno(NOTCAPABLE, CALL("path_open", sub, 0, PATH, len, TRUNC, READ,
		0, 0, OUT));
	assert_errno(NOTCAPABLE, at("path_unlink_file", sub, "inner"));
	assert_errno(NOTCAPABLE, at("path_create_directory", sub, "x"));
	assert_errno(NOTCAPABLE, CALL("fd_readdir", sub, BUF, 100, 0, OUT));
	assert_errno(NOTCAPABLE, CALL("fd_filestat_get", sub, OUT));
	/* What is no right does not matter. */
	assert_errno(SUCCESS, CALL("path_open", sub, 0, PATH, path("inner"), 0,
		READ | UINT64_C(1) << 40, UINT64_C(1) << 63, 0, OUT));
	assert_errno(NOTCAPABLE, CALL("fd_fdstat_set_rights", sub, READ, 0));
	assert_errno(SUCCESS, CALL("fd_fdstat_set_rights", sub, 0, 0));
	assert_errno(NOTCAPABLE, try_open(sub, "inner", 0, 0, 0));
}

/* ---- reading and writing ----------------------------------------------- */

static void
test_read_and_seek(void **state)
{
	uint32_t fd = open_at(ROOT, "file", 0, READ | SEEK | TELL);

	poke_iov(IOVS, BUF, 4);
	poke_iov(IOVS + 8, BUF + 10, 3);
	assert_errno(SUCCESS, CALL("fd_read", fd, IOVS, 2, OUT));
	assert_int_equal(peek32(OUT), 7);
	assert_memory_equal(fake.memory + BUF, "0123", 4);
	assert_memory_equal(fake.memory + BUF + 10, "456", 3);
	assert_int_equal(fake.memory[BUF + 4], FAKE_FILL);
	assert_errno(SUCCESS, CALL("fd_tell", fd, OUT));
	assert_int_equal(peek64(OUT), 7);
	assert_errno(SUCCESS, CALL("fd_read", fd, IOVS, 2, OUT));
	assert_int_equal(peek32(OUT), 3);
	assert_errno(SUCCESS, CALL("fd_read", fd, IOVS, 2, OUT));
	assert_int_equal(peek32(OUT), 0);
	assert_errno(SUCCESS, CALL("fd_seek", fd, (uint64_t)-2, 2, OUT));
	assert_int_equal(peek64(OUT), 8);
	assert_errno(SUCCESS, CALL("fd_seek", fd, (uint64_t)-3, 1, OUT));
	assert_int_equal(peek64(OUT), 5);
	assert_errno(INVAL, CALL("fd_seek", fd, (uint64_t)-1, 0, OUT));
	assert_errno(INVAL, CALL("fd_seek", fd, 0, 3, OUT));
	assert_errno(FAULT, CALL("fd_seek", fd, 0, 0, END - 7));
	assert_errno(SUCCESS, CALL("fd_tell", fd, OUT));
	assert_int_equal(peek64(OUT), 5);
	/* Counted from elsewhere: here, the end, the start. */
	assert_errno(SUCCESS, CALL_IN(UNSTABLE, "fd_seek", fd, 1, 0, OUT));
	assert_int_equal(peek64(OUT), 6);
	assert_errno(SUCCESS, CALL_IN(UNSTABLE, "fd_seek", fd, 0, 1, OUT));
	assert_int_equal(peek64(OUT), 10);
	assert_errno(SUCCESS, CALL_IN(UNSTABLE, "fd_seek", fd, 3, 2, OUT));
	assert_int_equal(peek64(OUT), 3);
}

static void
test_telling_needs_less_than_seeking(void **state)
{
	uint32_t fd = open_at(ROOT, "file", 0, READ | TELL);

	assert_errno(SUCCESS, CALL("fd_tell", fd, OUT));
	assert_errno(SUCCESS, CALL("fd_seek", fd, 0, 1, OUT));
	assert_errno(NOTCAPABLE, CALL("fd_seek", fd, 1, 1, OUT));
	assert_errno(NOTCAPABLE, CALL("fd_seek", fd, 0, 0, OUT));
	poke_iov(IOVS, BUF, 1);
	assert_errno(NOTCAPABLE, CALL("fd_pread", fd, IOVS, 1, 0, OUT));
}

static void
test_write_gathers_and_goes_on(void **state)
{
	uint32_t fd = open_at(ROOT, "new", CREAT, READ | WRITE | SEEK);

	poke(BUF, "abcdef", 6);
	poke_iov(IOVS, BUF, 2);
	poke_iov(IOVS + 8, 0xffffffff, 0);
	poke_iov(IOVS + 16, BUF + 3, 3);
	assert_errno(SUCCESS, CALL("fd_write", fd, IOVS, 3, OUT));
	assert_int_equal(peek32(OUT), 5);
	assert_content("rw/new", "abdef");
	assert_errno(SUCCESS, CALL("fd_pwrite", fd, IOVS, 3, 1, OUT));
	assert_content("rw/new", "aabdef");
	write_text(fd, "!");
	assert_content("rw/new", "aabde!");
	poke_iov(IOVS, BUF + 100, 3);
	assert_errno(SUCCESS, CALL("fd_pread", fd, IOVS, 1, 2, OUT));
	assert_memory_equal(fake.memory + BUF + 100, "bde", 3);
	assert_errno(INVAL, CALL("fd_pread", fd, IOVS, 1, UINT64_MAX, OUT));
	assert_errno(INVAL, CALL("fd_pwrite", fd, IOVS, 1, UINT64_MAX, OUT));
	assert_errno(SUCCESS, CALL("fd_write", fd, IOVS, 0, OUT));
	assert_int_equal(peek32(OUT), 0);
}

/* More than one copy takes: a system call for each buffer. */
static void
test_large_buffers_one_by_one(void **state)
{
	uint32_t fd = open_at(ROOT, "new", CREAT, READ | WRITE | SEEK);

	memset(fake.memory + 20000, 'x', 40000);
	memset(fake.memory + 60000, 'y', 40000);
	poke_iov(IOVS, 20000, 40000);
	poke_iov(IOVS + 8, 60000, 40000);
	assert_errno(SUCCESS, CALL("fd_write", fd, IOVS, 2, OUT));
	assert_int_equal(peek32(OUT), 80000);
	memset(fake.memory + 20000, 0, 80000);
	assert_errno(SUCCESS, CALL("fd_pread", fd, IOVS, 2, 100, OUT));
	assert_int_equal(peek32(OUT), 79900);
	assert_int_equal(fake.memory[20000], 'x');
	assert_int_equal(fake.memory[60000 - 101], 'x');
	assert_int_equal(fake.memory[60000], 'y');
	assert_int_equal(fake.memory[99899], 'y');
	assert_int_equal(fake.memory[99900], 0);
}

static void
test_the_other_direction_is_no_descriptor(void **state)
{
	uint32_t reads = open_at(ROOT, "file", 0, READ | SEEK);
	uint32_t writes = open_at(ROOT, "file", 0, WRITE | SEEK);

	poke_iov(IOVS, BUF, 1);
	assert_errno(BADF, CALL("fd_write", reads, IOVS, 1, OUT));
	assert_errno(BADF, CALL("fd_pwrite", reads, IOVS, 1, 0, OUT));
	assert_errno(BADF, CALL("fd_read", writes, IOVS, 1, OUT));
	assert_errno(SUCCESS, CALL("fd_fdstat_set_rights", reads, SEEK, 0));
	assert_errno(NOTCAPABLE, CALL("fd_read", reads, IOVS, 1, OUT));
	assert_content("rw/file", "0123456789");
}

static void
test_reading_checks_before_it_reads(void **state)
{
	uint32_t fd = open_at(ROOT, "file", 0, READ | WRITE | SEEK);

	poke_iov(IOVS, END - 1, 2);
	assert_errno(FAULT, CALL("fd_read", fd, IOVS, 1, OUT));
	assert_errno(FAULT, CALL("fd_write", fd, IOVS, 1, OUT));
	poke_iov(IOVS, BUF, 2);
	assert_errno(FAULT, CALL("fd_read", fd, IOVS, 1, END - 3));
	assert_errno(FAULT, CALL("fd_pread", fd, IOVS, 0xffffffff, 0, OUT));
	assert_errno(SUCCESS, CALL("fd_seek", fd, 0, 1, OUT));
	assert_int_equal(peek64(OUT), 0);
}

/* ---- sizes, times, the disk -------------------------------------------- */

static void
test_sizes(void **state)
{
	uint32_t fd = open_at(ROOT, "file", 0, ALL);

	assert_errno(SUCCESS, CALL("fd_filestat_set_size", fd, 4));
	assert_content("rw/file", "0123");
	assert_errno(INVAL, CALL("fd_filestat_set_size", fd, UINT64_MAX));
	assert_errno(SUCCESS, CALL("fd_allocate", fd, 2, 6));
	assert_errno(SUCCESS, CALL("fd_filestat_get", fd, OUT));
	assert_stat(WASI_FILETYPE_REGULAR_FILE, 8);
	assert_errno(INVAL, CALL("fd_allocate", fd, 0, 0));
	assert_errno(INVAL, CALL("fd_allocate", fd, UINT64_MAX, 1));
	assert_errno(FBIG, CALL("fd_allocate", fd, INT64_MAX, 1));
	assert_errno(SUCCESS, CALL("fd_advise", fd, 0, 0, 5));
	assert_errno(INVAL, CALL("fd_advise", fd, 0, 0, 6));
	assert_errno(SUCCESS, CALL("fd_sync", fd));
	assert_errno(SUCCESS, CALL("fd_datasync", fd));
	fd = open_at(ROOT, "file", 0, READ | WASI_RIGHT_FD_FILESTAT_SET_SIZE);
	assert_errno(INVAL, CALL("fd_filestat_set_size", fd, 0));
	assert_errno(NOTCAPABLE, CALL("fd_sync", fd));
}

static void
test_directories_are_no_files(void **state)
{
	poke_iov(IOVS, BUF, 1);
	assert_errno(ISDIR, CALL("fd_read", ROOT, IOVS, 1, OUT));
	assert_errno(ISDIR, CALL("fd_write", ROOT, IOVS, 1, OUT));
	assert_errno(ISDIR, CALL("fd_pread", ROOT, IOVS, 1, 0, OUT));
	assert_errno(ISDIR, CALL("fd_pwrite", ROOT, IOVS, 1, 0, OUT));
	assert_errno(ISDIR, CALL("fd_seek", ROOT, 0, 1, OUT));
	assert_errno(ISDIR, CALL("fd_tell", ROOT, OUT));
	assert_errno(ISDIR, CALL("fd_allocate", ROOT, 0, 1));
	assert_errno(ISDIR, CALL("fd_advise", ROOT, 0, 0, 0));
	assert_errno(ISDIR, CALL("fd_filestat_set_size", ROOT, 0));
	assert_errno(SUCCESS, CALL("fd_sync", ROOT));
	assert_errno(SUCCESS, CALL("fd_datasync", ROOT));
	assert_errno(SUCCESS, CALL("fd_filestat_get", ROOT, OUT));
	assert_int_equal(fake.memory[OUT + 16], WASI_FILETYPE_DIRECTORY);
	assert_errno(SUCCESS, CALL("fd_fdstat_set_flags", ROOT, 4));
	assert_errno(INVAL, CALL("fd_fdstat_set_flags", ROOT, 2));
}

static void
test_files_are_no_directories(void **state)
{
	uint32_t fd = open_at(ROOT, "file", 0, ALL);

	for (int i = 0; i < 2; i++, fd = 1) {
		assert_errno(NOTDIR, try_open(fd, "x", 0, READ, 0));
		assert_errno(NOTDIR, at("path_create_directory", fd, "x"));
		assert_errno(NOTDIR, at_two("path_rename", ROOT, "file", fd, "x"));
		assert_errno(NOTDIR, at_two("path_link", fd, "x", ROOT, "x"));
		assert_errno(NOTDIR, CALL("fd_readdir", fd, BUF, 10, 0, OUT));
	}
	assert_errno(BADF, at_two("path_rename", 99, "file", ROOT, "x"));
	assert_errno(BADF, at_two("path_rename", 1, "file", 99, "x"));
	assert_errno(BADF, CALL("fd_readdir", 99, BUF, 10, 0, OUT));
}

static void
test_times(void **state)
{
	uint32_t fd = open_at(ROOT, "file", 0, ALL), len;
	uint64_t now;

	assert_errno(SUCCESS, CALL("fd_filestat_set_times", fd, 1000000007,
		2000000008, 1 | 4));
	assert_errno(SUCCESS, CALL("fd_filestat_get", fd, OUT));
	assert_int_equal(peek64(OUT + 40), 1000000007);
	assert_int_equal(peek64(OUT + 48), 2000000008);
	now = (uint64_t)time(NULL);
	assert_errno(SUCCESS, CALL("fd_filestat_set_times", fd, 0, 0, 8));
	assert_errno(SUCCESS, CALL("fd_filestat_get", fd, OUT));
	assert_int_equal(peek64(OUT + 40), 1000000007);
	assert_in_range(peek64(OUT + 48) / 1000000000, now - 1, now + 100);
	for (uint32_t flags = 0; flags < 32; flags++) {
		if ((flags & 3) == 3 || (flags & 12) == 12 || flags > 15)
			assert_errno(INVAL, CALL("fd_filestat_set_times", fd, 0, 0,
				flags));
	}
	/* Of a path, of what a link points to, of the link. */
	len = path("link");
	assert_errno(SUCCESS, CALL("path_filestat_set_times", ROOT, 1, PATH, len,
		5, 6, 5));
	assert_errno(SUCCESS, CALL("fd_filestat_get", fd, OUT));
	assert_int_equal(peek64(OUT + 48), 6);
	assert_errno(SUCCESS, CALL("path_filestat_set_times", ROOT, 0, PATH, len,
		7, 8, 5));
	assert_errno(SUCCESS, CALL("fd_filestat_get", fd, OUT));
	assert_int_equal(peek64(OUT + 48), 6);
	assert_errno(SUCCESS, CALL("path_filestat_get", ROOT, 0, PATH, len, OUT));
	assert_int_equal(peek64(OUT + 48), 8);
	assert_errno(INVAL, CALL("path_filestat_set_times", ROOT, 0, PATH, len,
		7, 8, 3));
	assert_errno(SUCCESS, CALL("fd_filestat_set_times", ROOT, 9, 9, 5));
	assert_errno(SUCCESS, CALL("fd_filestat_get", ROOT, OUT));
	assert_int_equal(peek64(OUT + 48), 9);
}

static void
test_stat_of_a_path(void **state)
{
	struct stat st;
	uint32_t len = path("link");

	assert_int_equal(stat(host("rw/file"), &st), 0);
	assert_errno(SUCCESS, CALL("path_filestat_get", ROOT, 1, PATH, len, OUT));
	assert_stat(WASI_FILETYPE_REGULAR_FILE, 10);
	assert_int_equal(peek64(OUT), st.st_dev);
	assert_int_equal(peek64(OUT + 8), st.st_ino);
	assert_int_equal(peek64(OUT + 24), 1);
	assert_errno(SUCCESS, CALL("path_filestat_get", ROOT, 0, PATH, len, OUT));
	assert_stat(WASI_FILETYPE_SYMBOLIC_LINK, 4);
	assert_errno(SUCCESS, CALL_IN(UNSTABLE, "path_filestat_get", ROOT, 1, PATH,
		len, OUT));
	assert_int_equal(peek32(OUT + 20), 1);		/* links */
	assert_int_equal(peek64(OUT + 24), 10);		/* size */
	assert_errno(FAULT, CALL("path_filestat_get", ROOT, 1, PATH, len,
		END - 63));
	assert_errno(INVAL, CALL("path_filestat_get", ROOT, 2, PATH, len, OUT));
	assert_errno(NOENT, CALL("path_filestat_get", ROOT, 0, PATH, 3, OUT));
}

/* ---- names ------------------------------------------------------------- */

static void
test_paths_are_checked(void **state)
{
	memset(fake.memory + BUF, 'a', 5000);
	assert_errno(NAMETOOLONG, CALL("path_unlink_file", ROOT, BUF, 4096));
	assert_errno(NAMETOOLONG, CALL("path_unlink_file", ROOT, BUF, 256));
	assert_errno(NOENT, CALL("path_unlink_file", ROOT, BUF, 0));
	assert_errno(FAULT, CALL("path_unlink_file", ROOT, END - 3, 4));
	assert_errno(FAULT, CALL("path_unlink_file", ROOT, 0xffffffff, 2));
	poke(BUF, "fi\0le", 5);
	assert_errno(INVAL, CALL("path_unlink_file", ROOT, BUF, 5));
	assert_errno(NOENT, CALL("path_unlink_file", ROOT, BUF, 2));
	assert_errno(FAULT, CALL("path_open", ROOT, 0, PATH, path("file"), CREAT,
		READ, 0, 0, END - 3));
}

static void
test_making_and_removing(void **state)
{
	assert_errno(SUCCESS, at("path_create_directory", ROOT, "d/"));
	assert_errno(EXIST, at("path_create_directory", ROOT, "d"));
	assert_errno(EXIST, at("path_create_directory", ROOT, "file"));
	assert_errno(NOENT, at("path_create_directory", ROOT, "none/d"));
	assert_errno(SUCCESS, at("path_create_directory", ROOT, "linkdir/inner"));
	assert_errno(NOTEMPTY, at("path_remove_directory", ROOT, "sub"));
	assert_errno(NOTDIR, at("path_remove_directory", ROOT, "file"));
	assert_errno(NOTDIR, at("path_remove_directory", ROOT, "linkdir"));
	assert_errno(SUCCESS, at("path_remove_directory", ROOT, "sub/inner/"));
	assert_errno(INVAL, at("path_remove_directory", ROOT, "."));
	assert_errno(ISDIR, at("path_unlink_file", ROOT, "sub"));
	assert_errno(NOTDIR, at("path_unlink_file", ROOT, "file/"));
	assert_errno(SUCCESS, at("path_unlink_file", ROOT, "link"));
	assert_errno(SUCCESS, at("path_unlink_file", ROOT, "file"));
	assert_errno(NOENT, at("path_unlink_file", ROOT, "file"));
	assert_errno(PERM, at("path_unlink_file", ROOT, "../outside"));
}

static void
test_moving_and_linking(void **state)
{
	uint32_t len;

	assert_errno(SUCCESS, at_two("path_link", ROOT, "file", ROOT, "sub/hard"));
	assert_content("rw/sub/hard", "0123456789");
	assert_errno(EXIST, at_two("path_link", ROOT, "file", ROOT, "sub/hard"));
	assert_errno(PERM, at_two("path_link", ROOT, "sub", ROOT, "x"));
	assert_errno(PERM, at_two("path_link", ROOT, "sub/", ROOT, "x"));
	assert_errno(NOTDIR, at_two("path_link", ROOT, "file/", ROOT, "x"));
	assert_errno(NOENT, at_two("path_link", ROOT, "none", ROOT, "x"));
	len = path("file");
	assert_errno(INVAL, CALL("path_link", ROOT, 1, PATH, len, ROOT, PATH2,
		path2("x")));
	assert_errno(SUCCESS, at_two("path_rename", ROOT, "sub/hard", ROOT, "y"));
	assert_errno(SUCCESS, at_two("path_rename", ROOT, "sub/", ROOT, "z"));
	assert_errno(ISDIR, at_two("path_rename", ROOT, "y", ROOT, "z"));
	assert_errno(NOTDIR, at_two("path_rename", ROOT, "z", ROOT, "y"));
	assert_errno(INVAL, at_two("path_rename", ROOT, "z", ROOT, "z/inner"));
	assert_errno(NOENT, at_two("path_rename", ROOT, "none", ROOT, "x"));
	assert_errno(PERM, at_two("path_rename", ROOT, "y", ROOT, "../x"));
	assert_content("rw/y", "0123456789");
}

static void
test_symbolic_links(void **state)
{
	uint32_t len = path("any/where"), len2 = path2("sub/soft");

	assert_errno(SUCCESS, CALL("path_symlink", PATH, len, ROOT, PATH2, len2));
	assert_errno(EXIST, CALL("path_symlink", PATH, len, ROOT, PATH2, len2));
	assert_errno(SUCCESS, CALL("path_readlink", ROOT, PATH2, len2, BUF, 100,
		OUT));
	assert_int_equal(peek32(OUT), 9);
	assert_memory_equal(fake.memory + BUF, "any/where", 9);
	assert_int_equal(fake.memory[BUF + 9], FAKE_FILL);
	assert_errno(SUCCESS, CALL("path_readlink", ROOT, PATH2, len2, BUF + 50, 3,
		OUT));
	assert_int_equal(peek32(OUT), 3);
	assert_int_equal(fake.memory[BUF + 53], FAKE_FILL);
	assert_errno(FAULT, CALL("path_readlink", ROOT, PATH2, len2, END - 2, 3,
		OUT));
	len2 = path2("file");
	assert_errno(INVAL, CALL("path_readlink", ROOT, PATH2, len2, BUF, 9, OUT));
	len = path("/absolute");
	assert_errno(PERM, CALL("path_symlink", PATH, len, ROOT, PATH2,
		path2("new")));
	assert_errno(NOENT, CALL("path_symlink", PATH, 0, ROOT, PATH2, 3));
	assert_errno(BADF, CALL("path_symlink", PATH, 3, 99, PATH2, 3));
}

static void
test_read_only_grant(void **state)
{
	uint32_t fd = open_at(RO, "file", CREAT,
		READ | WASI_RIGHT_FD_FILESTAT_SET_TIMES), len;

	poke_iov(IOVS, BUF, 9);
	assert_errno(SUCCESS, CALL("fd_read", fd, IOVS, 1, OUT));
	assert_memory_equal(fake.memory + BUF, "read only", 9);
	assert_errno(ROFS, CALL("fd_filestat_set_times", fd, 1, 1, 5));
	assert_errno(ROFS, try_open(RO, "file", 0, WRITE, 0));
	assert_errno(ROFS, try_open(RO, "file", TRUNC, READ, 0));
	assert_errno(ROFS, try_open(RO, "new", CREAT, READ, 0));
	assert_errno(EXIST, try_open(RO, "file", CREAT | EXCL, READ, 0));
	assert_errno(ROFS, at("path_create_directory", RO, "d"));
	assert_errno(ROFS, at("path_unlink_file", RO, "file"));
	assert_errno(ROFS, at_two("path_rename", RO, "file", ROOT, "x"));
	assert_errno(ROFS, at_two("path_rename", ROOT, "file", RO, "x"));
	assert_errno(ROFS, at_two("path_link", RO, "file", ROOT, "x"));
	len = path("file");
	assert_errno(ROFS, CALL("path_filestat_set_times", RO, 0, PATH, len, 1, 1,
		5));
	assert_errno(ROFS, CALL("fd_filestat_set_times", RO, 1, 1, 5));
	assert_errno(ROFS, CALL("path_symlink", PATH, len, RO, PATH2, path2("l")));
	assert_content("ro/file", "read only");
}

/* ---- listing ----------------------------------------------------------- */

/* Read a directory in pieces of size bytes; the names, one after the other and
 * sorted by none, become bits of their first letters. */
static uint32_t
list(uint32_t dir, uint32_t size, uint32_t *count)
{
	uint64_t cookie = 0;
	uint32_t letters = 0, used;

	*count = 0;
	do {
		uint32_t done = 0;

		assert_errno(SUCCESS, CALL("fd_readdir", dir, BUF, size, cookie,
			OUT));
		used = peek32(OUT);
		while (used - done >= 24 &&
		    used - done - 24 >= peek32(BUF + done + 16)) {
			cookie = peek64(BUF + done);
			letters |= 1u << (fake.memory[BUF + done + 24] & 31);
			done += 24 + peek32(BUF + done + 16);
			++*count;
		}
		assert_true(done > 0 || used < size);
	} while (used == size);
	return letters;
}

static void
test_readdir(void **state)
{
	uint32_t count, sizes[] = { 5000, 100, 60, 40 };

	for (int i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof(name), "rw/sub/%c%d", 'a' + i, i);
		put(name, "");
	}
	open_at(ROOT, "sub", DIRECTORY, LOOKS);
	for (int i = 0; i < 4; i++) {
		/* "." and ".." too: 0x2e & 31. */
		assert_int_equal(list(FIRST, sizes[i], &count),
			0x1ffffe | 1u << 14);
		assert_int_equal(count, 22);
	}
	assert_errno(SUCCESS, CALL("fd_readdir", FIRST, BUF, 0, 0, OUT));
	assert_int_equal(peek32(OUT), 0);
	assert_errno(FAULT, CALL("fd_readdir", FIRST, END - 9, 10, 0, OUT));
	assert_errno(FAULT, CALL("fd_readdir", FIRST, BUF, 10, 0, END - 3));
	assert_errno(INVAL, CALL("fd_readdir", FIRST, BUF, 10, UINT64_MAX, OUT));
}

static void
test_readdir_tells_types_and_inodes(void **state)
{
	struct stat st;
	uint32_t used, found = 0;

	assert_int_equal(stat(host("rw/file"), &st), 0);
	assert_errno(SUCCESS, CALL("fd_readdir", ROOT, BUF, 5000, 0, OUT));
	used = peek32(OUT);
	for (uint32_t at = BUF; at < BUF + used; at += 24 + peek32(at + 16)) {
		const char *name = (const char *)fake.memory + at + 24;
		uint32_t len = peek32(at + 16), type = peek32(at + 20);

		if (len == 4 && memcmp(name, "file", 4) == 0) {
			assert_int_equal(type, WASI_FILETYPE_REGULAR_FILE);
			assert_int_equal(peek64(at + 8), st.st_ino);
			found |= 1;
		} else if (len == 4 && memcmp(name, "link", 4) == 0) {
			assert_int_equal(type, WASI_FILETYPE_SYMBOLIC_LINK);
			found |= 2;
		} else if (len == 2 && memcmp(name, "..", 2) == 0) {
			assert_int_equal(type, WASI_FILETYPE_DIRECTORY);
			assert_int_equal(peek64(at + 8), 0);
			found |= 4;
		}
	}
	assert_int_equal(found, 7);
}

/* ---- the rest ---------------------------------------------------------- */

static void
test_fifos_do_not_block(void **state)
{
	int writer;

	assert_int_equal(mkfifo(host("rw/fifo"), 0600), 0);
	assert_errno(NXIO, try_open(ROOT, "fifo", 0, WRITE, 0));
	assert_errno(SUCCESS, try_open(ROOT, "fifo", 0, READ | SEEK,
		WASI_FDFLAG_NONBLOCK));
	writer = open(host("rw/fifo"), O_WRONLY);
	assert_int_not_equal(writer, -1);
	poke_iov(IOVS, BUF, 2);
	poke_iov(IOVS + 8, BUF + 2, 70000);
	assert_errno(AGAIN, CALL("fd_read", FIRST, IOVS, 2, OUT));
	assert_int_equal(write(writer, "hello", 5), 5);
	/* Not asked a second time, which could block. */
	assert_errno(SUCCESS, CALL("fd_read", FIRST, IOVS, 2, OUT));
	assert_int_equal(peek32(OUT), 2);
	close(writer);
	assert_errno(SPIPE, CALL("fd_seek", FIRST, 0, 1, OUT));
	assert_errno(SUCCESS, CALL("fd_fdstat_get", FIRST, OUT));
	assert_int_equal(fake.memory[OUT], WASI_FILETYPE_UNKNOWN);
}

static void
test_files_are_always_ready(void **state)
{
	uint32_t fd = open_at(ROOT, "file", 0, ALL);

	assert_errno(SUCCESS, CALL("fd_seek", fd, 4, 0, OUT));
	memset(fake.memory + BUF, 0, 96);
	fake.memory[BUF + 8] = WASI_EVENT_FD_READ;
	poke32(BUF + 16, fd);
	fake.memory[BUF + 48 + 8] = WASI_EVENT_FD_WRITE;
	poke32(BUF + 48 + 16, fd);
	assert_errno(SUCCESS, CALL("poll_oneoff", BUF, BUF + 200, 2, OUT));
	assert_int_equal(peek32(OUT), 2);
	assert_int_equal(peek32(BUF + 200 + 8) & 0xffff, 0);
	assert_int_equal(peek64(BUF + 200 + 16), 6);
	assert_int_equal(fake.nwaits, 0);
	poke32(BUF + 16, ROOT);
	assert_errno(SUCCESS, CALL("poll_oneoff", BUF, BUF + 200, 1, OUT));
	assert_int_equal(peek32(BUF + 200 + 8) & 0xffff, WASI_EISDIR);
}

/* The last: what is broken stays broken. */
static void
test_a_broker_that_ends_is_an_error(void **state)
{
	uint32_t fd = open_at(ROOT, "file", 0, READ);

	close(BROKER_FD);
	assert_int_equal(open("/dev/null", O_RDWR), BROKER_FD);
	assert_errno(IO, try_open(ROOT, "file", 0, READ, 0));
	assert_errno(IO, at("path_unlink_file", ROOT, "file"));
	/* What is open stays so. */
	poke_iov(IOVS, BUF, 10);
	assert_errno(SUCCESS, CALL("fd_read", fd, IOVS, 1, OUT));
	assert_int_equal(peek32(OUT), 10);
	assert_errno(SUCCESS, CALL("fd_close", ROOT));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_grants_are_preopened),
		TEST(test_grants_can_be_closed_and_replaced),
		TEST(test_fdstat_tells_rights_and_type),
		TEST(test_lowest_free_number_is_given),
		TEST(test_limit_of_open_files),
		TEST(test_open_by_flags),
		TEST(test_open_append_and_sync),
		TEST(test_links_are_followed_if_asked),
		TEST(test_what_may_be_written_may_be_emptied),
		TEST(test_rights_are_inherited),
		TEST(test_read_and_seek),
		TEST(test_telling_needs_less_than_seeking),
		TEST(test_write_gathers_and_goes_on),
		TEST(test_large_buffers_one_by_one),
		TEST(test_the_other_direction_is_no_descriptor),
		TEST(test_reading_checks_before_it_reads),
		TEST(test_sizes),
		TEST(test_directories_are_no_files),
		TEST(test_files_are_no_directories),
		TEST(test_times),
		TEST(test_stat_of_a_path),
		TEST(test_paths_are_checked),
		TEST(test_making_and_removing),
		TEST(test_moving_and_linking),
		TEST(test_symbolic_links),
		TEST(test_read_only_grant),
		TEST(test_readdir),
		TEST(test_readdir_tells_types_and_inodes),
		TEST(test_fifos_do_not_block),
		TEST(test_files_are_always_ready),
		TEST(test_a_broker_that_ends_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
