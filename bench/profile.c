/*
 * The interpreter's loop, counting: how often each instruction of the code ran,
 * and how often the one before it in the code ran right before. Takes the place
 * of vm/exec/run.c in bench/vmprofile; build that without fused sequences.
 *
 * At the end, a line for each instruction in the order of the code: both
 * counts and the handler's name; a line "function" before each function.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void profile_step(const uint8_t *pc);
#define PROFILE_STEP(pc) profile_step(pc)
#include "vm/exec/run.c"

#include "vm/exec/compile.h"

struct count {
	uint32_t ran, followed;
};

static struct count *counts;
static const struct code *code;
static const uint8_t *last;

static uint32_t
handler_at(const uint8_t *pc)
{
	uint64_t address;

	memcpy(&address, pc, sizeof(address));
	for (uint32_t i = 0; i < CODE_HANDLERS; i++)
		if (code_handler_address(i) == address)
			return i;
	return CODE_HANDLERS;
}

/* Instructions stand one behind the other; cells of a br_table are in between,
 * and are told by not holding a handler's address. */
static void
profile_dump(void)
{
	const char *path = getenv("VM_PROFILE");
	FILE *f = path == NULL ? NULL : fopen(path, "w");

	for (uint32_t i = 0; f != NULL && i < code->nfuncs; i++) {
		fprintf(f, "function\n");
		for (uint32_t at = code->funcs[i].start;
		    at < code->funcs[i].end; at += 8) {
			const struct count *c = &counts[at / 8];
			uint32_t h;

			if (c->ran == 0)
				continue;
			h = handler_at(code->region.base + at);
			if (h < CODE_HANDLERS)
				fprintf(f, "%u %u %s\n", (unsigned)c->ran,
					(unsigned)c->followed,
					code_handler_name(h));
		}
	}
	if (f != NULL)
		fclose(f);
}

static void
profile_step(const uint8_t *pc)
{
	uint64_t word;

	if (counts == NULL || pc < code->region.base ||
	    pc >= code->region.base + code->used)
		return;
	word = (uint64_t)(pc - code->region.base) / 8;
	counts[word].ran++;
	/* The longest instruction that falls through has 40 bytes. */
	if (last != NULL && pc > last && pc - last <= 40)
		counts[word].followed++;
	last = pc;
}

/* Called by vmbench's main when it is linked to this. */
void profile_begin(const struct vm_module *m);

void
profile_begin(const struct vm_module *m)
{
	code = &m->code;
	counts = calloc(m->code.used / 8 + 1, sizeof(*counts));
	if (counts != NULL)
		atexit(profile_dump);
}
