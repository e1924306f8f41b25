/* A module and those that it imports from. Used by wasmctl. */
#include "client/program.h"

#include <stdlib.h>
#include <string.h>

#include "client/outcome.h"
#include "client/report.h"
#include "client/upload.h"

/* "NAME=FILE": the name, and *path; -1 when it is not like this. */
static int
program_check(const struct program *p, const char *text, const char **path)
{
	const char *equals = strchr(text, '=');
	size_t len = equals == NULL ? 0 : (size_t)(equals - text);

	if (len == 0 || equals[1] == '\0') {
		report("--preload: not NAME=FILE: \"%s\"", text);
		return -1;
	}
	if (len > WASMD_PRELOAD_NAME_MAX) {
		report("--preload: a name has at most %d bytes: \"%s\"",
			WASMD_PRELOAD_NAME_MAX, text);
		return -1;
	}
	for (size_t i = 0; i + 1 < p->count; i++) {
		if (strlen(p->preload[i].name) == len &&
		    memcmp(p->preload[i].name, text, len) == 0) {
			report("--preload: there are two modules %s: \"%s\"",
				p->preload[i].name, text);
			return -1;
		}
	}
	*path = equals + 1;
	if (strcmp(*path, "-") == 0) {
		report("--preload: not from standard input: \"%s\"", text);
		return -1;
	}
	return 0;
}

static int
program_preload(struct program *p, const char *text)
{
	struct module_source *m = &p->modules[p->count];
	struct wasmd_preload *preload = &p->preload[p->count - 1];
	const char *path;
	int status;

	if (program_check(p, text, &path) == -1)
		return EXIT_WASMCTL;
	status = module_open(m, path);
	if (status != 0)
		return status;
	preload->fd = m->fd;
	preload->digest = m->digest;
	preload->name = strndup(text, strcspn(text, "="));
	if (preload->name == NULL)
		report_fatal("out of memory");
	p->count++;
	return 0;
}

int
program_open(struct program *p, const char *path, const struct texts *preload)
{
	int status;

	p->count = 0;
	if (preload->count > WASMD_PRELOAD_MAX) {
		report("--preload: at most %d modules can be preloaded, not %zu",
			WASMD_PRELOAD_MAX, preload->count);
		return EXIT_WASMCTL;
	}
	status = module_open(&p->modules[0], path);
	if (status != 0)
		return status;
	p->count = 1;
	for (size_t i = 0; i < preload->count && status == 0; i++)
		status = program_preload(p, preload->items[i]);
	if (status != 0)
		program_close(p);
	return status;
}

int
program_for_call(struct program *p, struct wasmd *conn,
	struct wasmd_call *call)
{
	int status = upload_for_call(conn, &p->modules[0], call);

	for (size_t i = 0; i + 1 < p->count && status == 0; i++) {
		status = upload_module(conn, &p->modules[i + 1]);
		p->preload[i].digest = p->modules[i + 1].digest;
	}
	call->preload = p->preload;
	call->npreload = p->count - 1;
	return status;
}

void
program_close(struct program *p)
{
	for (size_t i = 0; i < p->count; i++)
		module_close(&p->modules[i]);
	for (size_t i = 0; i + 1 < p->count; i++)
		free((char *)p->preload[i].name);
	p->count = 0;
}
