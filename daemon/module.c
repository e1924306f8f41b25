/* The bytes of a module in a sealed memfd. Runs in the daemon. */
#include "config.h"

#include "daemon/module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>
#include <nettle/sha2.h>

#include "base/fd.h"
#include "proto/proto.h"

#define MODULE_SLICE	(1u << 20)	/* some milliseconds of hashing */
#define MODULE_CHUNK	65536u
#define MODULE_SEALS	(F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

struct module {
	unsigned refs;
	int fd;		/* what templates get */
	int from;	/* the client's memfd while it is being copied, or -1 */
	size_t size, done;
	bool was_sent;	/* as bytes, by owner */
	uid_t owner;
	struct sha256_ctx sha;
	uint8_t digest[MODULE_DIGEST];
	char hex[MODULE_HEX + 1];
	struct event *next;
	struct module_reader reader;
	LIST_ENTRY(module) entry;	/* of those that were sent as bytes */
};

/* Those in use that were sent as bytes, by their digest's first byte. If the
 * same user sends the same again, its memfd is used; not if another does, who
 * could tell by the time it takes that somebody has it. */
#define MODULE_BUCKETS 256
static LIST_HEAD(module_bucket, module) sent[MODULE_BUCKETS];

static const struct module *
module_find_sent(const struct module *like)
{
	const struct module *m;

	LIST_FOREACH(m, &sent[like->digest[0]], entry) {
		if (m->owner == like->owner && memcmp(m->digest, like->digest,
		    MODULE_DIGEST) == 0)
			return m;
	}
	return NULL;
}

static struct module *
module_new(struct event_base *base, struct module_reader reader,
	event_callback_fn on_slice)
{
	struct module *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->refs = 1;
	m->fd = m->from = -1;
	m->reader = reader;
	m->next = evtimer_new(base, on_slice, m);
	if (m->next == NULL) {
		free(m);
		return NULL;
	}
	sha256_init(&m->sha);
	return m;
}

