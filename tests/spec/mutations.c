/*
 * The test suite's modules with bytes changed at random, each several times,
 * under the decoder and the validator: whatever comes of it, nothing crashes,
 * hangs or is refused without a reason. The same in every run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/spec/suite.h"
#include "vm/load.h"

#define ROUNDS 10
#define CHANGES_MAX 4

/* xorshift64 */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void
mutate(struct bytes *b, uint64_t *state)
{
	uint64_t n = 1 + next_random(state) % CHANGES_MAX;

	for (uint64_t i = 0; i < n && b->len > 0; i++)
		b->data[next_random(state) % b->len] =
			(uint8_t)next_random(state);
	if (next_random(state) % 8 == 0)
		b->len = next_random(state) % (b->len + 1);
}

/* A copy of its own length, so that AddressSanitizer sees its end. */
static bool
load_mutated(const struct bytes *original, uint64_t *state, struct err *err)
{
	struct bytes b = { malloc(original->len + 1), original->len };
	struct canon canon;
	struct module m;
	uint8_t *exact;

	if (b.data == NULL)
		abort();
	memcpy(b.data, original->data, b.len);
	mutate(&b, state);
	exact = realloc(b.data, b.len > 0 ? b.len : 1);
	canon_init(&canon);
	if (load_module(&m, &canon, exact, b.len, err) == 0) {
		load_bodies(&m, err);
		module_clear(&m);
	}
	canon_clear(&canon);
	free(exact);
	return err->code == 0;
}

static void
run_script(struct script *s)
{
	uint64_t state = 0x2545f4914f6cdd1d;
	json_t *command;
	size_t i;

	json_array_foreach(s->commands, i, command) {
		struct bytes b;

		if (command_string(command, "filename") == NULL ||
		    script_is_text_only(s, command))
			continue;
		b = script_read_module(s, command);
		for (int round = 0; round < ROUNDS; round++) {
			struct err err = ERR_NONE;

			if (!load_mutated(&b, &state, &err) &&
			    err.text[0] == '\0')
				script_fail(s, command, "no reason");
			else
				script_pass(s, command);
		}
		free(b.data);
	}
}

int
main(int argc, char **argv)
{
	return suite_main(argc, argv, run_script);
}
