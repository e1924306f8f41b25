/* Training: pointers, records, trees, graphs, tables, callbacks. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t seed = 1;

static uint32_t
next(void)
{
	return seed = seed * 1664525 + 1013904223;
}

struct node {
	struct node *left, *right;
	uint32_t key, priority;
	int height;
};

static struct node *
rotate_right(struct node *n)
{
	struct node *l = n->left;

	n->left = l->right;
	l->right = n;
	return l;
}

static struct node *
rotate_left(struct node *n)
{
	struct node *r = n->right;

	n->right = r->left;
	r->left = n;
	return r;
}

static struct node *
insert(struct node *n, uint32_t key)
{
	if (n == NULL) {
		n = calloc(1, sizeof(*n));
		n->key = key;
		n->priority = next();
		return n;
	}
	if (key < n->key) {
		n->left = insert(n->left, key);
		if (n->left->priority > n->priority)
			n = rotate_right(n);
	} else if (key > n->key) {
		n->right = insert(n->right, key);
		if (n->right->priority > n->priority)
			n = rotate_left(n);
	}
	return n;
}

static uint32_t
walk(const struct node *n, int depth)
{
	return n == NULL ? 0 : n->key % 7 + (uint32_t)depth +
		walk(n->left, depth + 1) + walk(n->right, depth + 1);
}

static void
release(struct node *n)
{
	if (n == NULL)
		return;
	release(n->left);
	release(n->right);
	free(n);
}

struct list {
	struct list *next;
	int value;
};

static struct list *
merge(struct list *a, struct list *b)
{
	struct list head, *tail = &head;

	while (a != NULL && b != NULL) {
		struct list **from = a->value <= b->value ? &a : &b;

		tail->next = *from;
		tail = *from;
		*from = (*from)->next;
	}
	tail->next = a != NULL ? a : b;
	return head.next;
}

static struct list *
list_sort(struct list *l)
{
	struct list *slow = l, *fast;

	if (l == NULL || l->next == NULL)
		return l;
	for (fast = l->next; fast != NULL && fast->next != NULL; fast = fast->next->next)
		slow = slow->next;
	fast = slow->next;
	slow->next = NULL;
	return merge(list_sort(l), list_sort(fast));
}

struct heap {
	uint32_t n;
	uint64_t items[4096];
};

static void
heap_push(struct heap *h, uint64_t x)
{
	uint32_t i = h->n++;

	while (i > 0 && h->items[(i - 1) / 2] > x) {
		h->items[i] = h->items[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	h->items[i] = x;
}

static uint64_t
heap_pop(struct heap *h)
{
	uint64_t top = h->items[0], x = h->items[--h->n];
	uint32_t i = 0, c;

	while ((c = 2 * i + 1) < h->n) {
		if (c + 1 < h->n && h->items[c + 1] < h->items[c])
			c++;
		if (h->items[c] >= x)
			break;
		h->items[i] = h->items[c];
		i = c;
	}
	h->items[i] = x;
	return top;
}

#define NODES 400

static uint32_t
dijkstra(void)
{
	static struct heap h;
	static uint32_t to[NODES][4], weight[NODES][4], dist[NODES];
	uint32_t sum = 0;

	for (int i = 0; i < NODES; i++) {
		dist[i] = UINT32_MAX;
		for (int j = 0; j < 4; j++) {
			to[i][j] = next() >> 8 & 255;
			weight[i][j] = next() >> 20;
		}
	}
	h.n = 0;
	dist[0] = 0;
	heap_push(&h, 0);
	while (h.n > 0) {
		uint64_t top = heap_pop(&h);
		uint32_t u = (uint32_t)top, d = (uint32_t)(top >> 32);

		if (d != dist[u])
			continue;
		for (int j = 0; j < 4; j++) {
			uint32_t v = to[u][j], nd = d + weight[u][j];

			if (nd < dist[v]) {
				dist[v] = nd;
				heap_push(&h, (uint64_t)nd << 32 | v);
			}
		}
	}
	for (int i = 0; i < NODES; i++)
		sum += dist[i] != UINT32_MAX ? dist[i] : 1;
	return sum;
}

static uint32_t
floyd(void)
{
	static int d[40][40];
	uint32_t sum = 0;

	for (int i = 0; i < 40; i++)
		for (int j = 0; j < 40; j++)
			d[i][j] = (int)(next() >> 22);
	for (int k = 0; k < 40; k++)
		for (int i = 0; i < 40; i++)
			for (int j = 0; j < 40; j++)
				if (d[i][k] + d[k][j] < d[i][j])
					d[i][j] = d[i][k] + d[k][j];
	for (int i = 0; i < 40; i++)
		sum += (uint32_t)d[i][39 - i];
	return sum;
}

struct slot {
	char key[12];
	uint32_t count;
};

static uint32_t
words(void)
{
	static struct slot table[2048];
	uint32_t most = 0;

	memset(table, 0, sizeof(table));
	for (int i = 0; i < 4000; i++) {
		char key[12] = { 0 };
		uint32_t r = next() >> 16 & 1023, h = 0, at;

		for (int j = 0; j < 6; j++, r /= 5)
			key[j] = (char)('a' + r % 5);
		for (const char *c = key; *c != '\0'; c++)
			h = h * 31 + (uint8_t)*c;
		for (at = h & 2047; table[at].key[0] != '\0' &&
		    strcmp(table[at].key, key) != 0; at = (at + 1) & 2047)
			;
		if (table[at].key[0] == '\0')
			memcpy(table[at].key, key, sizeof(key));
		if (++table[at].count > most)
			most = table[at].count;
	}
	return most;
}

static int
compare(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;
	int c = strcmp(x->key, y->key);

	return c != 0 ? c : (x->count > y->count) - (x->count < y->count);
}

static uint32_t
sorted(void)
{
	static struct slot items[600];

	for (int i = 0; i < 600; i++) {
		snprintf(items[i].key, sizeof(items[i].key), "k%u", (unsigned)(next() >> 20));
		items[i].count = next();
	}
	qsort(items, 600, sizeof(items[0]), compare);
	return items[300].count;
}

struct shape {
	const struct shape_class *class;
	double w, h;
};

struct shape_class {
	double (*area)(const struct shape *s);
	int (*sides)(const struct shape *s);
};

static double square_area(const struct shape *s) { return s->w * s->w; }
static double box_area(const struct shape *s) { return s->w * s->h; }
static double triangle_area(const struct shape *s) { return s->w * s->h / 2; }
static int four(const struct shape *s) { return 4; }
static int three(const struct shape *s) { return 3; }

static double
shapes(void)
{
	static const struct shape_class classes[3] = {
		{ square_area, four }, { box_area, four }, { triangle_area, three },
	};
	static struct shape all[300];
	double sum = 0;

	for (int i = 0; i < 300; i++)
		all[i] = (struct shape){ &classes[next() >> 8 & 1 ? 2 : i & 1], i, i + 1 };
	for (int r = 0; r < 20; r++)
		for (int i = 0; i < 300; i++)
			sum += all[i].class->area(&all[i]) * all[i].class->sides(&all[i]);
	return sum;
}

int
main(void)
{
	double f = 0;
	uint32_t sum = 0;

	for (int r = 0; r < 5; r++) {
		struct node *root = NULL;
		static struct list cells[2000];
		struct list *l = NULL;

		for (int i = 0; i < 3000; i++)
			root = insert(root, next() >> 12);
		sum += walk(root, 0);
		release(root);
		for (int i = 0; i < 2000; i++) {
			cells[i] = (struct list){ l, (int)(next() >> 10) };
			l = &cells[i];
		}
		for (l = list_sort(l); l != NULL; l = l->next)
			sum += (uint32_t)l->value & 15;
		sum += dijkstra() + floyd() + words() + sorted();
		f += shapes();
	}
	printf("%u %.1f\n", (unsigned)sum, f);
	return 0;
}
