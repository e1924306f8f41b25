/* The directories that --dir grants a guest. Used by wasmctl. */
#include "client/grants.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "client/libwasmd.h"
#include "client/outcome.h"
#include "client/report.h"
#include "proto/broker.h"

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

static int
grants_start(const struct wasmd_grant *grants, size_t count, int *broker)
{
	struct err err = ERR_NONE;

	*broker = wasmd_broker_start(grants, count, &err);
	if (*broker != -1)
		return 0;
	report("--dir: %s", err.text);
	return EXIT_WASMCTL;
}

int
grants_open(const struct texts *dirs, int *broker)
{
	struct wasmd_grant grants[BROKER_GRANTS_MAX];
	size_t count = 0;
	int status = 0;

	*broker = -1;
	if (dirs->count == 0)
		return 0;
	if (dirs->count > BROKER_GRANTS_MAX) {
		report("--dir: at most %u directories can be granted",
			BROKER_GRANTS_MAX);
		return EXIT_WASMCTL;
	}
	for (; status == 0 && count < dirs->count; count++) {
		grants[count] = (struct wasmd_grant){ .dir = -1 };
		status = grant_open(&grants[count], dirs->items[count]);
	}
	if (status == 0)
		status = grants_start(grants, count, broker);
	for (size_t i = 0; i < count; i++) {
		fd_close(&grants[i].dir);
		free((char *)grants[i].name);
	}
	return status;
}
