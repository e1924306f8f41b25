/* Where the daemon is. Used by wasmctl. */
#include "client/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "client/private.h"
#include "client/remote.h"
#include "client/report.h"

#define ADDRESS_SYSTEM "/run/wasmd/wasmd.sock"
#define ADDRESS_PRIVATE "/wasmd.sock"	/* in the private directory */

/* A daemon that leaves for want of work can close the door on us: then the
 * next one has to be started. */
#define ADDRESS_ATTEMPTS 3

static int
address_set(struct address *a, const char *path, struct err *err)
{
	if (strlen(path) >= sizeof(a->path))
		return err_set(err, WASMD_ERROR_USAGE,
			"a socket's path has at most %zu bytes",
			sizeof(a->path) - 1);
	strcpy(a->path, path);
	return 0;
}

static struct wasmd *
address_try(const struct address *a, struct err *err)
{
	struct wasmd_error error;
	struct wasmd *w = wasmd_open(a->path, &error);

	if (w == NULL)
		err_set(err, error.code, "%s", error.text);
	return w;
}

/* With the lock held nobody else starts a daemon, so that whoever waited for
 * it finds the one that was started meanwhile. */
static struct wasmd *
address_start_private(struct address *a, int dir, struct err *err)
{
	struct err nobody = ERR_NONE;
	struct wasmd *w = NULL;
	int lock = private_lock(dir, err);

	if (lock == -1)
		return NULL;
	w = address_try(a, &nobody);
	if (w == NULL && private_start(dir, a->path, err) == 0) {
		w = address_try(a, err);
		a->was_started = true;
	}
	fd_close(&lock);
	return w;
}

static struct wasmd *
address_open_private(struct address *a, struct err *err)
{
	char path[sizeof(a->path) - sizeof(ADDRESS_PRIVATE)];
	struct wasmd *w = NULL;
	int dir;

	a->is_private = true;
	dir = private_open_dir(path, sizeof(path), err);
	if (dir == -1)
		return NULL;
	snprintf(a->path, sizeof(a->path), "%s" ADDRESS_PRIVATE, path);
	for (int i = 0; i < ADDRESS_ATTEMPTS && w == NULL; i++) {
		*err = ERR_NONE;
		w = address_try(a, err);
		if (w != NULL || err->code != WASMD_ERROR_UNAVAILABLE)
			break;
		*err = ERR_NONE;
		w = address_start_private(a, dir, err);
		if (w == NULL && err->code != WASMD_ERROR_UNAVAILABLE)
			break;
	}
	fd_close(&dir);
	return w;
}

static struct wasmd *
address_open_remote(struct address *a, struct err *err)
{
	struct wasmd_error error;
	struct remote remote;
	struct wasmd *w;
	pid_t pid;
	int sock;

	if (remote_parse(&remote, a->host, err) == -1)
		return NULL;
	sock = remote_start(&remote, &pid, err);
	if (sock == -1)
		return NULL;
	/* It may ask for a password: that is no reason to lose patience. */
	w = wasmd_open_stream(sock, -1, &error);
	if (w == NULL) {
		err_set(err, error.code, "%s", error.text);
		remote_explain(pid, err);
	}
	return w;
}

/* The machine that was named, or NULL. */
static const char *
address_host(const struct where *where)
{
	const char *host = where->host;

	if (host == NULL && where->socket == NULL && !where->is_local)
		host = getenv("WASMD_HOST");
	return host != NULL && host[0] != '\0' ? host : NULL;
}

bool
address_is_remote(const struct where *where)
{
	return address_host(where) != NULL;
}

struct wasmd *
address_open(const struct where *where, struct address *a, struct err *err)
{
	const char *named = where->socket != NULL ? where->socket :
		getenv("WASMD_SOCKET");
	struct wasmd *w;

	*a = (struct address){ .host = address_host(where) };
	if (a->host != NULL && where->socket != NULL) {
		err_set(err, WASMD_ERROR_USAGE, "--host and --socket are two "
			"places; a socket there is ssh://MACHINE/PATH");
		return NULL;
	}
	if (a->host != NULL)
		return address_open_remote(a, err);
	if (named != NULL && named[0] != '\0')
		return address_set(a, named, err) == -1 ? NULL :
			address_try(a, err);
	if (address_set(a, ADDRESS_SYSTEM, err) == -1)
		return NULL;
	w = address_try(a, err);
	/* None there, or not for this user. */
	if (w != NULL || (err->code != WASMD_ERROR_UNAVAILABLE &&
	    err->code != WASMD_ERROR_DENIED))
		return w;
	*err = ERR_NONE;
	return address_open_private(a, err);
}

const char *
address_text(const struct address *a)
{
	return a->host != NULL ? a->host :
		a->path[0] != '\0' ? a->path : "no socket";
}

struct wasmd *
address_find(const struct where *where)
{
	struct err err = ERR_NONE;
	struct address address;
	struct wasmd *w = address_open(where, &address, &err);

	if (w == NULL)
		report("%s: %s", address_text(&address), err.text);
	return w;
}
