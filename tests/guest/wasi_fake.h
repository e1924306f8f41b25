/*
 * What WASI stands on, replaced: a machine that is only a memory and a list of
 * functions, and streams that are only arrays. The memory ends at a page that
 * cannot be touched, so a byte too far ends the test.
 */
#ifndef TESTS_GUEST_WASI_FAKE_H
#define TESTS_GUEST_WASI_FAKE_H

#include "tests/cmocka.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "guest/wasi_abi.h"
#include "sandbox/call.h"
#include "vm/vm.h"

#define FAKE_MEMORY 131072u	/* bytes: two pages of Wasm */
#define FAKE_FILL 0xa5		/* what every byte of it is at first */

#define PREVIEW1 "wasi_snapshot_preview1"
#define UNSTABLE "wasi_unstable"

struct fake_write {
	int stream;
	size_t len;
	uint8_t data[8192];	/* the first bytes of it */
};

struct fake {
	uint8_t *memory;
	uint64_t memory_len;	/* 0: the guest has no memory */

	struct fake_write writes[16];
	unsigned nwrites;
	uint64_t output_limit;	/* bytes until guest_io_write fails */

	uint8_t input[256];	/* buffered */
	size_t input_len;
	uint8_t pending[256];	/* becomes buffered by waiting */
	size_t pending_len;
	bool eof, pending_eof;
	size_t read_max;		/* of one guest_io_read; 0: no bound */
	unsigned nblocked;	/* reads that would have blocked */

	unsigned nwaits;	/* calls of guest_io_wait, and the last one's */
	uint64_t wait_ns;
	bool wait_input;

	char trace_text[16384];
	size_t trace_len;

	enum vm_status status;	/* of the last call */
	enum trap_code trap;
	const char *trap_detail;
};

extern struct fake fake;

/* cmocka's setup: everything as at the start of a call without arguments. */
int fake_setup(void **state);

/* The same with functions that are traced. */
int fake_setup_traced(void **state);

/* Begin again as another call. */
void fake_start(const struct call *call);

/* The functions that were defined. */
#define FAKE_FUNCS 100
extern struct vm_host_func fake_funcs[FAKE_FUNCS];
extern size_t fake_nfuncs;
const struct vm_host_func *fake_find(const char *module, const char *name);

/*
 * Call a function as the machine does; the upper half of an i32 parameter is
 * rubbish. Fails the test when it is not defined with that many parameters.
 */
enum wasi_errno fake_call(const char *module, const char *name, size_t nargs,
	const uint64_t *args);

#define CALL_IN(module, name, ...) \
	fake_call(module, name, \
		sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), \
		(uint64_t[]){ __VA_ARGS__ })
#define CALL(name, ...) CALL_IN(PREVIEW1, name, __VA_ARGS__)

/* The call gives this errno; says the names of both otherwise. */
#define assert_errno(id, call) \
	fake_assert_errno(WASI_E##id, call, #call, __FILE__, __LINE__)
void fake_assert_errno(enum wasi_errno want, enum wasi_errno got,
	const char *text, const char *file, int line);

/* Every byte of the memory is as at the start. */
void fake_assert_untouched(void);

/* The guest's memory as numbers, at any alignment. */
uint32_t peek32(uint32_t addr);
uint64_t peek64(uint32_t addr);
void poke(uint32_t addr, const void *data, size_t len);
void poke32(uint32_t addr, uint32_t value);

/* An iovec at addr. */
void poke_iov(uint32_t addr, uint32_t buf, uint32_t len);

#endif
