/* The store, on a directory of its own: what is put is there, also after a
 * restart; what is torn, damaged or nobody's is not. */
#include "tests/daemon/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/fd.h"
#include "base/log.h"
#include "daemon/module.h"
#include "daemon/store.h"
#include "proto/proto.h"

static struct event_base *base;
static struct store *store;
static char path[64];

/* ---- what came of the last thing that was asked -------------------------- */

static bool came;
static struct err last;
static char content[16];

static void
on_done(void *arg, struct module *m, const struct err *err)
{
	came = true;
	last = err == NULL ? ERR_NONE : *err;
	memset(content, 0, sizeof(content));
	if (m != NULL)
		assert_true(pread(module_fd(m), content, sizeof(content) - 1,
			0) >= 0);
}

static const struct store_reader reader = { on_done, NULL };

static void
wait_for_it(void)
{
	for (came = false; !came;)
		event_base_loop(base, EVLOOP_ONCE);
}

/* ---- the store ------------------------------------------------------------- */

static struct store *
open_store(struct err *err)
{
	struct store_config config = {
		.path = path, .uid = getuid(), .gid = getgid(),
		.max = 100000,
	};

	return store_new(base, &config, err);
}

static void
reopen(void)
{
	store_free(store);
	store = open_store(NULL);
	assert_non_null(store);
}

static int
setup(void **state)
{
	strcpy(path, "/tmp/wasmd-test-XXXXXX");
	if (mkdtemp(path) == NULL)
		return -1;
	base = event_base_new();
	store = open_store(NULL);
	return store == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	char command[100];

	store_free(store);
	event_base_free(base);
	snprintf(command, sizeof(command), "rm -rf %s", path);
	return system(command);
}

static void
ignore(void *arg, const struct err *err)
{
	came = true;
}

static struct module *
make(const char *text)
{
	struct module_reader r = { ignore, NULL };
	struct module *m = module_from_bytes(base, 0,
		(struct span){ text, strlen(text) }, r, NULL);

	assert_non_null(m);
	wait_for_it();
	return m;
}

static const struct putter *
by(uid_t uid)
{
	static struct putter p = { .max = 50000 };

	p.uid = uid;
	return &p;
}

/* Its digest stays until the next one's. */
static const uint8_t *
put(const char *text, uid_t uid, bool share)
{
	static uint8_t digest[DIGEST_BYTES];
	struct module *m = make(text);

	memcpy(digest, module_digest(m), sizeof(digest));
	assert_non_null(store_put(store, by(uid), m, share, reader));
	module_unref(m);
	wait_for_it();
	return digest;
}

static int
get(const uint8_t *digest, uid_t uid)
{
	assert_non_null(store_get(store, uid, digest, reader));
	wait_for_it();
	return last.code;
}

static int
remove_it(const uint8_t *digest, uid_t uid)
{
	assert_non_null(store_remove(store, uid, digest, reader));
	wait_for_it();
	return last.code;
}

