/*
 * Every pointer of every function of WASI at the edges of the memory, by the
 * functions' own parameters in wasi.def: what ends at the last byte is good and
 * one byte more is EFAULT, like what wraps; any address may be odd. Begins with
 * the calls that succeed in wasi_errnos.def.
 */
#define _GNU_SOURCE
#include "config.h"

#include "tests/guest/wasi_ground.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "guest/wasi.h"
#include "guest/wasi_trace.h"

#define ARGS_MAX 9
#define UNALIGNED 50001u

struct row {
	const char *function;
	enum wasi_errno e;
	uint64_t args[ARGS_MAX];
};

static const struct row rows[] = {
#define ROW(function, id, how, prepare, ...) \
	{ #function, WASI_E##id, { __VA_ARGS__ } },
#define EVENT ROW
#include "tests/guest/wasi_errnos.def"
#undef ROW
#undef EVENT
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

/* What a parameter of a type points to. */
struct pointee {
	const char *type;
	char direction;		/* as in wasi.def; 0: either */
	uint32_t size;		/* bytes, of each */
	bool counted;		/* the next argument says how many */
};

static const struct pointee pointees[] = {
	{ "path", 0, 1, true },
	{ "iovs", 0, sizeof(struct wasi_iovec), true },
	{ "iovs_later", 0, sizeof(struct wasi_iovec), true },
	{ "buffer", 0, 1, true },
	{ "used", 0, 1, true },
	{ "dirents", 0, 1, true },
	{ "subscriptions", 0, 48, false },
	{ "events", 0, sizeof(struct wasi_event), false },
	{ "fdstat", 0, sizeof(struct wasi_fdstat), false },
	{ "filestat", 0, sizeof(struct wasi_filestat), false },
	{ "prestat", 0, sizeof(struct wasi_prestat), false },
	{ "size", '>', 4, false },
	{ "fd", '>', 4, false },
	{ "filesize", '>', 8, false },
	{ "timestamp", '>', 8, false },
	{ "roflags", '>', 2, false },
};

/* A pointer among a function's arguments. */
struct pointer {
	size_t arg;
	uint32_t unit;
	bool counted;
};

struct pointers {
	const struct row *row;
	size_t nargs;
	struct pointer v[ARGS_MAX];
	unsigned count;
};

static unsigned total_pointers, total_functions, total_calls;

/* ---- what a function's pointers are ------------------------------------- */

static const struct row *
success_of(const char *function)
{
	for (size_t i = 0; i < NROWS; i++)
		if (rows[i].e == WASI_ESUCCESS &&
		    strcmp(rows[i].function, function) == 0)
			return &rows[i];
	return NULL;
}

/* Of the ground's two arguments and one variable. */
static uint32_t
strings_size(const char *name)
{
	if (strcmp(name, "argv") == 0)
		return 2 * 4;
	if (strcmp(name, "argv_buf") == 0)
		return sizeof("program") + sizeof("argument");
	return 4;	/* an address, or "A=1" */
}

/* Take "name", "name:type" or "name>type" into account. */
static void
add_parameter(struct pointers *p, const char *name, char direction,
	const char *type)
{
	bool is_string = strcmp(type, "ptr") == 0;

	if (is_string)
		p->v[p->count++] = (struct pointer){ p->nargs,
			strings_size(name), false };
	for (size_t i = 0; i < sizeof(pointees) / sizeof(pointees[0]); i++) {
		const struct pointee *to = &pointees[i];

		if (strcmp(to->type, type) != 0 ||
		    (to->direction != 0 && to->direction != direction))
			continue;
		p->v[p->count++] = (struct pointer){ p->nargs, to->size,
			to->counted };
		p->nargs += to->counted ? 1 : 0;
	}
	p->nargs++;
}

static void
find_pointers(struct pointers *p, const char *params)
{
	char text[256], *rest = text, *word;

	snprintf(text, sizeof(text), "%s", params);
	while ((word = strsep(&rest, " ")) != NULL) {
		char *mark = strpbrk(word, ":>");
		char direction = mark == NULL ? ':' : *mark;

		if (word[0] == '\0')
			continue;
		if (mark != NULL)
			*mark = '\0';
		add_parameter(p, word, direction,
			mark == NULL ? word : mark + 1);
	}
}

/* ---- calls -------------------------------------------------------------- */

/* The ground, a subscription to a clock that has come, somebody who waits to
 * be accepted and bytes to be received. */
static void
begin(void)
{
	ground_setup(NULL);
	ground_dial();
	assert_int_equal(write(ground_peer, "abc", 3), 3);
	memset(fake.memory + SUBS, 0, 56);
}

static enum wasi_errno
call_with(const struct pointers *p, size_t arg, uint64_t value)
{
	uint64_t args[ARGS_MAX];

	memcpy(args, p->row->args, sizeof(args));
	args[arg] = value;
	total_calls++;
	return fake_call(PREVIEW1, p->row->function, p->nargs, args);
}

static void
assert_faults(const struct pointers *p, size_t arg, uint32_t value)
{
	static uint8_t before[FAKE_MEMORY];
	enum wasi_errno e;

	memcpy(before, fake.memory, sizeof(before));
	e = call_with(p, arg, value);
	if (e != WASI_EFAULT)
		fail_msg("%s with %#x as argument %zu: %d", p->row->function,
			value, arg, e);
	assert_memory_equal(fake.memory, before, sizeof(before));
}

/* The same bytes elsewhere. */
static void
assert_succeeds(const struct pointers *p, size_t arg, uint32_t addr,
	uint32_t len)
{
	enum wasi_errno e;

	begin();
	memmove(fake.memory + addr, fake.memory + p->row->args[arg], len);
	e = call_with(p, arg, addr);
	if (e != WASI_ESUCCESS)
		fail_msg("%s with %#x as argument %zu: %d", p->row->function,
			addr, arg, e);
	ground_teardown(NULL);
}

static void
check_pointer(const struct pointers *p, const struct pointer *at)
{
	uint32_t len = at->unit *
		(at->counted ? (uint32_t)p->row->args[at->arg + 1] : 1);
	const uint32_t beyond[] = {
		END - len + 1, END, END + 1, 0x80000000, UINT32_MAX,
		0 - len,	/* ends where 32 bits do */
		1 - len,	/* and one behind, at 0 */
	};
	const uint32_t many[] = {
		UINT32_MAX, 0x80000000, 0x20000001, 0x20000000, END,
	};

	begin();
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		if (len > 1 || beyond[i] != 0)
			assert_faults(p, at->arg, beyond[i]);
	for (size_t i = 0; at->counted && i < sizeof(many) / sizeof(many[0]);
	    i++)
		assert_faults(p, at->arg + 1, many[i]);
	ground_teardown(NULL);
	assert_succeeds(p, at->arg, END - len, len);
	assert_succeeds(p, at->arg, UNALIGNED, len);
}

static void
test_pointers_of(void **state)
{
	const unsigned *function = *state;
	const char *name = wasi_function(*function);
	struct pointers p = { .row = success_of(name) };

	find_pointers(&p, wasi_trace_params(*function));
	assert_non_null(p.row);
	fake_setup(NULL);
	assert_int_equal(p.nargs,
		strcspn(fake_find(PREVIEW1, name)->sig, ":"));
	for (unsigned i = 0; i < p.count; i++)
		check_pointer(&p, &p.v[i]);
	total_functions += p.count > 0 ? 1 : 0;
	total_pointers += p.count;
}

static void
test_none_was_left_out(void **state)
{
	print_message("%u pointers of %u functions, %u calls\n",
		total_pointers, total_functions, total_calls);
	assert_int_equal(total_pointers, 53);
	assert_int_equal(total_functions, 32);
}

int
main(void)
{
	static unsigned numbers[46];
	static struct CMUnitTest tests[46 + 1];
	int failed;

	signal(SIGPIPE, SIG_IGN);
	if (ground_prepare() == -1) {
		perror("the ground of the tests");
		return 1;
	}
	for (unsigned i = 0; i < 46; i++) {
		numbers[i] = i;
		tests[i] = (struct CMUnitTest){ wasi_function(i),
			test_pointers_of, NULL, NULL, &numbers[i] };
	}
	tests[46] = (struct CMUnitTest)
		cmocka_unit_test(test_none_was_left_out);
	failed = _cmocka_run_group_tests("edges of WASI", tests, 47, NULL, NULL);
	ground_remove();
	return failed;
}
