/*
 * Fuzz target: sequences of WASI calls with arguments of their signatures, and
 * writes to the guest's memory between them, over doubles of the machine, the
 * streams and the broker that opens files. The memory is one allocation of exactly its size, so that the
 * sanitizer sees a byte too far.
 *
 * The input is a program: the memory's size, what standard input has, then
 * steps. A step is the number of a function and its arguments, or something to
 * put into memory: bytes, an array of iovec, or subscriptions. Arguments are
 * mostly what might be good: small numbers, addresses of what was put there,
 * and places around the end of memory.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/wasi_broker.h"
#include "guest/io.h"
#include "guest/wasi.h"
#include "guest/wasi_abi.h"
#include "guest/wasi_trace.h"
#include "sandbox/call.h"
#include "vm/vm.h"

#define MEMORY_MAX 4096u
#define STEPS_MAX 32
#define STEP_POKE 200	/* to 219; below: the function with that number */
#define STEP_IOVECS 220	/* to 239 */
#define STEP_SUBSCRIPTIONS 240
#define FILES_MAX 16
#define PLACES 16	/* that addresses are mostly taken from */
#define OUTPUT_MAX 100000u

#define FUNCS_MAX 92

/* Both ways of defining the functions: with a trace, and without. */
static struct {
	struct vm_host_func func[FUNCS_MAX];
	void *data[FUNCS_MAX];
	size_t n;
} plain, traced, *defining;

static uint8_t *memory;
static size_t memory_len;
static size_t input_len;
static bool input_eof;
static volatile uint8_t output_sink;

/* ---- the doubles ------------------------------------------------------- */

int
vm_define_host(struct vm_store *s, const struct vm_host_func *f, size_t n,
	void *data, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (defining->n == FUNCS_MAX)
			abort();
		defining->data[defining->n] = data;
		defining->func[defining->n++] = f[i];
	}
	return 0;
}

uint8_t *
vm_caller_memory(struct vm_caller *c, uint64_t addr, uint64_t len)
{
	if (addr > memory_len || len > memory_len - addr)
		return NULL;
	return memory + addr;
}

void *
guest_io_gather(struct guest_io *io, size_t len)
{
	static uint8_t *gathered;

	free(gathered);
	gathered = malloc(len);
	return gathered;
}

int
guest_io_write(struct guest_io *io, int stream, const void *data, size_t len)
{
	const uint8_t *p = data;

	/* Read it all: the sanitizer is to look. */
	for (size_t i = 0; i < len; i++)
		output_sink ^= p[i];
	return len > OUTPUT_MAX ? -1 : 0;
}

/* Text for a terminal. */
void
guest_io_trace(struct guest_io *io, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			abort();
}

size_t
guest_io_read(struct guest_io *io, void *data, size_t len)
{
	if (len > input_len)
		len = input_len;
	memset(data, 0xff, len);
	input_len -= len;
	return len;
}

bool
guest_io_readable(struct guest_io *io, size_t *nbytes)
{
	*nbytes = input_len;
	return input_len > 0 || input_eof;
}

bool
guest_io_wait(struct guest_io *io, uint64_t timeout_ns, bool want_input)
{
	return want_input && (input_len > 0 || input_eof);
}

/* ---- programs ---------------------------------------------------------- */

struct program {
	const uint8_t *p, *end;
};

/* The next len bytes as a number; zeros behind the end. */
static uint64_t
take(struct program *in, size_t len)
{
	uint64_t value = 0;

	if (len > (size_t)(in->end - in->p))
		len = (size_t)(in->end - in->p);
	memcpy(&value, in->p, len);
	in->p += len;
	return value;
}

/* Where things are put, and where results go. */
static uint32_t
take_place(struct program *in)
{
	return (uint32_t)(take(in, 1) % PLACES * (MEMORY_MAX / PLACES));
}

/* Mostly descriptors, counts and addresses that may be good; else anything. */
static uint64_t
take_argument(struct program *in)
{
	uint64_t kind = take(in, 1);

	if (kind < 80)
		return kind % 8;
	if (kind < 150)
		return take_place(in);
	if (kind < 180)
		return memory_len - 32 + take(in, 1) % 64;
	return take(in, kind < 210 ? 2 : kind < 230 ? 4 : 8);
}

