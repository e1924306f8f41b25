/*
 * Every function of WASI with every errno that it can have, over the real
 * functions and the real broker: the table is wasi_errnos.def, each row of it
 * a test, also of the older interface where that has its own function. A call
 * that fails leaves the memory as it was.
 * wasmd-wasi(7) lists the errnos; it and the table must say the same.
 */
#define _GNU_SOURCE
#include "config.h"

#include "tests/guest/wasi_ground.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/wasi.h"

extern char **environ;

#define ARGS_MAX 9

struct row {
	const char *function, *how;
	enum wasi_errno e;
	bool event;		/* it is the errno of the first event */
	const char *(*prepare)(void);
	size_t nargs;
	uint64_t args[ARGS_MAX];
};

/* One row for one interface. */
struct errno_case {
	const struct row *row;
	const char *module;
	char name[128];
};

static const char *module;	/* of the row that runs */
static bool broker_ended;
static pid_t program;

static const char *const errno_names[] = {
#define WASI_ERRNO(id) #id,
#include "guest/wasi_errno.def"
#undef WASI_ERRNO
};

/* ---- what is done before: NULL, or what the ground lacks ---------------- */

static const char *
nothing(void)
{
	return NULL;
}

static const char *
need_mounts(void)
{
	return ground_has_mounts() ? NULL : "nothing can be mounted here";
}

static const char *
need_alien(void)
{
	return ground_has_alien() ? NULL : "no file of another user: not root";
}

/* In a process of its own, as what is broken stays so. */
static const char *
end_broker(void)
{
	broker_ended = true;
	return NULL;
}

static void
limit(int resource, rlim_t n)
{
	struct rlimit lim;

	assert_int_equal(getrlimit(resource, &lim), 0);
	lim.rlim_cur = n < lim.rlim_max ? n : lim.rlim_max;
	assert_int_equal(setrlimit(resource, &lim), 0);
}

static const char *
limit_size(void)
{
	signal(SIGXFSZ, SIG_IGN);
	limit(RLIMIT_FSIZE, 1 << 20);
	return NULL;
}

static const char *
limit_size_and_seek(void)
{
	assert_errno(SUCCESS, CALL("fd_seek", WRITER, 1 << 20, 0, OUT));
	return limit_size();
}

static const char *
seek_full(void)
{
	if (need_mounts() == NULL)
		assert_errno(SUCCESS, CALL("fd_seek", FULL, 1 << 16, 0, OUT));
	return need_mounts();
}

static const char *
limit_descriptors(void)
{
	int lowest = dup(STDERR_FILENO);

	close(lowest);
	limit(RLIMIT_NOFILE, (rlim_t)lowest);
	return NULL;
}

static const char *
open_all(void)
{
	while (CALL("path_open", ROOT, 1, P(FILE), 0, 2, 0, 0, OUT) == 0)
		;
	return NULL;
}

static const char *
open_alien(void)
{
	if (need_alien() == NULL)
		assert_errno(SUCCESS, CALL("path_open", WHOLE, 1, P(ALIEN), 0,
			WASI_RIGHT_FD_FILESTAT_SET_TIMES, 0, 0, OUT));
	return need_alien();
}

static const char *
inherit_nothing(void)
{
	assert_errno(SUCCESS, CALL("fd_fdstat_set_rights", DIR_FD,
		WASI_RIGHT_PATH_OPEN, 0));
	return NULL;
}

static const char *
close_fifo(void)
{
	assert_errno(SUCCESS, CALL("fd_close", FIFO));
	return NULL;
}

static const char *
fill_fifo(void)
{
	poke_iov(IOVS + 8, 0, END);
	while (CALL("fd_write", FIFO, IOVS + 8, 1, OUT) == 0)
		;
	while (CALL("fd_write", FIFO, IOVS, 1, OUT) == 0)
		;
	return NULL;
}

static const char *
open_unread_fifo(void)
{
	assert_errno(SUCCESS, CALL("path_open", ROOT, 1, P(FIFO), 0,
		WASI_RIGHT_FD_WRITE, 0, 0, OUT));
	return close_fifo();
}

static const char *
run_program(void)
{
	char path[256], command[600];
	char *const args[] = { path, "100", NULL };

	snprintf(path, sizeof(path), "%s", ground_host("program"));
	snprintf(command, sizeof(command), "cp \"$(command -v sleep)\" %s", path);
	assert_int_equal(system(command), 0);
	assert_int_equal(posix_spawn(&program, path, NULL, NULL, args, environ),
		0);
	return NULL;
}

static const char *
do_not_wait(void)
{
	assert_errno(SUCCESS, CALL("fd_fdstat_set_flags", 0,
		WASI_FDFLAG_NONBLOCK));
	return NULL;
}

static const char *
end_input(void)
{
	fake.eof = true;
	return NULL;
}

