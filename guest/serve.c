/* A program that takes calls one after the other. Who makes them is not trusted:
 * every number and length is checked. */
#include "guest/serve.h"

#include <string.h>

#include "base/cursor.h"
#include "guest/hot.h"
#include "guest/value.h"
#include "guest/wasi.h"
#include "proto/serve.h"
#include "sandbox/process.h"

#define SERVE_HEAD_MAX	(sizeof(struct serve_return) + \
	CALL_VALUES_MAX * sizeof(struct call_value) + RESULT_TEXT_MAX)

_Static_assert(SERVE_HEAD_MAX <= FRAME_DATA_MAX, "it is put together at once");

/* What clients know of frames is what a child has. */
_Static_assert((int)SERVE_IN_WAKE == IN_WAKE &&
	(int)SERVE_IN_INVOKE == IN_INVOKE &&
	(int)SERVE_OUT_STDOUT == OUT_STDOUT &&
	(int)SERVE_OUT_STDERR == OUT_STDERR && (int)SERVE_OUT_WAIT == OUT_WAIT &&
	(int)SERVE_OUT_RETURN == OUT_RETURN, "kinds");
_Static_assert((int)SERVE_RETURNED == END_RETURNED &&
	(int)SERVE_EXITED == END_EXITED && (int)SERVE_TRAPPED == END_TRAPPED &&
	(int)SERVE_FUEL == END_FUEL && (int)SERVE_MEMORY == END_MEMORY &&
	(int)SERVE_OUTPUT == END_OUTPUT &&
	(int)SERVE_NOT_FOUND == END_NOT_FOUND &&
	(int)SERVE_USAGE == END_USAGE, "ends");
_Static_assert(sizeof(struct serve_frame) == sizeof(struct frame) &&
	sizeof(struct serve_wait) == sizeof(struct frame_wait) &&
	sizeof(struct typed) == sizeof(struct call_value), "structures");
_Static_assert(SERVE_DATA_MAX == FRAME_DATA_MAX && SERVE_IN_MAX == CALL_MAX &&
	SERVE_BYTES_MAX == CALL_MAX && SERVE_RESULTS_MAX == CALL_VALUES_MAX &&
	SERVE_CAUSE_MAX == RESULT_TEXT_MAX, "limits");

/* The convention by which bytes go in. */
static const char serve_alloc[] = "wasmd_alloc";

static struct {
	uint8_t in[CALL_MAX];
	uint8_t head[SERVE_HEAD_MAX];
	char name[SERVE_NAME_MAX + 1];
	char text[SERVE_TEXT_MAX + 1];
	struct program *program;
	struct vm_extern_item alloc;
	bool has_alloc;
	uint64_t fuel;
} serve GUEST_COLD;

/* ---- bytes in and out ----------------------------------------------------- */

/* len bytes of the main module's memory at addr, or NULL. */
static uint8_t *
memory_at(uint64_t addr, uint64_t len)
{
	uint64_t size;
	uint8_t *memory = vm_instance_memory(
	    serve.program->module[0].instance, &size);

	if (memory == NULL || addr > size || len > size - addr)
		return NULL;
	return memory + addr;
}

static bool
type_is_address(valtype type)
{
	return valtype_kind(type) == VAL_I32 || valtype_kind(type) == VAL_I64;
}

/* Two of the same type, as an address and a length are. */
static bool
types_are_bytes(const valtype *types)
{
	return type_is_address(types[0]) &&
	    valtype_kind(types[0]) == valtype_kind(types[1]);
}

/* A number of the type that addresses have: that of the parameter. */
static struct vm_value
address_value(valtype type, uint64_t n)
{
	struct vm_value v = { .type = type };

	if (valtype_kind(type) == VAL_I64)
		v.i64 = n;
	else
		v.i32 = (uint32_t)n;
	return v;
}

static uint64_t
address_number(const struct vm_value *v)
{
	return valtype_kind(v->type) == VAL_I64 ? v->i64 : v->i32;
}

static enum call_end
bytes_fail(struct run_call *rc, const char *why)
{
	text_printf(&rc->text, "%s", why);
	rc->result.trap_len = (uint32_t)rc->text.len;
	return END_USAGE;
}

