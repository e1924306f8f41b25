/* A module on its way to the daemon. Used by wasmctl. */
#include "client/module.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/outcome.h"
#include "client/report.h"

static int
module_fail(const char *path, int error)
{
	report("%s: %s", path, strerror(error));
	return error == ENOENT || error == ENOTDIR ? EXIT_NOT_FOUND :
		error == EACCES || error == EISDIR ? EXIT_INVALID : EXIT_WASMCTL;
}

/* The daemon takes nothing else: reading a file of a client's choice could block
 * it for ever. */
static int
module_take_copy(struct module_source *m)
{
	int copy = wasmd_module_copy(m->fd, NULL);

	if (copy == -1)
		return module_fail(m->path, errno);
	module_close(m);
	m->fd = copy;
	return 0;
}

const char *
module_digest_text(const char *text, bool bare)
{
	static const char prefix[] = "sha256:";
	bool prefixed = strncmp(text, prefix, strlen(prefix)) == 0;

	if (prefixed)
		text += strlen(prefix);
	if (!prefixed && !bare)
		return NULL;
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64 ?
		text : NULL;
}

int
module_open(struct module_source *m, const char *path)
{
	struct stat st;

	*m = (struct module_source){ .path = path, .fd = -1 };
	m->digest = module_digest_text(path, access(path, F_OK) == -1);
	if (m->digest != NULL)
		return 0;
	m->fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
		open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (m->fd == -1)
		return module_fail(path, errno);
	if (fstat(m->fd, &st) == -1)
		return module_fail(path, errno);
	if (S_ISDIR(st.st_mode))
		return module_fail(path, EISDIR);
	return module_take_copy(m);
}

void
module_close(struct module_source *m)
{
	fd_close(&m->fd);
}

const char *
module_name(const struct module_source *m)
{
	const char *slash = strrchr(m->path, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : m->path;
}

const char *
module_hint(const struct module_source *m)
{
	static const struct {
		const char *start;
		const char *hint;
	} hints[] = {
		{ "(module", "it is WebAssembly text: translate it with wat2wasm" },
		{ ";;", "it is WebAssembly text: translate it with wat2wasm" },
		{ "\x7f" "ELF", "it is a native program: compile its source for "
			"wasm32-wasi" },
		{ "#include", "it is C: compile it for wasm32-wasi" },
		{ "#!", "it is a script for an interpreter" },
		{ "BC\xc0\xde", "it is LLVM bitcode: link it with wasm-ld" },
	};
	char start[8] = "";

	if (m->fd == -1)
		return NULL;
	if (pread(m->fd, start, sizeof(start), 0) == -1)
		return NULL;
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strncmp(start, hints[i].start, strlen(hints[i].start)) == 0)
			return hints[i].hint;
	return NULL;
}
