/*
 * A fuzz target without libFuzzer: the inputs in the files and folders of the
 * command line, one after the other; without arguments, those of the target's
 * corpus, which the program's name tells: replay_diff has fuzz/corpus/diff.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX ((size_t)64 << 20)
#define INPUT_SECONDS 60	/* one that takes longer hangs */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn void
die(const char *path, const char *why)
{
	fprintf(stderr, "%s: %s\n", path, why);
	exit(2);
}

/* The input is exactly as long as its memory, so that the sanitizer sees its
 * end. The line is there when the input ends the process. */
static unsigned
replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(INPUT_MAX);
	size_t len;

	if (f == NULL || data == NULL)
		die(path, strerror(errno));
	len = fread(data, 1, INPUT_MAX, f);
	fclose(f);
	data = realloc(data, len > 0 ? len : 1);
	if (data == NULL)
		die(path, strerror(errno));
	fprintf(stderr, "%s\n", path);
	alarm(INPUT_SECONDS);
	LLVMFuzzerTestOneInput(data, len);
	alarm(0);
	free(data);
	return 1;
}

static unsigned
replay(const char *path)
{
	DIR *dir = opendir(path);
	char name[PATH_MAX];
	struct dirent *e;
	unsigned n = 0;

	if (dir == NULL)
		return replay_file(path);
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (snprintf(name, sizeof(name), "%s/%s", path, e->d_name) >=
		    (int)sizeof(name))
			die(path, "path too long");
		n += replay(name);
	}
	closedir(dir);
	return n;
}

static unsigned
replay_corpus(const char *program)
{
	const char *target = strrchr(program, '_');
	const char *srcdir = getenv("srcdir");
	char path[PATH_MAX];

	if (target == NULL)
		die(program, "not called replay_TARGET");
	snprintf(path, sizeof(path), "%s/fuzz/corpus/%s",
		srcdir != NULL ? srcdir : ".", target + 1);
	return replay(path);
}

int
main(int argc, char **argv)
{
	unsigned n = 0;

	for (int i = 1; i < argc; i++)
		n += replay(argv[i]);
	if (argc == 1)
		n = replay_corpus(argv[0]);
	printf("%u inputs\n", n);
	return n > 0 ? 0 : 1;
}
