/* hello [NAME]: greet, as a program that a C compiler made. */
#include <stdio.h>

int
main(int argc, char **argv)
{
	printf("Hello, %s!\n", argc > 1 ? argv[1] : "world");
	return 0;
}