/* Let the guest say where len bytes may go, and put them there. */
static enum call_end
bytes_put(struct run_call *rc, const uint8_t *data, uint32_t len,
    uint64_t *addr)
{
	const struct functype *type = vm_func_type(serve.alloc);
	struct vm_value arg, at;
	enum vm_status status;
	uint8_t *to;

	if (!serve.has_alloc || type->nparams != 1 || type->nresults != 1 ||
	    !type_is_address(type->params[0]) ||
	    !type_is_address(type->results[0]))
		return bytes_fail(rc, "bytes need an exported function "
		    "wasmd_alloc that takes a length and returns an address");
	arg = address_value(type->params[0], len);
	status = vm_call(serve.program->store, serve.alloc, &arg, 1, &at, 1,
	    &rc->trap);
	if (status != VM_OK)
		return run_describe_end(rc, status);
	*addr = address_number(&at);
	to = memory_at(*addr, len);
	if (to == NULL)
		return bytes_fail(rc, "wasmd_alloc returned what is not inside "
		    "the memory");
	memcpy(to, data, len);
	return RUN_GO_ON;
}

/* ---- arguments -------------------------------------------------------------- */

struct arguments {
	struct vm_value *values;
	uint32_t count;
};

/* The next parameter's type, if there is one. */
static bool
next_type(const struct run_call *rc, const struct arguments *a, valtype *type)
{
	if (a->count >= rc->type->nparams)
		return false;
	*type = rc->type->params[a->count];
	return true;
}

static enum call_end
take_text(struct run_call *rc, struct cursor *c, uint32_t len,
    struct arguments *a)
{
	valtype type;

	if (len > SERVE_TEXT_MAX || !cursor_take(c, serve.text, len) ||
	    !next_type(rc, a, &type))
		return bytes_fail(rc, "the arguments are not the function's");
	serve.text[len] = '\0';
	if (!value_parse(serve.text, type, &a->values[a->count]))
		return bytes_fail(rc, "an argument is not of the function's "
		    "type");
	a->count++;
	return RUN_GO_ON;
}

static enum call_end
take_bytes(struct run_call *rc, struct cursor *c, uint32_t len,
    struct arguments *a)
{
	const struct functype *type = rc->type;
	enum call_end end;
	uint64_t addr = 0;

	if (len > c->len || a->count + 2 > type->nparams ||
	    !types_are_bytes(type->params + a->count))
		return bytes_fail(rc, "the function takes no address and length "
		    "there");
	end = bytes_put(rc, c->p, len, &addr);
	if (end != RUN_GO_ON)
		return end;
	a->values[a->count] = address_value(type->params[a->count], addr);
	a->values[a->count + 1] =
	    address_value(type->params[a->count + 1], len);
	a->count += 2;
	c->p += len;
	c->len -= len;
	return RUN_GO_ON;
}

static enum call_end
take_arguments(struct run_call *rc, struct cursor *c, uint32_t nvalues,
    struct arguments *a)
{
	enum call_end end = RUN_GO_ON;
	struct serve_value v;

	for (uint32_t i = 0; i < nvalues && end == RUN_GO_ON; i++) {
		if (!cursor_take(c, &v, sizeof(v)))
			return bytes_fail(rc, "the call is cut short");
		end = v.kind == 'b' ? take_bytes(rc, c, v.len, a) :
		    v.kind == 't' ? take_text(rc, c, v.len, a) :
		    bytes_fail(rc, "an argument of no known kind");
	}
	if (end == RUN_GO_ON && (a->count != rc->type->nparams || c->len != 0))
		return bytes_fail(rc, "the arguments are not the function's");
	return end;
}

/* ---- one call ------------------------------------------------------------------ */

/* Its results are an address and a length: what is there. */
static enum call_end
find_bytes(struct run_call *rc, const uint8_t **bytes, uint32_t *len)
{
	uint64_t n;

	if (rc->type->nresults != 2 || !types_are_bytes(rc->type->results))
		return bytes_fail(rc, "the function does not return an address "
		    "and a length");
	n = address_number(&rc->results[1]);
	*bytes = memory_at(address_number(&rc->results[0]), n);
	if (*bytes == NULL || n > CALL_MAX) {
		*bytes = NULL;
		return bytes_fail(rc, "the function returned what is not inside "
		    "the memory, or too much");
	}
	*len = (uint32_t)n;
	return RUN_GO_ON;
}

static enum call_end
make_call(struct run_call *rc, const struct serve_invoke *head,
    struct cursor *c, struct vm_value *args)
{
	struct arguments a = { args, 0 };
	uint64_t fuel = head->fuel == 0 || head->fuel > serve.fuel ?
	    serve.fuel : head->fuel;
	enum call_end end;

