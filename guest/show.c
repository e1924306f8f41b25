/* A module that is not run. */
#include "guest/show.h"

#include <unistd.h>

#include "vm/binary/decode.h"
#include "vm/dump/dump.h"
#include "vm/dump/internal.h"
#include "vm/exec/listing.h"
#include "vm/load.h"
#include "vm/vm.h"

/* The one module of the process. */
static struct {
	enum template_mode mode;
	struct canon canon;
	struct module module;
	struct dump *dump;	/* NULL: there is nothing to be shown */

	/* for translated code, in place of canon and module */
	struct vm_module *translated;
	struct listing *listing;
} show;

static int
show_dump(const struct module *m, struct err *err)
{
	show.dump = dump_new(m);
	if (show.dump == NULL)
		return err_set(err, VM_NOMEM, "no memory to show the module");
	return 0;
}

static int
show_translate(const uint8_t *bytes, size_t len, struct err *err)
{
	struct vm *vm = vm_new();

	show.listing = listing_new();
	if (vm == NULL || show.listing == NULL)
		return err_set(err, VM_NOMEM, "no memory to show the module");
	if (vm_module_new(vm, bytes, len, &show.translated, err) == -1)
		return -1;
	return show_dump(vm_module_syntax(show.translated), err);
}

int
show_load(enum template_mode mode, const uint8_t *bytes, size_t len,
    struct err *err)
{
	show.mode = mode;
	if (mode == MODE_VALIDATE) {
		canon_init(&show.canon);
		if (load_module(&show.module, &show.canon, bytes, len,
		    err) == -1)
			return -1;
		return load_bodies(&show.module, err);
	}
	if (mode == MODE_DISASM_INTERNAL)
		return show_translate(bytes, len, err);
	if (module_decode(&show.module, bytes, len, err) == -1)
		return -1;
	return show_dump(&show.module, err);
}

static int
show_write(void *io, const char *data, size_t len)
{
	return guest_io_write(io, STDOUT_FILENO, data, len);
}

static int
show_text(const struct call *call, const struct dump_sink *sink,
    struct err *err)
{
	uint32_t func = DUMP_ALL;

	switch (show.mode) {
	case MODE_SERVE:
	case MODE_RUN:
	case MODE_VALIDATE:
		return 0;
	case MODE_INSPECT:
		return dump_inspect(show.dump, sink, err);
	case MODE_INSPECT_JSON:
		return dump_inspect_json(show.dump, sink, err);
	case MODE_DISASM:
	case MODE_DISASM_INTERNAL:
		if (call->invoke != NULL &&
		    dump_find_func(show.dump, call->invoke, &func) == -1)
			return err_set(err, VM_USAGE,
			    "the module has no function %.100s", call->invoke);
		return show.mode == MODE_DISASM ?
		    dump_disasm(show.dump, func, sink, err) :
		    dump_internal(show.dump, show.translated, show.listing,
		    func, sink);
	}
	__builtin_trap();
}

enum call_end
show_call(const struct call *call, struct guest_io *io, struct text *cause)
{
	const struct dump_sink sink = { show_write, io };
	struct err err = ERR_NONE;

	if (show_text(call, &sink, &err) == 0)
		return END_RETURNED;
	if (err.code == 0)
		return END_OUTPUT;
	text_printf(cause, "%s", err.text);
	if (err.has_offset)
		text_printf(cause, " (at byte 0x%llx)",
		    (unsigned long long)err.offset);
	return err.code == VM_USAGE ? END_NOT_FOUND : END_MALFORMED;
}
