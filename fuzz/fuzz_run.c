/*
 * libFuzzer target: whatever is valid is instantiated with stubs and run with
 * little fuel. An input that begins as a binary module is one; any other makes
 * the generator write one, in which then, for every fourth input, some bytes
 * are changed.
 */
#include "fuzz/generate.h"
#include "fuzz/play.h"

#include <string.h>

#define MODULE_MAX ((size_t)16 << 20)
#define CHANGES_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
play(const uint8_t *bytes, size_t len)
{
	const struct play_options options = { .fuel = PLAY_FUEL };
	struct err err = ERR_NONE;
	struct buf record;

	buf_init(&record, PLAY_RECORD_MAX);
	play_module(bytes, len, &options, &record, &err);
	buf_clear(&record);
}

/* The last bytes of the input say where and to what. */
static void
change(struct buf *module, const uint8_t *data, size_t size)
{
	struct input in = { data + size - 3 * CHANGES_MAX, data + size };

	for (int i = 0; i < CHANGES_MAX; i++) {
		size_t at = input_number(&in, 2) % module->len;
		uint8_t byte = (uint8_t)input_byte(&in);

		if (byte != 0)
			module->data[at] = byte;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf module;

	if (size >= 4 && memcmp(data, "\0asm", 4) == 0) {
		play(data, size);
		return 0;
	}
	buf_init(&module, MODULE_MAX);
	generate_module(&module, data, size, 0);
	if (size >= 3 * CHANGES_MAX && data[0] % 4 == 3)
		change(&module, data, size);
	play(module.data, module.len);
	buf_clear(&module);
	return 0;
}
