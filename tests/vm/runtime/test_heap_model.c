/*
 * The heap against a model: a random graph is built, changed and dropped, in
 * the heap and in plain arrays at the same time. After a collection exactly
 * what the model can reach must be live, and unchanged.
 */
#include "tests/vm/runtime/heap_fixture.h"

#define NODES_MAX 200000u
#define NONE UINT32_MAX

struct node {
	uint64_t ref;
	uint32_t type, length;
	uint8_t byte;		/* what fills an array of bytes */
	bool reached;
	uint32_t a, b;		/* of a pair; of an array of references the
				 * first and the last element */
};

struct model {
	struct fixture f;
	struct node nodes[NODES_MAX];
	uint32_t nnodes;
	uint32_t roots[FIXTURE_ROOTS];
	uint32_t todo[NODES_MAX];
	uint32_t nrefused;
	uint64_t seed;
};

static uint32_t
pick(struct model *m, uint32_t n)
{
	m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((m->seed >> 33) % n);
}

static uint64_t
ref_of(const struct model *m, uint32_t i)
{
	return i == NONE ? REF_NULL : m->nodes[i].ref;
}

static void
set_root(struct model *m, uint32_t slot, uint32_t i)
{
	m->roots[slot] = i;
	m->f.roots[slot] = ref_of(m, i);
}

static bool
has_links(const struct node *n)
{
	return n->type == PAIR || (n->type == REFS && n->length > 0);
}

static uint64_t *
link_field(struct model *m, const struct node *n, bool second)
{
	if (n->type == PAIR)
		return fixture_field(&m->f, n->ref, second ? PAIR_B : PAIR_A);
	return fixture_field(&m->f, n->ref, second ? n->length - 1 : 0);
}

static void
set_links(struct model *m, struct node *n, uint32_t a, uint32_t b)
{
	if (!has_links(n))
		return;
	/* In an array of one both are the same element: b wins. */
	n->a = n->type == REFS && n->length == 1 ? b : a;
	n->b = b;
	*link_field(m, n, false) = ref_of(m, n->a);
	*link_field(m, n, true) = ref_of(m, n->b);
}

static uint32_t
random_length(struct model *m)
{
	switch (pick(m, 200)) {
	case 0:
		return pick(m, 60000);
	case 1: case 2: case 3: case 4:
		return pick(m, 3000);
	default:
		return pick(m, 60);
	}
}

static void
drop_most(struct model *m)
{
	for (uint32_t i = 0; i < FIXTURE_ROOTS; i++) {
		if (pick(m, 4) > 0)
			set_root(m, i, NONE);
	}
}

/* Allocate into a random root, with links to what random roots hold. */
static void
step_allocate(struct model *m)
{
	struct node *n = &m->nodes[m->nnodes];
	uint32_t slot = pick(m, FIXTURE_ROOTS);
	uint32_t a = m->roots[pick(m, FIXTURE_ROOTS)];
	uint32_t b = m->roots[pick(m, FIXTURE_ROOTS)];

	*n = (struct node){ .a = NONE, .b = NONE, .byte = (uint8_t)m->seed };
	switch (pick(m, 4)) {
	case 0:
		n->type = BYTES;
		n->length = random_length(m);
		n->ref = fixture_array(&m->f, BYTES, n->length, n->byte);
		break;
	case 1:
		n->type = REFS;
		n->length = random_length(m);
		n->ref = fixture_array(&m->f, REFS, n->length, 0);
		break;
	default:
		n->type = PAIR;
		n->ref = fixture_pair(&m->f, m->nnodes, 0, 0);
	}
	if (n->ref == 0) {
		m->nrefused++;
		drop_most(m);
		return;
	}
	set_links(m, n, a, b);
	set_root(m, slot, m->nnodes++);
}

/* Change the links of a node some steps away from a root, or cut them. */
static void
step_mutate(struct model *m)
{
	uint32_t i = m->roots[pick(m, FIXTURE_ROOTS)];

	for (uint32_t steps = pick(m, 8); steps > 0 && i != NONE; steps--) {
		uint32_t next = pick(m, 2) ? m->nodes[i].a : m->nodes[i].b;

		if (next == NONE)
			break;
		i = next;
	}
	if (i == NONE)
		return;
	set_links(m, &m->nodes[i],
	    pick(m, 2) ? NONE : m->roots[pick(m, FIXTURE_ROOTS)],
	    pick(m, 2) ? NONE : m->roots[pick(m, FIXTURE_ROOTS)]);
}