	vm_store_set_fuel(serve.program->store, fuel);
	end = run_choose(rc, serve.name);
	if (end == RUN_GO_ON)
		end = take_arguments(rc, c, head->nvalues, &a);
	if (end != RUN_GO_ON) {
		rc->result.trap_len = rc->result.trap_len != 0 ?
		    rc->result.trap_len : (uint32_t)rc->text.len;
		return end;
	}
	return run_describe_end(rc, vm_call(serve.program->store, rc->func,
	    args, rc->type->nparams, rc->results, rc->type->nresults,
	    &rc->trap));
}

/* What is no call ends the process: nobody can say what it was meant to be. */
static void
read_call(struct serve_invoke *head, struct cursor *c, struct guest_io *io)
{
	*c = (struct cursor){ serve.in, guest_io_read_invoke(io, serve.in) };
	if (!cursor_take(c, head, sizeof(*head)) ||
	    head->name_len > SERVE_NAME_MAX ||
	    !cursor_take(c, serve.name, head->name_len))
		process_exit(PROCESS_EXIT_PEER);
	serve.name[head->name_len] = '\0';
}

static void
answer(const struct run_call *rc, bool last, const uint8_t *bytes,
    uint32_t len, struct guest_io *io)
{
	const struct call_result *r = &rc->result;
	struct serve_return head = {
		.end = r->end,
		.exit_code = r->exit_code,
		.nresults = r->nresults,
		.trap_len = r->trap_len,
		.backtrace_len = r->backtrace_len,
		.bytes_len = len,
		.last = last,
		.fuel_used = vm_store_fuel_used(serve.program->store),
		.memory_pages = vm_store_memory_pages(serve.program->store),
	};
	size_t results = r->nresults * sizeof(r->results[0]);
	size_t text = (size_t)r->trap_len + r->backtrace_len;
	uint8_t *p = serve.head;

	memcpy(p, &head, sizeof(head));
	memcpy(p + sizeof(head), r->results, results);
	memcpy(p + sizeof(head) + results, rc->text.data, text);
	guest_io_write_return(io, p, sizeof(head) + results + text, bytes, len);
}

/* The module's state is as the call left it, in the middle. */
static bool
is_broken(enum call_end end)
{
	return end == END_TRAPPED || end == END_MEMORY || end == END_FUEL;
}

static void
clear(struct run_call *rc)
{
	memset(&rc->result, 0, sizeof(rc->result));
	rc->text.len = 0;
}

/* ---- all of them ------------------------------------------------------------------ */

static void
start(struct run_call *rc, const struct call *call, struct guest_io *io)
{
	static const struct functype nothing;
	enum vm_status status;

	vm_store_set_fuel(serve.program->store, call->fuel);
	wasi_start(wasi_get(), call, io);
	guest_io_end_input(io);
	clear(rc);
	rc->type = &nothing;
	status = program_start(serve.program, true, &rc->trap);
	rc->result.end = run_describe_end(rc, status);
	answer(rc, status != VM_OK, NULL, 0, io);
	if (status != VM_OK)
		process_exit(PROCESS_EXIT_DONE);
}

noreturn void
serve_run(struct program *p, struct run_call *rc, struct vm_value *args,
    const struct call *call, struct guest_io *io)
{
	serve.program = p;
	serve.fuel = call->fuel;
	serve.has_alloc = program_function(&p->module[0], serve_alloc,
	    &serve.alloc);
	start(rc, call, io);
	for (uint64_t n = 1;; n++) {
		const uint8_t *bytes = NULL;
		struct serve_invoke head;
		struct cursor c;
		uint32_t len = 0;
		enum call_end end, bad;
		bool last;

		read_call(&head, &c, io);
		clear(rc);
		end = make_call(rc, &head, &c, args);
		if (end == END_RETURNED && (head.flags & SERVE_BYTES) != 0) {
			rc->result.nresults = 0;
			bad = find_bytes(rc, &bytes, &len);
			end = bad == RUN_GO_ON ? end : bad;
		}
		rc->result.end = end;
		last = end == END_EXITED || end == END_OUTPUT ||
		    (call->reset && is_broken(end)) || n == call->max_calls;
		answer(rc, last, bytes, len, io);
		if (call->reset && is_broken(end))
			process_exit(PROCESS_EXIT_AGAIN);
		if (last)
			process_exit(PROCESS_EXIT_DONE);
	}
}
