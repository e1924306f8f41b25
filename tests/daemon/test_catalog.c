/* What the store holds: order, claims, access and budgets. */
#include "tests/daemon/unit.h"

#include "daemon/catalog.h"
#include "proto/proto.h"

static uint8_t *
digest(uint8_t first)
{
	static uint8_t bytes[8][DIGEST_BYTES];
	static unsigned next;
	uint8_t *d = bytes[next++ % COUNT(bytes)];

	memset(d, 7, DIGEST_BYTES);
	d[0] = first;
	return d;
}

static struct shelved *
put(struct catalog *c, uint8_t first, uint64_t size, uid_t uid, bool shared)
{
	struct claim claim = { uid, shared, 1 };
	struct shelved *s = catalog_find(c, digest(first));

	if (s == NULL)
		s = catalog_add(c, digest(first), size);
	assert_non_null(s);
	assert_int_equal(shelved_claim(s, &claim), 0);
	return s;
}

/* Each user may have 20000 bytes. */
static int
admit(const struct catalog *c, const uint8_t *d, uint64_t size, uid_t uid,
	struct err *err)
{
	const struct putter by = { uid, 20000 };

	return catalog_admit(c, d, size, &by, err);
}

static void
test_in_the_order_of_digests(void **state)
{
	static const uint8_t order[] = { 5, 1, 9, 3 };
	struct catalog c;
	const struct shelved *s;

	catalog_init(&c, 1 << 20);
	assert_null(catalog_next(&c, NULL));
	for (size_t i = 0; i < COUNT(order); i++)
		put(&c, order[i], 1, 10, false);
	s = catalog_next(&c, NULL);
	assert_int_equal(s->digest[0], 1);
	s = catalog_next(&c, s->digest);
	assert_int_equal(s->digest[0], 3);
	assert_int_equal(catalog_next(&c, digest(4))->digest[0], 5);
	assert_null(catalog_next(&c, digest(9)));
	assert_null(catalog_find(&c, digest(4)));
	catalog_remove(&c, catalog_find(&c, digest(5)));
	assert_int_equal(catalog_next(&c, digest(3))->digest[0], 9);
	catalog_clear(&c);
}

static void
test_many(void **state)
{
	struct catalog c;

	catalog_init(&c, 1 << 30);
	for (unsigned i = 0; i < 256; i++)
		put(&c, (uint8_t)(i * 77), 1, 10, false);
	assert_int_equal(c.count, 256);
	for (unsigned i = 0; i < 256; i++)
		assert_non_null(catalog_find(&c, digest((uint8_t)i)));
	catalog_clear(&c);
}

static void
test_private_unless_shared(void **state)
{
	struct catalog c;
	struct shelved *s;

	catalog_init(&c, 1 << 20);
	s = put(&c, 1, 1, 10, false);
	assert_true(shelved_is_for(s, 10));
	assert_true(shelved_is_for(s, 0));
	assert_false(shelved_is_for(s, 11));
	put(&c, 1, 1, 10, true);
	assert_true(shelved_is_for(s, 11));
	put(&c, 1, 1, 12, false);
	assert_int_equal(s->nclaims, 2);
	shelved_disclaim(s, 10);
	assert_false(shelved_is_for(s, 11));
	assert_true(shelved_is_for(s, 12));
	catalog_clear(&c);
}

static void
test_budgets(void **state)
{
	struct err err = ERR_NONE;
	struct catalog c;

	catalog_init(&c, 40000);
	put(&c, 1, 15000, 10, false);
	assert_int_equal(admit(&c, NULL, 5000, 10, &err), 0);
	assert_int_equal(admit(&c, NULL, 5001, 10, &err), -1);
	assert_int_equal(err.code, PROTO_ERROR_STORE_FULL);
	assert_non_null(strstr(err.text, "20000"));
	/* One's own, again; another's, which counts for both. */
	assert_int_equal(admit(&c, digest(1), 15000, 10, &err), 0);
	put(&c, 2, 10000, 11, false);
	assert_int_equal(admit(&c, digest(1), 15000, 11, NULL), -1);
	assert_int_equal(admit(&c, digest(1), 10000, 11, NULL), 0);
	/* The whole. */
	put(&c, 3, 12000, 12, false);
	err = ERR_NONE;
	assert_int_equal(admit(&c, NULL, 4000, 13, &err), -1);
	assert_non_null(strstr(err.text, "40000"));
	catalog_remove(&c, catalog_find(&c, digest(3)));
	assert_int_equal(admit(&c, NULL, 4000, 13, NULL), 0);
	assert_int_equal(c.bytes, 25000);
	catalog_clear(&c);
}

static void
test_small_ones_count(void **state)
{
	struct catalog c;

	catalog_init(&c, 3 * CATALOG_LEAST);
	put(&c, 1, 1, 10, false);
	put(&c, 2, 1, 10, false);
	assert_int_equal(admit(&c, NULL, 1, 10, NULL), 0);
	put(&c, 3, 1, 10, false);
	assert_int_equal(admit(&c, NULL, 1, 10, NULL), -1);
	catalog_resize(&c, catalog_find(&c, digest(3)), 5000);
	assert_int_equal(c.bytes, 2 * CATALOG_LEAST + 5000);
	catalog_clear(&c);
}

static void
test_digests_as_text(void **state)
{
	char hex[DIGEST_HEX + 1];
	uint8_t d[DIGEST_BYTES];

	digest_format(hex, digest(0xab));
	assert_memory_equal(hex, "ab0707", 6);
	assert_true(digest_parse(d, hex, DIGEST_HEX));
	assert_memory_equal(d, digest(0xab), DIGEST_BYTES);
	assert_false(digest_parse(d, hex, DIGEST_HEX - 1));
	hex[0] = 'A';
	assert_false(digest_parse(d, hex, DIGEST_HEX));
	hex[0] = 'g';
	assert_false(digest_parse(d, hex, DIGEST_HEX));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_the_order_of_digests),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_private_unless_shared),
		cmocka_unit_test(test_budgets),
		cmocka_unit_test(test_small_ones_count),
		cmocka_unit_test(test_digests_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