/* The whole address space; what is really there is not touched. */
static const char *
all_memory(void)
{
	fake.memory_len = UINT64_C(1) << 32;
	return NULL;
}

/* A subscription: a type, and a clock or descriptor. */
static const char *
subscribe(uint8_t type, uint32_t what)
{
	bool clock = type == WASI_EVENT_CLOCK;
	bool old = strcmp(module, UNSTABLE) == 0;

	memset(fake.memory + SUBS, 0, 56);
	fake.memory[SUBS + 8] = type;
	poke32(SUBS + (clock && old ? 24 : 16), what);
	return NULL;
}

static const char *
wait_clock(void)
{
	return subscribe(WASI_EVENT_CLOCK, WASI_CLOCK_MONOTONIC);
}

static const char *
wait_no_clock(void)
{
	return subscribe(WASI_EVENT_CLOCK, WASI_CLOCK_COUNT);
}

static const char *
wait_cpu_time(void)
{
	return subscribe(WASI_EVENT_CLOCK, WASI_CLOCK_THREAD_CPUTIME);
}

static const char *
wait_nothing(void)
{
	return subscribe(WASI_EVENT_COUNT, 0);
}

static const char *
wait_file(void)
{
	return subscribe(WASI_EVENT_FD_READ, FILE_FD_ALL);
}

static const char *
wait_not_open(void)
{
	return subscribe(WASI_EVENT_FD_READ, NOT_OPEN);
}

static const char *
wait_dir(void)
{
	return subscribe(WASI_EVENT_FD_WRITE, DIR_FD);
}

static const char *
wait_poor(void)
{
	return subscribe(WASI_EVENT_FD_READ, POOR);
}

static const char *
wait_listener(void)
{
	return subscribe(WASI_EVENT_FD_READ, LISTENER);
}

static const char *
dial(void)
{
	ground_dial();
	return NULL;
}

static const char *
dial_and_limit(void)
{
	ground_dial();
	return limit_descriptors();
}

static const char *
let_come(void)
{
	assert_int_equal(write(ground_peer, "abc", 3), 3);
	return NULL;
}

static const char *
hang_up(void)
{
	close(ground_peer);
	return NULL;
}

/* The other end goes without having read everything. */
static const char *
reset(void)
{
	assert_errno(SUCCESS, CALL("fd_write", CONN, IOVS, 1, OUT));
	return hang_up();
}

static const char *
make_sockets_poor(void)
{
	assert_errno(SUCCESS, CALL("fd_fdstat_set_rights", LISTENER, 0, 0));
	assert_errno(SUCCESS, CALL("fd_fdstat_set_rights", CONN, 0, 0));
	return NULL;
}

static const char *
make_sockets_not_wait(void)
{
	for (uint32_t fd = LISTENER; fd <= CONN; fd++)
		assert_errno(SUCCESS, CALL("fd_fdstat_set_flags", fd,
			WASI_FDFLAG_NONBLOCK));
	return NULL;
}

static const char *
fill_connection(void)
{
	make_sockets_not_wait();
	while (CALL("fd_write", CONN, IOVS, 1, OUT) == 0)
		;
	return NULL;
}

/* ---- the table --------------------------------------------------------- */

#define COUNT(...) (sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

