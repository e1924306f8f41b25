/* wasmd: the daemon's start and end, as a list of steps. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/identity.h"
#include "daemon/listen.h"
#include "daemon/option.h"
#include "daemon/server.h"
#include "sandbox/launch.h"

#define FILES_MAX 65536	/* descriptors; more only make fork slower */

#define PRIVATE_IDLE_MS (5 * 60 * 1000)

/* Processes beside templates and children: zygote, init, those that end. */
#define PROCESSES_SPARE 64

/* Descriptors 0 to 2 exist, so that no socket of ours gets their numbers. */
static void
main_open_std(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd == -1)
		exit(1);
	close(fd);
}

static void
main_open_log(const struct options *o)
{
	log_open("wasmd", (enum log_level)o->log_level,
		getenv("JOURNAL_STREAM") != NULL);
}

/*
 * SIGHUP: there is nothing to read again. SIGPIPE: write(2) says it. Those that
 * end the daemon wait until it can end in order: clients connect as soon as
 * there is a socket, and may be done before everything else has started.
 */
static void
main_hold_signals(sigset_t *before)
{
	sigset_t ending;

	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	sigprocmask(SIG_BLOCK, &ending, before);
}

static void
main_raise_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return;
	rl.rlim_cur = rl.rlim_max < FILES_MAX ? rl.rlim_max : FILES_MAX;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		log_warning("RLIMIT_NOFILE could not be raised");
}

/* Where a socket is looked for when nobody says where; NULL: nowhere. */
static const char *
main_socket(const struct options *o)
{
	static char path[4096];
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (o->socket != NULL)
		return o->socket;
	if (!o->is_private)
		return "/run/wasmd/wasmd.sock";
	if (runtime == NULL)
		return NULL;
	snprintf(path, sizeof(path), "%s/wasmd/wasmd.sock", runtime);
	return path;
}

/* The worker beside this program, as in a build tree, or where it was
 * installed. */
static const char *
main_worker(const struct options *o)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash;

	if (o->worker != NULL)
		return o->worker;
	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash != NULL) {
		strcpy(slash, "/wasmd-worker");
		if (access(path, X_OK) == 0)
			return path;
	}
	return WASMD_WORKER;
}

/* A private daemon does not stay for ever; tests make it shorter. */
static void
main_set_idle(struct options *o)
{
	const char *env = getenv("WASMD_IDLE_MS");

	if (o->idle_ms != UINT64_MAX)
		return;
	o->idle_ms = 0;
	if (o->is_private)
		o->idle_ms = env != NULL ? strtoull(env, NULL, 10) :
			PRIVATE_IDLE_MS;
}

static struct listener *
main_listen(const struct options *o)
{
	struct listen_config config = {
		.path = main_socket(o), .is_private = o->is_private,
		.has_group = o->group != NULL,
	};
	struct err err = ERR_NONE;
	struct listener *l;

	if (o->group != NULL &&
	    identity_find_group(&config.group, o->group, &err) == -1)
		log_fatal("%s", err.text);
	l = listener_open(&config, &err);
	if (l == NULL)
		log_fatal("%s", err.text);
	return l;
}

static void
main_launch_config(struct launch_config *launch, const struct options *o,
	const struct identity *id)
{
	launch->worker_path = main_worker(o);
	launch->uid = id->uid;
	launch->gid = id->gid;
	launch->max_processes = (unsigned)(o->max_running +
		o->max_templates * (1 + o->ready) + PROCESSES_SPARE);
	for (int i = 0; i < LAYER_COUNT; i++)
		launch->policy[i] = o->policy[i];
}

static void
main_parse(struct options *o, int argc, char *argv[])
{
	struct err err = ERR_NONE;

	if (options_parse(o, argc, argv, &err) == -1)
		log_fatal("%s; see wasmd --help", err.text);
	if (o->help)
		options_print_help();
	else if (o->version)
		printf("%s\n", PACKAGE_STRING);
	else
		return;
	exit(fflush(stdout) == 0 ? 0 : 1);
}

int
main(int argc, char *argv[])
{
	static struct options options;
	struct launch_config launch;
	struct err err = ERR_NONE;
	struct listener *listener;
	struct server *server;
	struct identity id;
	sigset_t signals;

	main_open_std();
	umask(0077);
	main_parse(&options, argc, argv);
	main_open_log(&options);
	main_set_idle(&options);
	main_hold_signals(&signals);
	main_raise_files();
	if (identity_find(&id, options.user, options.is_private,
		    &err) == -1)
		log_fatal("%s", err.text);
	main_launch_config(&launch, &options, &id);
	listener = main_listen(&options);
	server = server_new_take(&options, &launch, listener, &err);
	if (server == NULL)
		log_fatal("%s", err.text);
	if (identity_become(&id, &err) == -1)
		log_fatal("%s", err.text);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	server_run(server);
	server_free(server);
	return 0;
}
