/* A trace of the functions that a guest calls. */
#include "guest/wasi_trace.h"

#include <inttypes.h>
#include <string.h>

#include "guest/io.h"
#include "guest/wasi.h"
#include "guest/wasi_call.h"
#include "guest/wasi_names.h"
#include "guest/wasi_show.h"
#include "sandbox/call.h"

#define PARAMS_MAX 9	/* arguments of the function that has most: path_open */

/* One function of one interface. */
struct traced {
	struct vm_host_func func;
	wasi_handler handler;
	unsigned number;
	bool unstable;
};

enum {	/* the functions' numbers */
#define WASI(name, sig, handler, params) NUMBER_##name,
#define WASI_DIFFERS(name, sig, handler, old, params) NUMBER_##name,
#include "guest/wasi.def"
#undef WASI
#undef WASI_DIFFERS
	NUMBER_COUNT
};

static const char *const params[NUMBER_COUNT] = {
#define WASI(name, sig, handler, params) params,
#define WASI_DIFFERS(name, sig, handler, old, params) params,
#include "guest/wasi.def"
#undef WASI
#undef WASI_DIFFERS
};

const char *
wasi_trace_params(unsigned i)
{
	return params[i];
}

/* The host's time, or that of a deterministic call, which goes on as if nobody
 * looked. */
static uint64_t
trace_now(struct wasi *w)
{
	return wasi_is_deterministic(w) ? w->virtual.passed_ns :
		wasi_clock_now(w, WASI_CLOCK_MONOTONIC) -
		WASI_MONOTONIC_START_NS;
}

static struct show *
trace_text(struct wasi_call *c, const struct traced *t, const uint64_t *args)
{
	static struct show show;

	show.call = c;
	show.args = args;
	show.unstable = t->unstable;
	show.len = 0;
	return &show;
}

/* Before the call, as it may not come back. */
static void
trace_enter(struct wasi_call *c, const struct traced *t, const uint64_t *args,
	uint64_t now)
{
	struct show *s = trace_text(c, t, args);

	show_printf(s, "%" PRIu64 ".%06" PRIu64 " %s%s(", now / 1000000000,
		now / 1000 % 1000000, t->unstable ? "unstable." : "",
		t->func.name);
	show_arguments(s, params[t->number]);
	show_printf(s, ")");
	guest_io_trace(c->w->io, s->text, s->len);
}

static void
trace_leave(struct wasi_call *c, const struct traced *t, const uint64_t *args,
	enum wasi_errno result, uint64_t took)
{
	struct show *s = trace_text(c, t, args);

	if (c->end != VM_OK)
		show_printf(s, " = ?");
	else if (result != 0)
		show_printf(s, " = %s", wasi_errnos.name[result]);
	else
		show_printf(s, " = 0");
	if (c->end == VM_OK && result == 0)
		show_results(s, params[t->number]);
	show_printf(s, " <%" PRIu64 ".%06" PRIu64 ">", took / 1000000000,
		took / 1000 % 1000000);
	/* Whatever was cut, the line ends. */
	if (s->len == sizeof(s->text) - 1)
		s->len--;
	show_printf(s, "\n");
	guest_io_trace(c->w->io, s->text, s->len);
}

/* The one host function of all that are traced. */
static enum vm_status
trace_call(struct vm_caller *caller, void *data, uint64_t *args)
{
	const struct traced *t = data;
	struct wasi_call c = { .w = wasi_get(), .caller = caller, .end = VM_OK };
	size_t nargs = strcspn(t->func.sig, ":");
	uint64_t before[PARAMS_MAX], start;

	memcpy(before, args, nargs * sizeof(*args));
	start = trace_now(c.w);
	trace_enter(&c, t, before, start);
	args[0] = t->handler(&c, args);
	trace_leave(&c, t, before, (enum wasi_errno)args[0],
		trace_now(c.w) - start);
	return c.end;
}

static const struct traced all[] = {
#define ROW(module, name, sig, handler, old) \
	{ { module, #name, sig, trace_call }, handler, NUMBER_##name, old },
#define WASI(name, sig, handler, params) \
	WASI_DIFFERS(name, sig, handler, handler, params)
#define WASI_DIFFERS(name, sig, handler, old, params) \
	ROW("wasi_snapshot_preview1", name, sig, handler, false) \
	ROW("wasi_unstable", name, sig, old, true)
#include "guest/wasi.def"
#undef WASI
#undef WASI_DIFFERS
#undef ROW
};

int
wasi_trace_define(struct vm_store *store, struct wasi *w, struct err *err)
{
	/* There is but one state of the process, so that the functions' data
	 * can be their row. */
	if (w != wasi_get())
		__builtin_trap();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (vm_define_host(store, &all[i].func, 1,
		    (void *)(uintptr_t)&all[i], err) == -1)
			return -1;
	return 0;
}
