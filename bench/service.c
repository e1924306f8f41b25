/* A daemon for a benchmark. */
#include "config.h"

#include "bench/service.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/wasmd.h"

#define START_MS	5000
#define NOBODY		65534
#define ARGV_MAX	32
#define MODULE_MAX	65536

static struct service *running;		/* to be ended by service_fail */

void
service_fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	if (running != NULL)
		service_stop(running);
	exit(1);
}

/* ---- what it uses ------------------------------------------------------ */

uint64_t
service_proc(pid_t pid, const char *file, const char *word)
{
	size_t len = strlen(word);
	char line[512];
	uint64_t n = 0;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/%d/%s", (int)pid, file);
	f = fopen(line, "re");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, word, len) == 0) {
			n = strtoull(line + len, NULL, 10);
			break;
		}
	}
	fclose(f);
	return n;
}

double
service_cpu_us(const struct service *s)
{
	return (double)service_proc(s->pid, "schedstat", "") / 1000;
}

uint64_t
service_memory(const struct service *s)
{
	return service_proc(s->pid, "status", "RssAnon:") << 10;
}

unsigned
service_descriptors(const struct service *s)
{
	struct dirent *e;
	unsigned n = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)s->pid);
	dir = opendir(path);
	while (dir != NULL && (e = readdir(dir)) != NULL)
		n += e->d_name[0] != '.';
	if (dir != NULL)
		closedir(dir);
	return n;
}

static char
process_state(pid_t pid)
{
	char path[64], line[256], *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return '\0';
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	fclose(f);
	end = strrchr(line, ')');
	return end == NULL ? '\0' : end[2];
}

size_t
service_children(const struct service *s, pid_t *pids, size_t max,
	unsigned *zombies)
{
	char path[64];
	size_t n = 0;
	FILE *f;
	int pid;

	*zombies = 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)s->pid,
		(int)s->pid);
	f = fopen(path, "re");
	while (f != NULL && n < max && fscanf(f, "%d", &pid) == 1) {
		if (process_state(pid) == 'Z')
			++*zombies;
		else
			pids[n++] = pid;
	}
	if (f != NULL)
		fclose(f);
	return n;
}

/* ---- its module -------------------------------------------------------- */

static void
on_put(void *arg, const struct wasmd_msg *answer,
	const struct wasmd_error *error)
{
	struct service *s = arg;

	if (error != NULL)
		service_fail("put", error->text);
	memcpy(s->digest, wasmd_msg_bytes(answer, "module").data,
		SERVICE_DIGEST);
}

static void
put_module(struct service *s, struct wasmd *conn, const char *path)
{
	static uint8_t bytes[MODULE_MAX];
	const struct wasmd_asked asked = { .on_answer = on_put, .arg = s };
	struct wasmd_put put = { .size = sizeof(put), .module = bytes };
	struct wasmd_error err;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		service_fail(path, strerror(errno));
	put.module_len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	if (wasmd_put(conn, &put, &asked, &err) == -1)
		service_fail("put", err.text);
	while (s->digest[0] == '\0') {
		if (wasmd_wait(conn, -1, &err) == -1)
			service_fail("put", err.text);
	}
}

/* ---- birth and death --------------------------------------------------- */

static void
service_exec(const struct service *s, const struct service_config *config)
{
	const char *argv[ARGV_MAX] = {
		config->wasmd, "--socket", s->socket, "--worker",
		config->worker, "--store", s->store, "--log-level", "err",
	};
	size_t n = 9;

	if (geteuid() == 0) {
		argv[n++] = "--user";
		argv[n++] = "nobody";
	}
	for (size_t i = 0; config->options[i] != NULL && n < ARGV_MAX - 1; i++)
		argv[n++] = config->options[i];
	execv(config->wasmd, (char **)argv);
	_exit(127);
}

static void
make_dir(struct service *s)
{
	strcpy(s->dir, "/tmp/load.XXXXXX");
	if (mkdtemp(s->dir) == NULL)
		service_fail("mkdtemp", strerror(errno));
	if (geteuid() == 0 && (chmod(s->dir, 0755) == -1 ||
		    chown(s->dir, NOBODY, NOBODY) == -1))
		service_fail(s->dir, strerror(errno));
	snprintf(s->socket, sizeof(s->socket), "%s/s", s->dir);
	snprintf(s->store, sizeof(s->store), "%s/store", s->dir);
}

void
service_start(struct service *s, const struct service_config *config)
{
	struct wasmd *conn = NULL;
	struct wasmd_error err = { .code = 0 };

	*s = (struct service){ .pid = 0 };
	make_dir(s);
	fflush(stdout);
	s->pid = fork();
	if (s->pid == 0)
		service_exec(s, config);
	running = s;
	for (int ms = 0; ms < START_MS && conn == NULL; ms += 10) {
		conn = wasmd_open(s->socket, &err);
		usleep(10000);
	}
	if (conn == NULL)
		service_fail("the daemon", err.text);
	put_module(s, conn, config->module);
	wasmd_close(conn);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

void
service_stop(struct service *s)
{
	running = NULL;
	if (s->pid > 0) {
		kill(s->pid, SIGTERM);
		waitpid(s->pid, NULL, 0);
	}
	nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