static int
module_create_memfd(struct module *m)
{
	m->fd = memfd_create("wasm-module", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return m->fd == -1 ? -1 : 0;
}

/* A timer, not event_active(): that would run before the loop looks at anyone
 * else again. */
static void
module_next_slice(struct module *m)
{
	const struct timeval now = { 0, 0 };

	evtimer_add(m->next, &now);
}

static void
module_finish(struct module *m, const struct err *err)
{
	fd_close(&m->from);
	if (err == NULL && !m->was_sent) {
		sha256_digest(&m->sha, sizeof(m->digest), m->digest);
		digest_format(m->hex, m->digest);
	}
	m->reader.on_ready(m->reader.arg, err);
}

static void
module_fail(struct module *m, const char *what)
{
	struct err err = ERR_NONE;

	err_set(&err, PROTO_ERROR_INTERNAL, "the module cannot be kept: %s: %s",
		what, errno == 0 ? "it became shorter" : strerror(errno));
	module_finish(m, &err);
}

/* Read, hash and, unless the client's memfd is used as it is, copy some. */
static int
module_read_slice(struct module *m)
{
	uint8_t chunk[MODULE_CHUNK];
	int from = m->from != -1 ? m->from : m->fd;
	size_t end = m->size - m->done > MODULE_SLICE ?
		m->done + MODULE_SLICE : m->size;

	while (m->done < end) {
		size_t want = end - m->done < sizeof(chunk) ?
			end - m->done : sizeof(chunk);
		ssize_t n = pread(from, chunk, want, (off_t)m->done);

		if (n <= 0) {
			if (n == 0)
				errno = 0;
			return -1;
		}
		sha256_update(&m->sha, (size_t)n, chunk);
		if (m->from != -1 && fd_write_all(m->fd, chunk, (size_t)n) == -1)
			return -1;
		m->done += (size_t)n;
	}
	return 0;
}

static void
module_on_slice(evutil_socket_t fd, short what, void *arg)
{
	struct module *m = arg;

	if (module_read_slice(m) == -1)
		module_fail(m, "reading");
	else if (m->done < m->size)
		module_next_slice(m);
	else if (m->from != -1 && fcntl(m->fd, F_ADD_SEALS,
			MODULE_SEALS | F_SEAL_SEAL) == -1)
		module_fail(m, "sealing");
	else
		module_finish(m, NULL);
}

/* Inline modules are small: no more than one slice. */
static int
module_fill(struct module *m, uid_t owner, struct span bytes)
{
	const struct module *same;

	m->owner = owner;
	sha256_update(&m->sha, bytes.len, (const uint8_t *)bytes.data);
	sha256_digest(&m->sha, sizeof(m->digest), m->digest);
	m->size = m->done = bytes.len;
	digest_format(m->hex, m->digest);
	same = module_find_sent(m);
	if (same != NULL) {
		m->fd = fcntl(same->fd, F_DUPFD_CLOEXEC, 3);
		if (m->fd == -1)
			return -1;
	} else if (module_create_memfd(m) == -1 ||
	    fd_write_all(m->fd, bytes.data, bytes.len) == -1 ||
	    fcntl(m->fd, F_ADD_SEALS, MODULE_SEALS | F_SEAL_SEAL) == -1) {
		return -1;
	}
	m->was_sent = true;
	LIST_INSERT_HEAD(&sent[m->digest[0]], m, entry);
	return 0;
}

struct module *
module_from_bytes(struct event_base *base, uid_t owner, struct span bytes,
	struct module_reader reader, struct err *err)
{
	struct module *m = module_new(base, reader, module_on_slice);

	if (m == NULL || module_fill(m, owner, bytes) == -1) {
		err_set(err, PROTO_ERROR_INTERNAL,
			"the module cannot be kept: %s", strerror(errno));
		module_unref(m);
		return NULL;
	}
	event_active(m->next, EV_TIMEOUT, 0);	/* nothing is left to do */
	return m;
}

static int
module_check_fd(int fd, uint64_t max, int *seals, struct stat *st,
	struct err *err)
{
	/* Answered without the file system, unlike fstat(2). */
	*seals = fcntl(fd, F_GET_SEALS);
	if (*seals == -1 || fstat(fd, st) == -1 || !S_ISREG(st->st_mode))
		return err_set(err, PROTO_ERROR_USAGE,
			"module_fd: the descriptor is not a memfd");
	if (st->st_size < 0 || (uint64_t)st->st_size > max)
		return err_set(err, PROTO_ERROR_TOO_LARGE,
			"the module has %lld bytes; this daemon allows %llu",
			(long long)st->st_size, (unsigned long long)max);
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
		return err_set(err, PROTO_ERROR_USAGE,
			"module_fd: the descriptor cannot be read");
	return 0;
}

struct module *
module_from_fd_take(struct event_base *base, int fd, uint64_t max,
	struct module_reader reader, struct err *err)
{
	struct module *m = NULL;
	struct stat st;
	int seals;

	if (module_check_fd(fd, max, &seals, &st, err) == -1)
		goto fail;
	m = module_new(base, reader, module_on_slice);
	if (m == NULL)
		goto fail_memory;
	m->size = (size_t)st.st_size;
	if ((seals & MODULE_SEALS) == MODULE_SEALS) {
		m->fd = fd;
	} else {
		if (module_create_memfd(m) == -1)
			goto fail_memory;
		m->from = fd;
	}
	module_next_slice(m);
	return m;
fail_memory:
	err_set(err, PROTO_ERROR_INTERNAL, "the module cannot be kept: %s",
		strerror(errno));
fail:
	fd_close(&fd);
	module_unref(m);
	return NULL;
}

struct module *
module_whole_take(int fd, size_t size, const uint8_t digest[MODULE_DIGEST])
{
	struct module *m = calloc(1, sizeof(*m));

	if (m == NULL) {
		fd_close(&fd);
		return NULL;
	}
	m->refs = 1;
	m->fd = fd;
	m->from = -1;
	m->size = m->done = size;
	memcpy(m->digest, digest, sizeof(m->digest));
	digest_format(m->hex, digest);
	return m;
}

struct module *
module_ref(struct module *m)
{
	m->refs++;
	return m;
}

void
module_unref(struct module *m)
{
	if (m == NULL || --m->refs > 0)
		return;
	if (m->next != NULL)
		event_free(m->next);
	if (m->was_sent)
		LIST_REMOVE(m, entry);
	fd_close(&m->fd);
	fd_close(&m->from);
	free(m);
}

int
module_fd(const struct module *m)
{
	return m->fd;
}

size_t
module_size(const struct module *m)
{
	return m->size;
}

const uint8_t *
module_digest(const struct module *m)
{
	return m->digest;
}

const char *
module_hex(const struct module *m)
{
	return m->hex;
}
