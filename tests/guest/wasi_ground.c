/* Directories, descriptors and names for tests of WASI. */
#define _GNU_SOURCE
#include "config.h"

#include "tests/guest/wasi_ground.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/wasmd.h"
#include "guest/wasi.h"

static char base[64];
static bool mounts, alien;
static int dialled;
static struct sockaddr_un address;
static socklen_t address_len;
int ground_peer;

static const struct {
	const char *text;
	uint32_t len;
} names[] = {
#define NAME(id, text) { text, sizeof(text) - 1 },
	GROUND_NAMES(NAME)
#undef NAME
};

static const char *
below(const char *dir, const char *name)
{
	static char path[8][192];
	static unsigned next;
	char *p = path[next++ % 8];

	snprintf(p, sizeof(path[0]), "%s/%s%s", base, dir, name);
	return p;
}

const char *
ground_host(const char *name)
{
	return below("rw/", name);
}

bool
ground_has_mounts(void)
{
	return mounts;
}

bool
ground_has_alien(void)
{
	return alien;
}

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* ---- once -------------------------------------------------------------- */

static int
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t n = fd == -1 ? -1 : write(fd, text, strlen(text));

	if (fd != -1)
		close(fd);
	return n == -1 ? -1 : 0;
}

/* A name space in which we may mount; ours already if we are root. */
static int
enter_namespace(void)
{
	char users[64], groups[64];

	if (geteuid() == 0)
		return unshare(CLONE_NEWNS);
	snprintf(users, sizeof(users), "%u %u 1", geteuid(), geteuid());
	snprintf(groups, sizeof(groups), "%u %u 1", getegid(), getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == -1 ||
	    write_file("/proc/self/uid_map", users) == -1 ||
	    write_file("/proc/self/setgroups", "deny") == -1)
		return -1;
	return write_file("/proc/self/gid_map", groups);
}

/* A file system that is full, of bytes and of files, and a file that is mounted
 * on another. */
static bool
make_mounts(void)
{
	int count = 0, fd = -1;

	if (enter_namespace() == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("none", below("", "small"), "tmpfs", 0,
		"size=16k,nr_inodes=8") == -1 ||
	    mount(below("", "alien"), below("", "bound"), NULL, MS_BIND, NULL)
	    == -1)
		return false;
	for (char name[8]; count < 8; count++) {
		snprintf(name, sizeof(name), count == 0 ? "file" : "%d", count);
		fd = open(below("small/", name), O_CREAT | O_WRONLY, 0644);
		if (fd == -1)
			break;
		while (count == 0 && write(fd, base, sizeof(base)) > 0)
			;
		close(fd);
	}
	return fd == -1 && errno == ENOSPC;
}

static int
drop_privileges(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { { 0 } };

	return (int)syscall(SYS_capset, &head, none);
}

int
ground_prepare(void)
{
	strcpy(base, "/tmp/wasmd-ground-XXXXXX");
	if (mkdtemp(base) == NULL || mkdir(below("", "small"), 0755) == -1)
		return -1;
	put(below("", "alien"), "of another user");
	put(below("", "bound"), "");
	put(below("small/", "file"), "");
	alien = geteuid() == 0 && chown(below("", "alien"), 65534, -1) == 0;
	mounts = make_mounts();
	if (!mounts)
		umount2(below("", "small"), MNT_DETACH);
	return drop_privileges();
}

/* The mounts end with the process, and are seen by no other. */
void
ground_remove(void)
{
	umount2(below("", "bound"), MNT_DETACH);
	umount2(below("", "small"), MNT_DETACH);
	unlink(below("", "bound"));
	unlink(below("", "alien"));
	unlink(below("small/", "file"));
	rmdir(below("", "small"));
	rmdir(base);
}

/* ---- for each test ----------------------------------------------------- */

static void
make_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
}

static void
make_files(void)
{
	static const char *const dirs[] = {
		"rw", "ro", "rw/sub", "rw/sub/below", "rw/empty", "rw/gone",
		"rw/locked", "rw/locked/dir", "rw/dark",
	};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		assert_int_equal(mkdir(below("", dirs[i]), 0755), 0);
	put(ground_host("file"), "0123456789");
	put(ground_host("sub/inner"), "inner");
	put(ground_host("locked/file"), "locked");
	put(ground_host("secret"), "secret");
	put(below("ro/", "file"), "read only");
	assert_int_equal(symlink("file", ground_host("link")), 0);
	assert_int_equal(symlink("loop", ground_host("loop")), 0);
	assert_int_equal(mkfifo(ground_host("fifo"), 0600), 0);
	make_socket(ground_host("socket"));
	assert_int_equal(chmod(ground_host("secret"), 0), 0);
	assert_int_equal(chmod(ground_host("locked"), 0555), 0);
	assert_int_equal(chmod(ground_host("dark"), 0), 0);
}

