/*
 * WASI: the state, the definition of the functions in a store (in the
 * template), and the way from the machine's calling convention to a handler
 * and back (in the confined child). The functions are in wasi.def.
 */
#include "guest/wasi.h"

#include "guest/hot.h"
#include "guest/wasi_call.h"
#include "sandbox/call.h"

static GUEST_HOT struct wasi the_wasi;

/* The one way into every handler. The errno goes where the result does. */
static enum vm_status
wasi_call(struct vm_caller *caller, struct wasi *w, uint64_t *args,
	wasi_handler handler)
{
	struct wasi_call c = { .w = w, .caller = caller, .end = VM_OK };

	args[0] = handler(&c, args);
	return c.end;
}

/* A machine's host function for each function of each interface. */
#define ENTRY(interface, name, handler) \
	static enum vm_status \
	interface##_##name(struct vm_caller *c, void *data, uint64_t *args) \
	{ \
		return wasi_call(c, data, args, handler); \
	}
#define WASI(name, sig, handler, params) \
	WASI_DIFFERS(name, sig, handler, handler, params)
#define WASI_DIFFERS(name, sig, handler, old, params) \
	ENTRY(preview1, name, handler) \
	ENTRY(unstable, name, old)
#include "guest/wasi.def"
#undef WASI_DIFFERS
#undef ENTRY

static const struct vm_host_func wasi_funcs[] = {
#define WASI_DIFFERS(name, sig, handler, old, params) \
	{ "wasi_snapshot_preview1", #name, sig, preview1_##name }, \
	{ "wasi_unstable", #name, sig, unstable_##name },
#include "guest/wasi.def"
#undef WASI_DIFFERS
#undef WASI
};

static const char *const wasi_names[] = {
#define WASI(name, sig, handler, params) #name,
#define WASI_DIFFERS(name, sig, handler, old, params) #name,
#include "guest/wasi.def"
#undef WASI_DIFFERS
#undef WASI
};

const char *
wasi_function(unsigned i)
{
	return i < sizeof(wasi_names) / sizeof(wasi_names[0]) ?
	    wasi_names[i] : NULL;
}

struct wasi *
wasi_get(void)
{
	return &the_wasi;
}

int
wasi_define(struct vm_store *store, struct wasi *w, struct err *err)
{
	return vm_define_host(store, wasi_funcs,
		sizeof(wasi_funcs) / sizeof(wasi_funcs[0]), w, err);
}

int
wasi_start(struct wasi *w, const struct call *call, struct guest_io *io)
{
	*w = (struct wasi){ .call = call, .io = io };
	if (call->deterministic)
		wasi_virtual_start(&w->virtual, call->seed);
	return wasi_fd_init(w);
}

bool
wasi_is_deterministic(const struct wasi *w)
{
	return w->call->deterministic;
}

uint32_t
wasi_exit_code(const struct wasi *w)
{
	return w->exit_code;
}

int
wasi_output_exceeded(const struct wasi *w)
{
	return w->output_exceeded;
}
