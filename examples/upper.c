/*
 * upper: copy standard input to standard output in upper case. Writes each
 * piece as soon as it was read, so that it can stand in a conversation.
 */
#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

int
main(void)
{
	static char buf[16384];
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			buf[i] = (char)toupper((unsigned char)buf[i]);
		for (ssize_t off = 0, w; off < n; off += w) {
			w = write(STDOUT_FILENO, buf + off, (size_t)(n - off));
			if (w < 0) {
				perror("upper: write");
				return 1;
			}
		}
	}
	if (n < 0) {
		perror("upper: read");
		return 1;
	}
	return 0;
}