/* Above the descriptors that the tests count on. */
static int
high(int fd)
{
	int ret = fcntl(fd, F_DUPFD_CLOEXEC, 100);

	assert_int_not_equal(ret, -1);
	close(fd);
	return ret;
}

static int
make_listener(void)
{
	int fd = high(socket(AF_UNIX, SOCK_STREAM, 0));

	address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
		sizeof(sa_family_t)), 0);
	address_len = sizeof(address);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address,
		&address_len), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static int
make_connection(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
		pair), 0);
	pair[1] = high(pair[1]);
	ground_peer = high(pair[0]);
	return pair[1];
}

void
ground_dial(void)
{
	dialled = high(socket(AF_UNIX, SOCK_STREAM, 0));
	assert_int_equal(connect(dialled, (struct sockaddr *)&address,
		address_len), 0);
}

static void
start_broker(void)
{
	const int sockets[] = { make_listener(), make_connection() };
	struct wasmd_grant grants[] = {
		{ open(below("", "rw"), O_PATH), "/", false },
		{ open(below("", "ro"), O_PATH), "/ro", true },
		{ open(base, O_PATH), "/whole", false },
		{ open(below("", "small"), O_PATH), "/small", false },
		{ open("/dev", O_PATH), "/dev", false },
	};
	const struct wasmd_grants all = {
		sizeof(all), grants, 5, sockets, 2,
	};
	struct wasmd_error err = { .code = 0 };
	int sock = wasmd_broker_start(&all, &err);

	assert_string_equal(err.text, "");
	close(sockets[0]);
	close(sockets[1]);
	for (int i = 0; i < 5; i++)
		if (grants[i].dir != sock)
			close(grants[i].dir);
	if (sock == BROKER_FD)
		return;
	assert_int_equal(dup2(sock, BROKER_FD), BROKER_FD);
	close(sock);
}

static void
open_one(uint32_t want, uint32_t dir, const char *name, uint64_t rights,
	uint32_t fdflags)
{
	poke(BUF, name, strlen(name));
	assert_errno(SUCCESS, CALL("path_open", dir, 1, BUF, strlen(name), 0,
		rights, ALL, fdflags, OUT));
	assert_int_equal(peek32(OUT), want);
}

static void
open_descriptors(void)
{
	const uint64_t dir = ALL & ~(uint64_t)WASI_RIGHT_FD_WRITE;
	const uint64_t read = dir, write = ALL & ~(uint64_t)WASI_RIGHT_FD_READ;

	open_one(FILE_FD_ALL, ROOT, "file", ALL, 0);
	open_one(DIR_FD, ROOT, "sub", dir, 0);
	open_one(POOR, ROOT, "file", ALL, 0);
	open_one(POOR_DIR, ROOT, "sub", dir, 0);
	open_one(READER, ROOT, "file", read, 0);
	open_one(WRITER, ROOT, "file", write, 0);
	open_one(FIFO, ROOT, "fifo", ALL, WASI_FDFLAG_NONBLOCK);
	open_one(GONE, ROOT, "gone", dir, 0);
	open_one(RO_FILE, RO, "file", read, 0);
	open_one(FULL, SMALL, "file", ALL, 0);
	assert_errno(SUCCESS, CALL("fd_fdstat_set_rights", POOR, 0, 0));
	assert_errno(SUCCESS, CALL("fd_fdstat_set_rights", POOR_DIR, 0, 0));
	assert_int_equal(rmdir(ground_host("gone")), 0);
}

static void
fill_memory(void)
{
	memset(fake.memory, FAKE_FILL, END);
	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		poke(NAMES + NAME_BYTES * i, names[i].text, names[i].len);
	memset(fake.memory + LONG_NAME, 'a', 4096);
	poke(BUF, "hello", 5);
	poke_iov(IOVS, BUF, 5);
	poke_iov(IOVS_BEYOND, END - 1, 2);
	poke_iov(IOVS_HUGE, 0, UINT32_MAX);
	poke_iov(IOVS_HUGE + 8, 0, UINT32_MAX);
}

int
ground_setup(void **state)
{
	static const char *const args[] = { "program", "argument" };
	static const char *const env[] = { "A=1" };
	static const struct call call = {
		.files = GROUND_FILES, .nargs = 2, .args = args,
		.nenv = 1, .env = env,
	};

	make_files();
	start_broker();
	fake_setup(NULL);
	fake_start(&call);
	open_descriptors();
	fill_memory();
	return 0;
}

int
ground_teardown(void **state)
{
	char command[192];

	for (uint32_t fd = 0; fd < 3 + GROUND_FILES; fd++)
		CALL("fd_close", fd);
	close(BROKER_FD);
	close(ground_peer);
	if (dialled > 0)
		close(dialled);
	dialled = 0;
	chmod(ground_host("locked"), 0755);
	chmod(ground_host("dark"), 0755);
	snprintf(command, sizeof(command), "rm -rf %s/rw %s/ro", base, base);
	return system(command);
}