static const struct row rows[] = {
#define ROW(function, id, how, prepare, ...) \
	{ #function, how, WASI_E##id, false, prepare, COUNT(__VA_ARGS__), \
		{ __VA_ARGS__ } },
#define EVENT(function, id, how, prepare, ...) \
	{ #function, how, WASI_E##id, true, prepare, COUNT(__VA_ARGS__), \
		{ __VA_ARGS__ } },
#include "tests/guest/wasi_errnos.def"
#undef ROW
#undef EVENT
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

static enum wasi_errno
row_call(const struct row *r, const uint64_t *args)
{
	const struct vm_host_func *f = fake_find(module, r->function);

	return fake_call(module, r->function, strcspn(f->sig, ":"), args);
}

/* The same in a process whose broker has ended. */
static enum wasi_errno
row_call_alone(const struct row *r)
{
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(BROKER_FD);
		_exit(open("/dev/null", O_RDWR) == BROKER_FD ?
			(int)row_call(r, r->args) : 255);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return (enum wasi_errno)WEXITSTATUS(status);
}

static void
assert_is(const struct row *r, enum wasi_errno got)
{
	if (got != r->e)
		fail_msg("%s (%s) gives %s, not %s", r->function, r->how,
			got < WASI_ERRNO_COUNT ? errno_names[got] : "nothing",
			errno_names[r->e]);
}

static void
test_row(void **state)
{
	static uint8_t before[FAKE_MEMORY];
	const struct errno_case *c = *state;
	const struct row *r = c->row;
	const char *lacks;
	enum wasi_errno got;

	module = c->module;
	lacks = r->prepare();
	if (lacks != NULL) {
		print_message("%s: %s\n", c->name, lacks);
		skip();
	}
	memcpy(before, fake.memory, sizeof(before));
	got = broker_ended ? row_call_alone(r) : row_call(r, r->args);
	if (r->event) {
		fake_assert_errno(WASI_ESUCCESS, got, c->name, __FILE__,
			__LINE__);
		assert_int_equal(peek32(OUT), 1);
		got = peek32(BUF + 8) & 0xffff;
	}
	assert_is(r, got);
	if (got != WASI_ESUCCESS && !r->event)
		assert_memory_equal(fake.memory, before, sizeof(before));
	if (!broker_ended)
		assert_int_equal(fake.status, strcmp(r->function,
			"proc_exit") == 0 ? VM_EXIT : VM_OK);
}

static int
row_setup(void **state)
{
	broker_ended = false;
	program = 0;
	return ground_setup(state);
}

static int
row_teardown(void **state)
{
	limit(RLIMIT_FSIZE, RLIM_INFINITY);
	limit(RLIMIT_NOFILE, 1024);
	if (program != 0) {
		kill(program, SIGKILL);
		waitpid(program, NULL, 0);
	}
	return ground_teardown(state);
}

/* ---- nothing is missing ------------------------------------------------ */

static bool
table_has(const char *function, enum wasi_errno e)
{
	for (size_t i = 0; i < NROWS; i++)
		if (rows[i].e == e && strcmp(rows[i].function, function) == 0)
			return true;
	return false;
}

static void
test_every_function_succeeds(void **state)
{
	const char *name;
	unsigned n;

	for (n = 0; (name = wasi_function(n)) != NULL; n++)
		if (!table_has(name, WASI_ESUCCESS))
			fail_msg("%s: no row for its success", name);
	assert_int_equal(n, 46);
}

/* The manual's list: ".It Sy NAME" and a line ".Er EA EB" or ".Em none". */
static void
test_manual_and_table_agree(void **state)
{
	FILE *f = fopen(SRCDIR "/man/wasmd-wasi.7", "r");
	char line[512], name[64] = "";
	unsigned functions = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		bool none = strcmp(line, ".Em none\n") == 0;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, ".It Sy %63s", name) == 1)
			continue;
		if (name[0] == '\0' || (strncmp(line, ".Er ", 4) != 0 && !none))
			continue;
		functions++;
		for (int e = 1; e < WASI_ERRNO_COUNT; e++) {
			char want[32], padded[520];
			bool says;

			snprintf(want, sizeof(want), " E%s ", errno_names[e]);
			snprintf(padded, sizeof(padded), "%s ", line);
			says = !none && strstr(padded, want) != NULL;
			if (says != table_has(name, (enum wasi_errno)e))
				fail_msg("%s:%s is %s", name, want, says ?
					"in the manual only" :
					"not in the manual");
		}
		name[0] = '\0';
	}
	fclose(f);
	assert_int_equal(functions, 46);
}


/* ---- the list of tests -------------------------------------------------- */

static struct CMUnitTest tests[2 * NROWS + 2];
static size_t ntests;

static void
add_test(struct CMUnitTest test)
{
	tests[ntests++] = test;
}

static void
add_row(const struct row *r, const char *in)
{
	static struct errno_case cases[2 * NROWS + 2];
	struct errno_case *c = &cases[ntests];

	c->row = r;
	c->module = in;
	snprintf(c->name, sizeof(c->name), "%s.%s %s: %s", in, r->function,
		errno_names[r->e], r->how);
	add_test((struct CMUnitTest){ c->name, test_row, row_setup,
		row_teardown, c });
}

static bool
is_older_one_different(const char *function)
{
	static const char *const different[] = {
#define WASI(name, sig, handler, params)
#define WASI_DIFFERS(name, sig, handler, old, params) #name,
#include "guest/wasi.def"
#undef WASI
#undef WASI_DIFFERS
	};

	for (size_t i = 0; i < sizeof(different) / sizeof(different[0]); i++)
		if (strcmp(function, different[i]) == 0)
			return true;
	return false;
}

int
main(void)
{
	int failed;

	signal(SIGPIPE, SIG_IGN);
	if (ground_prepare() == -1) {
		perror("the ground of the tests");
		return 1;
	}
	add_test((struct CMUnitTest)
		cmocka_unit_test(test_every_function_succeeds));
	add_test((struct CMUnitTest)
		cmocka_unit_test(test_manual_and_table_agree));
	for (size_t i = 0; i < NROWS; i++) {
		add_row(&rows[i], PREVIEW1);
		if (is_older_one_different(rows[i].function))
			add_row(&rows[i], UNSTABLE);
	}
	failed = _cmocka_run_group_tests("errnos of WASI", tests, ntests, NULL,
		NULL);
	ground_remove();
	return failed;
}
