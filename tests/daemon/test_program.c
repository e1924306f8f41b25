/* Programs: what names one, and who holds its modules. */
#include "tests/daemon/unit.h"

#include "daemon/program.h"

/* ---- modules of one letter ----------------------------------------------- */

struct module {
	uint8_t digest[MODULE_DIGEST];
	int refs;
};

const uint8_t *module_digest(const struct module *m) { return m->digest; }
struct module *module_ref(struct module *m) { m->refs++; return m; }
void module_unref(struct module *m) { if (m != NULL) m->refs--; }
const char *module_hex(const struct module *m) { return "00"; }

static struct module modules[26];

static struct module *
module_of(char letter)
{
	struct module *m = &modules[letter - 'a'];

	memset(m->digest, letter, sizeof(m->digest));
	return m;
}

/* "mx=ay=b": module m with a as x and b as y. */
static struct program
program_of(const char *text)
{
	struct program p = { .module = module_of(text[0]) };

	for (text++; *text != '\0'; text += 2) {
		struct program_preload *preload = &p.preload[p.npreload++];
		size_t len = strcspn(text, "=");

		memcpy(preload->name, text, len);
		text += len;
		preload->module = module_of(text[1]);
	}
	program_set_key(&p);
	return p;
}

static bool
are_equal(const char *a, const char *b)
{
	struct program pa = program_of(a), pb = program_of(b);

	return program_equal(&pa, &pb);
}

static void
test_key_of_one_module_is_its_digest(void **state)
{
	struct program p = program_of("m");

	assert_memory_equal(p.key, module_of('m')->digest, MODULE_DIGEST);
}

static void
test_names_digests_and_their_order_make_a_program(void **state)
{
	static const char *const all[] = {
		"m", "n", "mx=a", "nx=a", "my=a", "mx=b", "mx=ay=b", "my=bx=a",
		"mx=by=a", "mxy=a", "mx=ax=a", "ax=m",
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		for (size_t k = 0; k < COUNT(all); k++) {
			if (are_equal(all[i], all[k]) != (i == k))
				fail_msg("%s and %s", all[i], all[k]);
		}
	}
}

/* A client chooses a module's bytes, and so what its digest is a digest of. */
static void
test_one_module_is_never_taken_for_several(void **state)
{
	struct program several = program_of("mx=a"), one = program_of("z");

	memcpy(modules['z' - 'a'].digest, several.key, MODULE_DIGEST);
	program_set_key(&one);
	assert_memory_equal(one.key, several.key, MODULE_DIGEST);
	assert_false(program_equal(&one, &several));
}

static void
test_copy_holds_its_own_references(void **state)
{
	struct program p = program_of("mx=ay=b"), copy;

	program_copy(&copy, &p);
	assert_true(program_equal(&copy, &p));
	assert_int_equal(module_of('m')->refs, 1);
	assert_int_equal(module_of('b')->refs, 1);
	program_clear(&copy);
	assert_int_equal(module_of('m')->refs, 0);
	assert_int_equal(module_of('a')->refs, 0);
	program_clear(&copy);	/* nothing is left to be dropped */
	assert_int_equal(module_of('m')->refs, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_of_one_module_is_its_digest),
		cmocka_unit_test(
			test_names_digests_and_their_order_make_a_program),
		cmocka_unit_test(test_one_module_is_never_taken_for_several),
		cmocka_unit_test(test_copy_holds_its_own_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