static void
reach(struct model *m, uint32_t i, uint32_t *ntodo)
{
	if (i == NONE || m->nodes[i].reached)
		return;
	m->nodes[i].reached = true;
	m->todo[(*ntodo)++] = i;
}

/* Bytes of the objects that the model can reach. */
static uint64_t
model_live(struct model *m)
{
	uint64_t bytes = 0;
	uint32_t ntodo = 0;

	for (uint32_t i = 0; i < m->nnodes; i++)
		m->nodes[i].reached = false;
	for (uint32_t i = 0; i < FIXTURE_ROOTS; i++)
		reach(m, m->roots[i], &ntodo);
	while (ntodo > 0) {
		const struct node *n = &m->nodes[m->todo[--ntodo]];

		bytes += n->type == PAIR ? m->f.layouts[PAIR].size :
		    heap_array_bytes(&m->f.layouts[n->type], n->length);
		reach(m, n->a, &ntodo);
		reach(m, n->b, &ntodo);
	}
	return bytes;
}

static bool
all_bytes_are(const uint8_t *p, uint64_t n, uint8_t byte)
{
	uint64_t same = 0;

	for (uint64_t i = 0; i < n; i++)
		same += p[i] == byte;
	return same == n;
}

static void
check_node(struct model *m, uint32_t i)
{
	const struct node *n = &m->nodes[i];
	const struct heap_object *o = heap_object(n->ref);

	assert_int_equal(o->type, n->type);
	assert_int_equal(o->length, n->length);
	if (has_links(n)) {
		assert_true(*link_field(m, n, false) == ref_of(m, n->a));
		assert_true(*link_field(m, n, true) == ref_of(m, n->b));
	}
	if (n->type == PAIR)
		assert_int_equal(*fixture_field(&m->f, n->ref, PAIR_ID), i);
	if (n->type == REFS && n->length > 2)
		assert_true(all_bytes_are((const uint8_t *)o + 16,
		    (n->length - 2) * 8ul, 0));
	if (n->type == BYTES)
		assert_true(all_bytes_are((const uint8_t *)o + 8, n->length,
		    n->byte));
}

static void
check_all(struct model *m)
{
	uint64_t live = model_live(m);

	for (uint32_t i = 0; i < m->nnodes; i++) {
		if (m->nodes[i].reached)
			check_node(m, i);
	}
	heap_collect(&m->f.heap);
	assert_int_equal(heap_live(&m->f.heap), live);
}

/* Returns how many allocations were refused; after each, most is dropped. */
static uint32_t
run_model(uint64_t seed, uint64_t limit, uint32_t stack_size)
{
	static struct model m;

	m.nnodes = m.nrefused = 0;
	m.seed = seed;
	fixture_init(&m.f, limit);
	for (uint32_t i = 0; i < FIXTURE_ROOTS; i++)
		m.roots[i] = NONE;
	while (m.nnodes < NODES_MAX) {
		step_allocate(&m);
		if (pick(&m, 8) == 0)
			step_mutate(&m);
		if (m.nnodes % 20000 == 0)
			drop_most(&m);
		if (stack_size > 0 && m.f.heap.stack_size > stack_size)
			m.f.heap.stack_size = stack_size;
		if (m.nnodes % 5000 == 2500)
			check_all(&m);
	}
	/* More than were asked for. */
	assert_true(m.f.heap.collections > NODES_MAX / 5000);
	assert_true(m.f.charged <= m.f.limit);
	fixture_clear(&m.f);
	return m.nrefused;
}

static void
test_random_graphs_agree_with_the_model(void **state)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		assert_int_equal(run_model(seed, 128 * MIB, 0), 0);
}

static void
test_random_graphs_agree_with_a_tiny_stack(void **state)
{
	assert_int_equal(run_model(11, 128 * MIB, 1), 0);
	assert_int_equal(run_model(12, 128 * MIB, 3), 0);
	assert_int_equal(run_model(13, 128 * MIB, 20), 0);
}

static void
test_random_graphs_agree_when_memory_is_short(void **state)
{
	assert_true(run_model(21, 1 * MIB, 0) > 0);
	assert_true(run_model(22, 3 * MIB, 0) > 0);
	assert_true(run_model(23, 8 * MIB, 2) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_graphs_agree_with_the_model),
		cmocka_unit_test(test_random_graphs_agree_with_a_tiny_stack),
		cmocka_unit_test(test_random_graphs_agree_when_memory_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
