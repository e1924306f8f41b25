/* Binary trees on the heap: malloc, free, pointers, recursion. */
#include "kernel.h"

static const uint32_t default_rounds = 16;

struct node {
	struct node *left, *right;
};

static struct node *
grow(uint32_t depth)
{
	struct node *n = malloc(sizeof(*n));

	if (n == NULL)
		abort();
	n->left = depth > 0 ? grow(depth - 1) : NULL;
	n->right = depth > 0 ? grow(depth - 1) : NULL;
	return n;
}

static uint32_t
check(const struct node *n)
{
	return n->left == NULL ? 1 : 1 + check(n->left) + check(n->right);
}

static void
fell(struct node *n)
{
	if (n->left != NULL) {
		fell(n->left);
		fell(n->right);
	}
	free(n);
}

static uint32_t
kernel(uint32_t n)
{
	struct node *kept = grow(n);
	uint32_t sum = 0;

	for (uint32_t depth = 4; depth <= n; depth += 2) {
		for (uint32_t i = 0; i < 1u << (n - depth + 2); i++) {
			struct node *tree = grow(depth);

			sum = mix(sum, check(tree));
			fell(tree);
		}
	}
	sum = mix(sum, check(kept));
	fell(kept);
	return sum;
}
