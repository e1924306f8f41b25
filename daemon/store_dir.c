/* The store's directory. Runs in the daemon. */
#include "config.h"

#include "daemon/store_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nettle/sha2.h>

#include "base/fd.h"
#include "base/log.h"

#define STORE_NAME_MAX	(DIGEST_HEX + 32)
#define STORE_CHUNK	65536u
#define STORE_SEALS	(F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | \
	F_SEAL_SEAL)

/* ---- where ----------------------------------------------------------------- */

int
store_dir_default(char *path, size_t size, bool is_private)
{
	const char *service = getenv("STATE_DIRECTORY");
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;

	if (service != NULL && service[0] == '/')
		n = snprintf(path, size, "%.*s/modules",
			(int)strcspn(service, ":"), service);
	else if (!is_private)
		n = snprintf(path, size, "/var/lib/wasmd/modules");
	else if (state != NULL && state[0] == '/')
		n = snprintf(path, size, "%s/wasmd/modules", state);
	else if (home != NULL && home[0] == '/')
		n = snprintf(path, size, "%s/.local/state/wasmd/modules", home);
	else
		return -1;
	return n > 0 && (size_t)n < size ? 0 : -1;
}

/* It and the directories above it; those that are there stay as they are. */
static int
store_dir_make(const char *path)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, path[i] == '\0' ? 0700 : 0755) == -1 &&
		    errno != EEXIST && errno != EROFS)
			return -1;
	}
	return 0;
}

int
store_dir_open(const char *path, uid_t uid, gid_t gid, struct err *err)
{
	struct stat st;
	int dir;

	if (store_dir_make(path) == -1)
		return err_set(err, 1, "%s: cannot be made: %s", path,
			strerror(errno));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir == -1 || fstat(dir, &st) == -1 ||
	    (geteuid() == 0 && st.st_uid == 0 && fchown(dir, uid, gid) == -1) ||
	    fstat(dir, &st) == -1) {
		err_set(err, 1, "%s: %s", path, strerror(errno));
		fd_close(&dir);
		return -1;
	}
	if (st.st_uid != uid || (st.st_mode & 022) != 0) {
		err_set(err, 1, "%s: must belong to user %u, and nobody else "
			"may write to it", path, (unsigned)uid);
		fd_close(&dir);
		return -1;
	}
	return dir;
}

int
store_dir_lock(int dir)
{
	return flock(dir, LOCK_EX | LOCK_NB);
}

/* ---- names ------------------------------------------------------------------ */

/* What follows the digest and a dot: "wasm", "UID", "UID.shared". */
static bool
store_name_parse_rest(struct store_name *n, const char *rest)
{
	unsigned long long uid;
	char *end;

	n->kind = STORE_MODULE;
	if (strcmp(rest, "wasm") == 0)
		return true;
	n->kind = STORE_CLAIM;
	if (rest[0] < '0' || rest[0] > '9')
		return false;
	errno = 0;
	uid = strtoull(rest, &end, 10);
	n->uid = (uid_t)uid;
	n->shared = strcmp(end, ".shared") == 0;
	return errno == 0 && uid < UINT32_MAX && (n->shared || *end == '\0');
}

static bool
store_name_parse(struct store_name *n, const char *name)
{
	*n = (struct store_name){ .size = 0 };
	return strlen(name) > DIGEST_HEX + 1 && name[DIGEST_HEX] == '.' &&
		digest_parse(n->digest, name, DIGEST_HEX) &&
		store_name_parse_rest(n, name + DIGEST_HEX + 1);
}

static void
store_name_module(char name[STORE_NAME_MAX], const char *hex, const char *kind)
{
	snprintf(name, STORE_NAME_MAX, "%s.%s", hex, kind);
}

static void
store_name_claim(char name[STORE_NAME_MAX], const char *hex, uid_t uid,
	bool shared)
{
	snprintf(name, STORE_NAME_MAX, "%s.%u%s", hex, (unsigned)uid,
		shared ? ".shared" : "");
}

static bool
store_name_is_part(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, ".part") == 0;
}

/* ---- reading the directory ---------------------------------------------------- */

static void
store_dir_scan_one(int dir, const char *file, void (*on_name)(void *arg,
	const struct store_name *name), void *arg)
{
	struct store_name name;
	struct stat st;

	if (store_name_is_part(file)) {
		log_notice("store: %s was not finished and is removed", file);
		unlinkat(dir, file, 0);
		return;
	}
	if (!store_name_parse(&name, file) ||
	    fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode)) {
		log_warning("store: %s is none of its files", file);
		return;
	}
	name.size = (uint64_t)st.st_size;
	name.put_s = (uint64_t)st.st_mtime;
	on_name(arg, &name);
}

