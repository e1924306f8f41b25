/* The replaced machine and streams of the tests of WASI. */
#include "tests/guest/wasi_fake.h"

#include <sys/mman.h>

#include "guest/io.h"
#include "guest/wasi.h"
#include "guest/wasi_trace.h"
#include "sandbox/call.h"

struct fake fake;
struct vm_host_func fake_funcs[FAKE_FUNCS];
size_t fake_nfuncs;

static void *fake_data[FAKE_FUNCS];
static const struct call no_arguments;

static const char *const errno_names[] = {
#define WASI_ERRNO(id) #id,
#include "guest/wasi_errno.def"
#undef WASI_ERRNO
};

/* ---- the machine ------------------------------------------------------- */

int
vm_define_host(struct vm_store *s, const struct vm_host_func *funcs,
	size_t nfuncs, void *data, struct err *err)
{
	for (size_t i = 0; i < nfuncs; i++) {
		assert_true(fake_nfuncs < FAKE_FUNCS);
		fake_data[fake_nfuncs] = data;
		fake_funcs[fake_nfuncs++] = funcs[i];
	}
	return 0;
}

uint8_t *
vm_caller_memory(struct vm_caller *c, uint64_t addr, uint64_t len)
{
	if (fake.memory_len == 0 || addr > fake.memory_len ||
	    len > fake.memory_len - addr)
		return NULL;
	return fake.memory + addr;
}

static uint8_t *
new_memory(void)
{
	uint8_t *p = mmap(NULL, FAKE_MEMORY + 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p + FAKE_MEMORY, 4096, PROT_NONE), 0);
	return p;
}

/* ---- the streams ------------------------------------------------------- */

void *
guest_io_gather(struct guest_io *io, size_t len)
{
	static uint8_t gathered[FRAME_DATA_MAX];

	assert_in_range(len, 0, sizeof(gathered));
	return gathered;
}

int
guest_io_write(struct guest_io *io, int stream, const void *data, size_t len)
{
	struct fake_write *w = &fake.writes[fake.nwrites];

	assert_in_range(fake.nwrites++, 0, 15);
	assert_in_range(stream, 1, 2);
	w->stream = stream;
	w->len = len < fake.output_limit ? len : fake.output_limit;
	memcpy(w->data, data,
		w->len < sizeof(w->data) ? w->len : sizeof(w->data));
	fake.output_limit -= w->len;
	return w->len < len ? -1 : 0;
}

void
guest_io_trace(struct guest_io *io, const char *text, size_t len)
{
	assert_true(len < sizeof(fake.trace_text) - fake.trace_len);
	memcpy(fake.trace_text + fake.trace_len, text, len);
	fake.trace_len += len;
}

static void
take_pending(void)
{
	assert_true(fake.input_len + fake.pending_len <= sizeof(fake.input));
	memcpy(fake.input + fake.input_len, fake.pending, fake.pending_len);
	fake.input_len += fake.pending_len;
	fake.pending_len = 0;
	fake.eof |= fake.pending_eof;
}

size_t
guest_io_read(struct guest_io *io, void *data, size_t len)
{
	size_t n;

	if (fake.input_len == 0 && !fake.eof) {
		fake.nblocked++;
		take_pending();
	}
	n = fake.input_len < len ? fake.input_len : len;
	if (fake.read_max != 0 && n > fake.read_max)
		n = fake.read_max;
	memcpy(data, fake.input, n);
	fake.input_len -= n;
	memmove(fake.input, fake.input + n, fake.input_len);
	return n;
}

bool
guest_io_readable(struct guest_io *io, size_t *nbytes)
{
	*nbytes = fake.input_len;
	return fake.input_len > 0 || fake.eof;
}

bool
guest_io_wait(struct guest_io *io, uint64_t timeout_ns, bool want_input)
{
	size_t n;

	fake.nwaits++;
	fake.wait_ns = timeout_ns;
	fake.wait_input = want_input;
	if (!want_input)
		return false;
	take_pending();
	return guest_io_readable(io, &n);
}

/* ---- the tests' side --------------------------------------------------- */

void
fake_start(const struct call *call)
{
	wasi_start(wasi_get(), call, NULL);
}

static int
setup(int (*define)(struct vm_store *, struct wasi *, struct err *))
{
	static uint8_t *memory;

	if (memory == NULL)
		memory = new_memory();
	fake = (struct fake){
		.memory = memory,
		.memory_len = FAKE_MEMORY,
		.output_limit = UINT64_MAX,
	};
	memset(memory, FAKE_FILL, FAKE_MEMORY);
	fake_nfuncs = 0;
	assert_int_equal(define(NULL, wasi_get(), NULL), 0);
	fake_start(&no_arguments);
	return 0;
}

int
fake_setup(void **state)
{
	return setup(wasi_define);
}

int
fake_setup_traced(void **state)
{
	return setup(wasi_trace_define);
}

const struct vm_host_func *
fake_find(const char *module, const char *name)
{
	for (size_t i = 0; i < fake_nfuncs; i++)
		if (strcmp(fake_funcs[i].module, module) == 0 &&
		    strcmp(fake_funcs[i].name, name) == 0)
			return &fake_funcs[i];
	fail_msg("%s.%s is not defined", module, name);
	return NULL;
}

enum wasi_errno
fake_call(const char *module, const char *name, size_t nargs,
	const uint64_t *args)
{
	const struct vm_host_func *f = fake_find(module, name);
	struct vm_caller caller = { .trap = TRAP_NONE };
	uint64_t slots[16] = { 0 };

	assert_int_equal(strcspn(f->sig, ":"), nargs);
	for (size_t i = 0; i < nargs; i++) {
		slots[i] = args[i];
		if (f->sig[i] == 'i')
			slots[i] = (uint32_t)args[i] | 0xdeadbeef00000000;
	}
	fake.status = f->fn(&caller, fake_data[f - fake_funcs], slots);
	fake.trap = caller.trap;
	fake.trap_detail = caller.trap_detail;
	/* Zero-extended, and a number of the witx. */
	assert_in_range(slots[0], 0, WASI_ERRNO_COUNT - 1);
	return slots[0];
}

void
fake_assert_errno(enum wasi_errno want, enum wasi_errno got, const char *text,
	const char *file, int line)
{
	if (want == got)
		return;
	print_error("%s gives %s, not %s\n", text, errno_names[got],
		errno_names[want]);
	_fail(file, line);
}

void
fake_assert_untouched(void)
{
	for (uint32_t i = 0; i < FAKE_MEMORY; i++)
		if (fake.memory[i] != FAKE_FILL)
			fail_msg("the byte at %u was written", i);
}

uint32_t
peek32(uint32_t addr)
{
	uint32_t value;

	memcpy(&value, fake.memory + addr, sizeof(value));
	return value;
}

uint64_t
peek64(uint32_t addr)
{
	uint64_t value;

	memcpy(&value, fake.memory + addr, sizeof(value));
	return value;
}

void
poke(uint32_t addr, const void *data, size_t len)
{
	assert_true(addr <= FAKE_MEMORY && len <= FAKE_MEMORY - addr);
	memcpy(fake.memory + addr, data, len);
}

void
poke32(uint32_t addr, uint32_t value)
{
	poke(addr, &value, sizeof(value));
}

void
poke_iov(uint32_t addr, uint32_t buf, uint32_t len)
{
	poke32(addr, buf);
	poke32(addr + 4, len);
}
