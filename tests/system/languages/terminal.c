/* Which of its streams a program takes for a terminal. */
#include <stdio.h>
#include <unistd.h>

int
main(void)
{
	for (int fd = 0; fd < 3; fd++)
		printf("%d: %s%s", fd, isatty(fd) ? "yes" : "no",
			fd < 2 ? " " : "\n");
	return 0;
}
