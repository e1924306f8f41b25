/* The directories and sockets that --dir and --fd grant a guest. Used by
 * wasmctl. */
#include "client/grants.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "lib/wasmd.h"
#include "client/outcome.h"
#include "client/quantity.h"
#include "client/report.h"

#define READ_ONLY ":ro"

/* One text's grant. Its path is text itself, cut off where the name begins. */
static int
grant_parse(struct wasmd_grant *g, char *text)
{
	char *colons = strstr(text, "::");
	size_t len;

	g->name = text;
	g->read_only = false;
	if (colons == NULL)
		return text[0] == '\0' ? -1 : 0;
	*colons = '\0';
	g->name = colons + 2;
	len = strlen(g->name);
	if (len > strlen(READ_ONLY) &&
	    strcmp(g->name + len - strlen(READ_ONLY), READ_ONLY) == 0) {
		colons[2 + len - strlen(READ_ONLY)] = '\0';
		g->read_only = true;
	}
	return text[0] == '\0' || g->name[0] == '\0' ? -1 : 0;
}

static int
grant_open(struct wasmd_grant *g, const char *text)
{
	char *path = strdup(text);
	int status = 0;

	if (path == NULL)
		report_fatal("out of memory");
	if (grant_parse(g, path) == -1) {
		g->name = NULL;
		report("--dir: not HOST, HOST::GUEST or HOST::GUEST:ro: \"%s\"",
			text);
		status = EXIT_WASMCTL;
	} else {
		g->dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		g->name = strdup(g->name);
		if (g->name == NULL)
			report_fatal("out of memory");
	}
	if (status == 0 && g->dir == -1) {
		report("--dir %s: %s", path, strerror(errno));
		status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_WASMCTL;
	}
	free(path);
	return status;
}

/* The sockets that are named: before anything else is open, so that none of our
 * own is among them. */
static int
grants_find_sockets(const struct texts *texts, int *sockets)
{
	uint64_t n;

	for (size_t i = 0; i < texts->count; i++) {
		const char *text = texts->items[i];

		if (quantity_read_number(text, &n) == -1 ||
		    n <= STDERR_FILENO || n > INT_MAX) {
			report("--fd: not the number of a descriptor, from 3 "
				"on: \"%s\"", text);
			return EXIT_WASMCTL;
		}
		sockets[i] = (int)n;
		if (fcntl(sockets[i], F_GETFD) == -1) {
			report("--fd %s: %s", text, strerror(errno));
			return EXIT_WASMCTL;
		}
	}
	return 0;
}

static int
grants_start(const struct wasmd_grants *g, int *broker)
{
	struct wasmd_error err;

	*broker = wasmd_broker_start(g, &err);
	if (*broker != -1)
		return 0;
	report("%s: %s", g->count > 0 ? "--dir" : "--fd", err.text);
	return EXIT_WASMCTL;
}

static int
grants_count(const struct texts *dirs, const struct texts *sockets)
{
	if (dirs->count > WASMD_GRANTS_MAX)
		report("--dir: at most %d directories can be granted",
			WASMD_GRANTS_MAX);
	else if (sockets->count > WASMD_GRANTS_MAX)
		report("--fd: at most %d sockets can be granted",
			WASMD_GRANTS_MAX);
	else
		return 0;
	return EXIT_WASMCTL;
}

static int
grants_open_dirs(const struct texts *dirs, struct wasmd_grants *g,
	struct wasmd_grant *to)
{
	int status = 0;

	for (; status == 0 && g->count < dirs->count; g->count++) {
		to[g->count] = (struct wasmd_grant){ .dir = -1 };
		status = grant_open(&to[g->count], dirs->items[g->count]);
	}
	return status;
}

int
grants_open(const struct texts *dirs, const struct texts *sockets, int *broker)
{
	struct wasmd_grant grants[WASMD_GRANTS_MAX];
	int fds[WASMD_GRANTS_MAX];
	struct wasmd_grants g = {
		.size = sizeof(g),
		.dirs = grants, .sockets = fds, .nsockets = sockets->count,
	};
	int status = grants_count(dirs, sockets);

	*broker = -1;
	if (status != 0 || dirs->count + sockets->count == 0)
		return status;
	status = grants_find_sockets(sockets, fds);
	if (status == 0)
		status = grants_open_dirs(dirs, &g, grants);
	if (status == 0)
		status = grants_start(&g, broker);
	for (size_t i = 0; i < g.count; i++) {
		fd_close(&grants[i].dir);
		free((char *)grants[i].name);
	}
	/* Who is at the other end is to see when the guest closes them. */
	for (size_t i = 0; *broker != -1 && i < g.nsockets; i++)
		if (fds[i] != *broker)
			fd_close(&fds[i]);
	return status;
}
