/*
 * The test suite's modules with bytes changed at random, each several times:
 * decoded, validated, and what is still valid is linked with stubs and run
 * under small limits, by turns with and without fused instructions. Whatever
 * comes of it, nothing crashes, hangs (a bound on fuel and bytes, not on time)
 * or is refused without a reason. The same in every run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/play.h"
#include "tests/spec/suite.h"

#define ROUNDS 10
#define CHANGES_MAX 4
#define FUEL 5000	/* of each call of each run */

/* xorshift64 */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* One bit, or some bytes: of the modules with one bit changed, more are still
 * valid. Some are cut off. */
static void
mutate(struct bytes *b, uint64_t *state)
{
	uint64_t n = 1 + next_random(state) % CHANGES_MAX;

	if (b->len > 0 && next_random(state) % 2 == 0) {
		b->data[next_random(state) % b->len] ^=
			(uint8_t)(1u << next_random(state) % 8);
		return;
	}
	for (uint64_t i = 0; i < n && b->len > 0; i++)
		b->data[next_random(state) % b->len] =
			(uint8_t)next_random(state);
	if (next_random(state) % 8 == 0)
		b->len = next_random(state) % (b->len + 1);
}

/* A copy of its own length, so that AddressSanitizer sees its end. */
static struct bytes
mutated(const struct bytes *original, uint64_t *state)
{
	struct bytes b = { malloc(original->len + 1), original->len };

	if (b.data == NULL)
		abort();
	memcpy(b.data, original->data, b.len);
	mutate(&b, state);
	b.data = realloc(b.data, b.len > 0 ? b.len : 1);
	if (b.data == NULL)
		abort();
	return b;
}

/* Load and run; whether a reason is given where it was refused. */
static bool
play(const struct bytes *b, bool plain, bool *played)
{
	const struct play_options options = { .fuel = FUEL, .plain = plain };
	struct err err = ERR_NONE;
	struct buf record;
	int rc;

	buf_init(&record, PLAY_RECORD_MAX);
	rc = play_module(b->data, b->len, &options, &record, &err);
	*played = rc == 0;
	buf_clear(&record);
	return rc == 0 || (err.code != 0 && err.text[0] != '\0');
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
			struct bytes other = mutated(&b, &state);
			bool played;

			if (play(&other, round % 2 == 0, &played))
				script_pass(s, command);
			else
				script_fail(s, command, "no reason");
			s->tally->ran += played;
			free(other.data);
		}
		free(b.data);
	}
}

int
main(int argc, char **argv)
{
	return suite_main(argc, argv, run_script);
}
