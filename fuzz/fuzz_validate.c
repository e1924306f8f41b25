/*
 * libFuzzer target: modules that are valid or nearly so. The validator by
 * itself and the one that the translator rides on say the same; what the
 * generator made is valid; and what is valid links with stubs and runs to its
 * end within small limits.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/play.h"
#include "fuzz/subject.h"
#include "vm/load.h"

#define FUEL 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
validate(const struct subject *s, struct err *err)
{
	struct canon canon;
	struct module m;

	canon_init(&canon);
	if (load_module(&m, &canon, s->bytes, s->len, err) == 0) {
		load_bodies(&m, err);
		module_clear(&m);
	}
	canon_clear(&canon);
}

/* Whether an error is the module's own, not of linking and running it. */
static bool
is_verdict(const struct err *err)
{
	return err->code == VM_MALFORMED || err->code == VM_INVALID;
}

static _Noreturn void
die(const char *what, const struct err *err)
{
	fprintf(stderr, "%s: %s at %llx\n", what, err->text,
		(unsigned long long)err->offset);
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct play_options options = { .fuel = FUEL };
	struct err err = ERR_NONE, played = ERR_NONE;
	struct buf record;
	struct subject s;

	subject_init(&s, data, size, 0);
	validate(&s, &err);
	if (err.code != 0 && s.valid)
		die("generated module is refused", &err);
	buf_init(&record, PLAY_RECORD_MAX);
	play_module(s.bytes, s.len, &options, &record, &played);
	if (is_verdict(&err) ? err.code != played.code ||
	    err.offset != played.offset : is_verdict(&played))
		die("verdicts differ", &played);
	buf_clear(&record);
	subject_clear(&s);
	return 0;
}