int
store_dir_scan(int dir, void (*on_name)(void *arg,
	const struct store_name *name), void *arg)
{
	/* A descriptor of its own: closedir(3) closes it. */
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;
	int error;

	if (d == NULL) {
		fd_close(&fd);
		return -1;
	}
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			store_dir_scan_one(dir, e->d_name, on_name, arg);
	}
	error = errno;
	closedir(d);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* ---- changing it ----------------------------------------------------------------- */

static int
store_copy(int to, int from, uint64_t size)
{
	char *chunk = malloc(STORE_CHUNK);
	uint64_t done = 0;
	ssize_t n = 1;

	while (chunk != NULL && done < size) {
		uint64_t left = size - done;

		n = pread(from, chunk, left < STORE_CHUNK ? left : STORE_CHUNK,
			(off_t)done);
		if (n == 0)
			errno = EIO;
		if (n <= 0 || fd_write_all(to, chunk, (size_t)n) == -1)
			break;
		done += (uint64_t)n;
	}
	free(chunk);
	return chunk != NULL && done == size ? 0 : -1;
}

int
store_dir_write(int dir, const char *hex, int from, uint64_t size)
{
	char part[STORE_NAME_MAX], whole[STORE_NAME_MAX];
	int fd, error;

	store_name_module(part, hex, "part");
	store_name_module(whole, hex, "wasm");
	fd = openat(dir, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
		O_NOFOLLOW, 0600);
	if (fd == -1)
		return -1;
	if (store_copy(fd, from, size) == 0 && fsync(fd) == 0 &&
	    renameat(dir, part, dir, whole) == 0) {
		fd_close(&fd);
		/* The claim that follows writes the directory through. */
		return 0;
	}
	error = errno;
	fd_close(&fd);
	unlinkat(dir, part, 0);
	errno = error;
	return -1;
}

int
store_dir_claim(int dir, const char *hex, uid_t uid, bool shared)
{
	char name[STORE_NAME_MAX], other[STORE_NAME_MAX];
	int fd, error;

	store_name_claim(name, hex, uid, shared);
	store_name_claim(other, hex, uid, !shared);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		0600);
	if (fd == -1)
		return -1;
	if (fsync(fd) == 0 && fsync(dir) == 0) {
		fd_close(&fd);
		/* What a crash leaves of the other one, scanning resolves. */
		if (unlinkat(dir, other, 0) == 0)
			return fsync(dir);
		return errno == ENOENT ? 0 : -1;
	}
	error = errno;
	fd_close(&fd);
	unlinkat(dir, name, 0);
	errno = error;
	return -1;
}

static int
store_unlink(int dir, const char *name)
{
	return unlinkat(dir, name, 0) == -1 && errno != ENOENT ? -1 : 0;
}

int
store_dir_remove(int dir, const char *hex)
{
	char name[STORE_NAME_MAX];

	store_name_module(name, hex, "wasm");
	return store_unlink(dir, name) == -1 ? -1 : fsync(dir);
}

int
store_dir_disclaim(int dir, const char *hex, uid_t uid)
{
	char name[STORE_NAME_MAX];

	store_name_claim(name, hex, uid, true);
	if (store_unlink(dir, name) == -1)
		return -1;
	store_name_claim(name, hex, uid, false);
	return store_unlink(dir, name) == -1 ? -1 : fsync(dir);
}

/* ---- reading a module ---------------------------------------------------------------- */

static int
store_read_all(int from, int to, uint64_t size, uint8_t *digest)
{
	uint8_t *chunk = malloc(STORE_CHUNK);
	struct sha256_ctx sha;
	uint64_t done = 0;
	ssize_t n;

	sha256_init(&sha);
	while (chunk != NULL && done < size) {
		n = read(from, chunk, STORE_CHUNK);
		if (n == 0)
			errno = ENODATA;
		if (n <= 0 || fd_write_all(to, chunk, (size_t)n) == -1)
			break;
		sha256_update(&sha, (size_t)n, chunk);
		done += (uint64_t)n;
	}
	free(chunk);
	if (done > size)
		errno = ENODATA;
	if (chunk == NULL || done != size)
		return -1;
	sha256_digest(&sha, DIGEST_BYTES, digest);
	return fcntl(to, F_ADD_SEALS, STORE_SEALS);
}

int
store_dir_read(int dir, const char *hex, uint64_t size,
	uint8_t digest[DIGEST_BYTES])
{
	char name[STORE_NAME_MAX];
	int from, to, error;

	store_name_module(name, hex, "wasm");
	from = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (from == -1)
		return -1;
	to = memfd_create("wasm-module", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (to == -1 || store_read_all(from, to, size, digest) == -1) {
		error = errno;
		fd_close(&to);
		errno = error;
	}
	fd_close(&from);
	return to;
}
