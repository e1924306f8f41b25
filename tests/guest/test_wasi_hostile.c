/*
 * Every function of WASI with every combination of hostile numbers, taken from
 * its signature. The memory ends at a page that cannot be touched, and the
 * sanitizers watch the rest; what is asserted is that each call comes back
 * with an errno of the witx and that nothing but the memory was written.
 */
#include "tests/guest/wasi_fake.h"

#define END FAKE_MEMORY

/* The last ones of the list are plausible, so that calls get past their first
 * check. */
static const uint64_t hostile[] = {
	0xffffffff, 0xfffffff8, 0x80000000, END, END - 1, END - 8, END + 1,
	0x20000000, 0x05555556, 3, 64, 1, 0,
};
#define NHOSTILE (sizeof(hostile) / sizeof(hostile[0]))

static const char *const some_args[] = { "prog", "argument" };
static const struct call some_call = {
	.nargs = 2, .args = some_args, .nenv = 1, .env = some_args,
};

static void
reset(void)
{
	uint8_t *memory = fake.memory;
	uint64_t memory_len = fake.memory_len;

	fake = (struct fake){
		.memory = memory, .memory_len = memory_len,
		.output_limit = UINT64_MAX, .input_len = 7, .eof = true,
	};
	fake_start(&some_call);
}

/* All combinations of up to four parameters; of longer lists, each one hostile
 * in turn while the others are plausible. */
static void
attack(const struct vm_host_func *f)
{
	size_t nargs = strcspn(f->sig, ":");
	uint64_t args[16];
	size_t combinations = 1;

	for (size_t i = 0; i < nargs && i < 4; i++)
		combinations *= NHOSTILE;
	for (size_t n = 0; n < combinations; n++) {
		size_t rest = n;

		for (size_t i = 0; i < nargs; i++, rest /= NHOSTILE)
			args[i] = hostile[i < 4 ? rest % NHOSTILE :
				(n + i) % NHOSTILE];
		reset();
		fake_call(f->module, f->name, nargs, args);
		if (strcmp(f->name, "proc_exit") != 0 &&
		    strcmp(f->name, "proc_raise") != 0)
			assert_int_equal(fake.status, VM_OK);
	}
}

static void
test_no_function_touches_what_is_not_the_guests(void **state)
{
	for (size_t i = 0; i < fake_nfuncs; i++)
		attack(&fake_funcs[i]);
}

/* The same with arrays of vectors and subscriptions that say 0xff. */
static void
test_no_function_trusts_what_is_in_memory(void **state)
{
	static const char *const readers[] = {
		"fd_read", "fd_write", "fd_pread", "fd_pwrite", "poll_oneoff",
		"sock_recv", "sock_send",
	};

	memset(fake.memory, 0xff, FAKE_MEMORY);
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		attack(fake_find(PREVIEW1, readers[i]));
		attack(fake_find(UNSTABLE, readers[i]));
	}
}

static void
test_guest_without_memory_faults(void **state)
{
	fake.memory_len = 0;
	for (size_t i = 0; i < fake_nfuncs; i++)
		attack(&fake_funcs[i]);
	reset();
	assert_errno(FAULT, CALL("fd_write", 1, 0, 0, 0));
	assert_errno(FAULT, CALL("args_sizes_get", 0, 4));
	assert_errno(FAULT, CALL("random_get", 0, 1));
	assert_errno(FAULT, CALL("clock_time_get", 0, 0, 0));
	assert_errno(FAULT, CALL("poll_oneoff", 0, 0, 1, 0));
	fake_assert_untouched();
}

#define TEST(f) cmocka_unit_test_setup(f, fake_setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_function_touches_what_is_not_the_guests),
		TEST(test_no_function_trusts_what_is_in_memory),
		TEST(test_guest_without_memory_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