static void
put(uint64_t at, const void *data, size_t len)
{
	if (at <= memory_len && len <= memory_len - at)
		memcpy(memory + at, data, len);
}

/* Up to 40 buffers: more than those for which there is room at hand. */
static void
step_iovecs(struct program *in)
{
	uint32_t at = take_place(in);
	size_t n = take(in, 1) % 40;

	for (size_t i = 0; i < n; i++) {
		uint32_t iov[2] = { (uint32_t)take_argument(in),
			(uint32_t)take_argument(in) };

		put(at + i * sizeof(iov), iov, sizeof(iov));
	}
}

/* Of either interface: what lies between is zero. */
static void
step_subscriptions(struct program *in)
{
	uint32_t at = take_place(in);
	size_t n = take(in, 1) % 5, size = take(in, 1) & 1 ? 56 : 48;

	for (size_t i = 0; i < n; i++) {
		uint8_t s[56] = { 0 };
		uint64_t words[4] = { take(in, 2), take(in, 1) % 4,
			take(in, 1) % 5, take_argument(in) };

		memcpy(s, words, 24);
		memcpy(s + size - 24, &words[3], 8);
		s[size - 8] = (uint8_t)(take(in, 1) % 3);
		put(at + i * size, s, size);
	}
}

static void
step_poke(struct program *in)
{
	size_t at = take(in, 2) % (MEMORY_MAX + 1);
	size_t len = take(in, 1) % 64;

	if (len > (size_t)(in->end - in->p))
		len = (size_t)(in->end - in->p);
	put(at, in->p, len);
	in->p += len;
}

static void
step_call(struct program *in, size_t number)
{
	const struct vm_host_func *f = &defining->func[number];
	struct vm_caller caller = { .trap = TRAP_NONE };
	uint64_t args[16] = { 0 };
	enum vm_status status;

	for (size_t i = 0; i < strcspn(f->sig, ":"); i++)
		args[i] = take_argument(in);
	status = f->fn(&caller, defining->data[number], args);
	if (args[0] >= WASI_ERRNO_COUNT)
		abort();
	if (status == VM_TRAP ? caller.trap == TRAP_NONE :
	    status != VM_OK && status != VM_EXIT)
		abort();
}

/* A child has one call: what it leaves open is not there for another. */
static void
close_all(void)
{
	size_t i = 0;

	while (strcmp(plain.func[i].name, "fd_close") != 0)
		i++;
	for (uint64_t fd = 0; fd < 3 + FILES_MAX; fd++) {
		struct vm_caller caller = { .trap = TRAP_NONE };
		uint64_t arg = fd;

		plain.func[i].fn(&caller, plain.data[i], &arg);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
define_both(void)
{
	defining = &plain;
	if (plain.n == 0 && wasi_define(NULL, wasi_get(), NULL) == -1)
		abort();
	defining = &traced;
	if (traced.n == 0 && wasi_trace_define(NULL, wasi_get(), NULL) == -1)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const strings[] = { "prog", "an argument" };
	static struct call call = {
		.nargs = 2, .args = strings, .nenv = 1, .env = strings,
		.tty = 1,
	};
	uint64_t flags;
	struct program in = { data, data + size };

	memory_len = take(&in, 2) % (MEMORY_MAX + 1);
	input_len = take(&in, 1);
	flags = take(&in, 1);
	input_eof = flags & 1;
	call.deterministic = (flags & 2) != 0;
	call.files = (flags & 8) != 0 ? flags >> 4 & (FILES_MAX - 1) : 0;
	memory = calloc(1, memory_len);
	define_both();
	defining = (flags & 4) != 0 ? &traced : &plain;
	broker_start(data, size);
	if (wasi_start(wasi_get(), &call, NULL) == -1)
		in.p = in.end;	/* the broker did not say what there is */
	for (int i = 0; i < STEPS_MAX && in.p < in.end; i++) {
		size_t step = take(&in, 1);

		if (step >= STEP_SUBSCRIPTIONS)
			step_subscriptions(&in);
		else if (step >= STEP_IOVECS)
			step_iovecs(&in);
		else if (step >= STEP_POKE)
			step_poke(&in);
		else
			step_call(&in, step % defining->n);
	}
	close_all();
	broker_stop();
	free(memory);
	return 0;
}
