/*
 * libFuzzer target: whatever decodes becomes text, of bounded length, or says
 * why not; what is written is printable.
 */
#include <stdlib.h>

#include "vm/binary/decode.h"
#include "vm/dump/dump.h"

/* What one byte of a module may become, and a module of few bytes. */
#define TEXT_FACTOR 2048
#define TEXT_BASE 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
write_checked(void *arg, const char *data, size_t len)
{
	size_t *left = arg;

	if (len > *left)
		abort();
	*left -= len;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if ((c < ' ' && c != '\n') || c == 0x7f)
			abort();
	}
	return 0;
}

static void
check(const struct err *err, int rc)
{
	if ((rc == -1) != (err->code != 0))
		abort();
}

static void
dump(const struct module *m)
{
	struct dump *d = dump_new(m);
	struct err inspect = ERR_NONE, json = ERR_NONE, disasm = ERR_NONE;
	size_t left = 3 * (TEXT_BASE + TEXT_FACTOR * m->len);
	struct dump_sink sink = { write_checked, &left };

	if (d == NULL)
		abort();
	check(&inspect, dump_inspect(d, &sink, &inspect));
	check(&json, dump_inspect_json(d, &sink, &json));
	check(&disasm, dump_disasm(d, DUMP_ALL, &sink, &disasm));
	dump_free(d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_NONE;
	struct module m;

	if (module_decode(&m, data, size, &err) == 0) {
		dump(&m);
		module_clear(&m);
	}
	return 0;
}