static unsigned
files(void)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	for (struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static int
open_file(const uint8_t *digest, const char *rest, int flags)
{
	char hex[DIGEST_HEX + 1], name[200];
	int fd;

	digest_format(hex, digest);
	snprintf(name, sizeof(name), "%s/%s%s", path, hex, rest);
	fd = open(name, flags, 0600);
	assert_int_not_equal(fd, -1);
	return fd;
}

/* ---- tests ------------------------------------------------------------------- */

static void
test_what_is_put_is_there(void **state)
{
	const uint8_t *d = put("one", 10, false);

	assert_int_equal(last.code, 0);
	assert_int_equal(get(d, 10), 0);
	assert_string_equal(content, "one");
	reopen();
	assert_int_equal(get(d, 10), 0);
	assert_string_equal(content, "one");
	assert_int_equal(get(d, 11), PROTO_ERROR_NO_MODULE);
	assert_int_equal(files(), 2);
}

static void
test_shared_and_private_again(void **state)
{
	const uint8_t *d = put("one", 10, true);

	assert_int_equal(get(d, 11), 0);
	assert_int_equal(remove_it(d, 11), PROTO_ERROR_DENIED);
	reopen();
	assert_int_equal(get(d, 11), 0);
	put("one", 10, false);
	assert_int_equal(get(d, 11), PROTO_ERROR_NO_MODULE);
	assert_int_equal(remove_it(d, 11), PROTO_ERROR_NO_MODULE);
	reopen();
	assert_int_equal(get(d, 11), PROTO_ERROR_NO_MODULE);
	assert_int_equal(files(), 2);
}

static void
test_kept_once_and_removed_last(void **state)
{
	const uint8_t *d = put("one", 10, false);

	put("one", 11, false);
	assert_int_equal(files(), 3);
	assert_int_equal(remove_it(d, 10), 0);
	assert_int_equal(get(d, 10), PROTO_ERROR_NO_MODULE);
	assert_int_equal(get(d, 11), 0);
	assert_int_equal(remove_it(d, 11), 0);
	assert_int_equal(files(), 0);
	assert_int_equal(store_catalog(store)->bytes, 0);
	put("one", 10, false);
	put("one", 11, false);
	assert_int_equal(remove_it(d, 0), 0);
	assert_int_equal(files(), 0);
}

static void
test_a_budget_is_kept_and_told(void **state)
{
	static char big[50001];

	memset(big, 'x', sizeof(big) - 1);
	put(big, 10, false);
	assert_int_equal(last.code, 0);
	put("one", 10, false);
	assert_int_equal(last.code, PROTO_ERROR_STORE_FULL);
	assert_non_null(strstr(last.text, "50000"));
	big[0] = 'y';
	put(big, 11, false);
	assert_int_equal(last.code, 0);
	put("one", 12, false);
	assert_int_equal(last.code, PROTO_ERROR_STORE_FULL);
	assert_non_null(strstr(last.text, "100000"));
	assert_int_equal(files(), 4);
}

static void
test_a_full_disk_leaves_nothing(void **state)
{
	struct rlimit before, small;
	static char big[20001];
	struct module *m;

	memset(big, 'z', sizeof(big) - 1);
	put("one", 10, false);
	m = make(big);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 10000, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_non_null(store_put(store, by(10), m, false, reader));
	wait_for_it();
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	module_unref(m);
	assert_int_equal(last.code, PROTO_ERROR_STORE_FULL);
	assert_int_equal(files(), 2);
	assert_int_equal(store_catalog(store)->count, 1);
	put(big, 10, false);
	assert_int_equal(last.code, 0);
}

static void
test_what_was_torn_is_swept(void **state)
{
	const uint8_t *d = put("one", 10, false);
	uint8_t other[DIGEST_BYTES];
	int fd;

	memset(other, 0xcd, sizeof(other));
	close(open_file(other, ".part", O_CREAT | O_WRONLY));
	/* Written, but not claimed; claimed, but its bytes are gone. */
	fd = open_file(other, ".wasm", O_CREAT | O_WRONLY);
	assert_int_equal(write(fd, "two", 3), 3);
	close(fd);
	other[0] = 0xef;
	close(open_file(other, ".10", O_CREAT | O_WRONLY));
	assert_int_equal(files(), 5);
	reopen();
	assert_int_equal(files(), 2);
	assert_int_equal(store_catalog(store)->count, 1);
	assert_int_equal(get(d, 10), 0);
}

static void
test_what_has_changed_is_not_given(void **state)
{
	const uint8_t *d = put("one", 10, false);
	int fd = open_file(d, ".wasm", O_WRONLY);

	assert_int_equal(write(fd, "eno", 3), 3);
	close(fd);
	reopen();
	assert_int_equal(get(d, 10), PROTO_ERROR_NO_MODULE);
	assert_non_null(strstr(last.text, "damaged"));
	assert_int_equal(get(d, 10), PROTO_ERROR_NO_MODULE);
	assert_int_equal(files(), 0);
	put("one", 10, false);
	assert_int_equal(get(d, 10), 0);
}

static void
test_what_was_cut_is_not_given(void **state)
{
	const uint8_t *d = put("one", 10, false);

	reopen();
	close(open_file(d, ".wasm", O_WRONLY | O_TRUNC));
	assert_int_equal(get(d, 10), PROTO_ERROR_NO_MODULE);
	assert_int_equal(get(d, 10), PROTO_ERROR_NO_MODULE);
	assert_int_equal(files(), 0);
}

static void
test_strange_files_stay(void **state)
{
	char name[100];

	snprintf(name, sizeof(name), "%s/readme", path);
	close(open(name, O_CREAT | O_WRONLY, 0600));
	reopen();
	assert_int_equal(files(), 1);
	assert_int_equal(store_catalog(store)->count, 0);
}

static void
test_one_daemon_at_a_time(void **state)
{
	struct err err = ERR_NONE;

	assert_null(open_store(&err));
	assert_non_null(strstr(err.text, "another wasmd"));
}

static void
test_nobody_else_may_write_there(void **state)
{
	struct err err = ERR_NONE;

	store_free(store);
	store = NULL;
	assert_int_equal(chmod(path, 0722), 0);
	assert_null(open_store(&err));
	assert_int_equal(chmod(path, 0700), 0);
	store = open_store(NULL);
	assert_non_null(store);
}

static void
test_forgotten_and_freed_in_the_middle(void **state)
{
	struct module *m = make("one");

	store_forget(store_put(store, by(10), m, false, reader));
	store_put(store, by(11), m, false, reader);
	event_base_loop(base, EVLOOP_NONBLOCK);
	module_unref(m);
	came = false;
	reopen();
	assert_false(came);
	assert_true(files() >= 2);
}

int
main(void)
{
#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_what_is_put_is_there),
		STORE_TEST(test_shared_and_private_again),
		STORE_TEST(test_kept_once_and_removed_last),
		STORE_TEST(test_a_budget_is_kept_and_told),
		STORE_TEST(test_a_full_disk_leaves_nothing),
		STORE_TEST(test_what_was_torn_is_swept),
		STORE_TEST(test_what_has_changed_is_not_given),
		STORE_TEST(test_what_was_cut_is_not_given),
		STORE_TEST(test_strange_files_stay),
		STORE_TEST(test_one_daemon_at_a_time),
		STORE_TEST(test_nobody_else_may_write_there),
		STORE_TEST(test_forgotten_and_freed_in_the_middle),
	};

	log_open("test", LOG_LEVEL_ERR, false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
