/* crash: divide by zero three calls deep, to see a trap with its backtrace. */
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static int
share(int total, int people)
{
	return total / people;
}

__attribute__((noinline)) static void
report(int total, int people)
{
	printf("each gets %d\n", share(total, people));
}

int
main(int argc, char **argv)
{
	report(100, argc > 1 ? atoi(argv[1]) : 0);
	return 0;
}
