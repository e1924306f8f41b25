/* wasmd: the daemon's start and end, as a list of steps. */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/conf.h"
#include "daemon/heir.h"
#include "daemon/identity.h"
#include "daemon/listen.h"
#include "daemon/notify.h"
#include "daemon/option.h"
#include "daemon/processor.h"
#include "daemon/server.h"
#include "daemon/worker_path.h"
#include "sandbox/launch.h"

#define FILES_MAX 65536	/* descriptors; more only make fork slower */

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

/*
 * SIGPIPE: write(2) says it. The others wait until they can be obeyed in order:
 * clients connect as soon as there is a socket, and may be done before
 * everything else has started.
 */
static void
main_hold_signals(sigset_t *before)
{
	sigset_t held;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&held);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGINT);
	sigprocmask(SIG_BLOCK, &held, before);
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

static const char *
main_worker(const struct options *o)
{
	char own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

	if (o->worker != NULL)
		return o->worker;
	own[n > 0 ? n : 0] = '\0';
	return worker_path(own, WASMD_WORKER, processor_is_v3());
}

static struct listener *
main_open_listener(struct listen_config *config, const struct options *o)
{
	struct err err = ERR_NONE;
	struct listener *l;

	config->is_private = o->is_private;
	config->has_group = o->group != NULL;
	config->everyone = o->everyone;
	if (o->group != NULL &&
	    identity_find_group(&config->group, o->group, &err) == -1)
		log_fatal("%s", err.text);
	l = listener_open(config, &err);
	if (l == NULL)
		log_fatal("%s", err.text);
	return l;
}

/* What the service manager or the daemon before us handed over. */
static void
main_find_handed(struct heir *heir, const struct options *o,
	const char *path)
{
	struct err err = ERR_NONE;

	heir->sock = heir->clients_lock = heir->metrics_lock = -1;
	heir->clients.count = notify_listen_fds(false, heir->clients.fd);
	heir->metrics.count = notify_listen_fds(true, heir->metrics.fd);
	notify_forget_fds();
	if (!o->take_over)
		return;
	if (path == NULL)
		log_fatal("--take-over needs --socket or XDG_RUNTIME_DIR");
	if (heir_ask(heir, path, &err) == -1)
		log_fatal("%s", err.text);
}

/* For clients, and for metrics if they are wanted. */
static void
main_listen(struct server_config *config, struct heir *heir)
{
	const struct options *o = config->options;
	const char *path = main_socket(o);
	struct listen_config for_clients, for_metrics;

	main_find_handed(heir, o, path);
	for_clients = (struct listen_config){
		.adopted = heir->clients.fd,
		.nadopted = (unsigned)heir->clients.count,
		.lock = heir->clients_lock, .path = path,
	};
	for_metrics = (struct listen_config){
		.adopted = heir->metrics.fd,
		.nadopted = (unsigned)heir->metrics.count,
		.lock = heir->metrics_lock, .path = o->metrics_socket,
	};
	config->heir = o->take_over ? heir : NULL;
	config->listener = main_open_listener(&for_clients, o);
	if (for_metrics.nadopted > 0 || for_metrics.path != NULL)
		config->metrics = main_open_listener(&for_metrics, o);
}

static void
main_launch_config(struct launch_config *launch, const struct options *o,
	const struct identity *id)
{
	launch->worker_path = main_worker(o);
	launch->uid = id->uid;
	launch->gid = id->gid;
	/* Instances that serve hold no slot, but are jobs. */
	launch->max_processes = (unsigned)(o->max_running + o->max_jobs +
		o->max_templates * (1 + o->ready) + PROCESSES_SPARE);
	launch->name_violations = o->name_violations;
	for (int i = 0; i < LAYER_COUNT; i++)
		launch->policy[i] = o->policy[i];
}

/* What is only asked. */
static void
main_answer(const struct options *o)
{
	if (o->help)
		options_print_help();
	else if (o->version)
		printf("%s\n", PACKAGE_STRING);
	else if (o->print_config)
		options_print_config();
	else if (o->check_config)
		printf("%s: good\n", o->config != NULL ? o->config : WASMD_CONF);
	else
		return;
	exit(fflush(stdout) == 0 ? 0 : 1);
}

static struct options *
main_load(const struct conf_source *source)
{
	struct err err = ERR_NONE;
	struct options *o = conf_load(source, &err);

	if (o == NULL)
		log_fatal("%s", err.text);
	main_answer(o);
	return o;
}

int
main(int argc, char *argv[])
{
	const struct conf_source source = { argc, argv, WASMD_CONF };
	struct launch_config launch;
	struct server_config config = { .source = &source, .launch = &launch };
	struct err err = ERR_NONE;
	struct server *server;
	static struct heir heir;
	struct identity id;
	sigset_t signals;

	main_open_std();
	umask(0077);
	log_open("wasmd", LOG_LEVEL_INFO, notify_has_journal());
	config.options = main_load(&source);
	log_set_max((enum log_level)config.options->log_level);
	main_hold_signals(&signals);
	main_raise_files();
	if (identity_find(&id, config.options->user,
		    config.options->is_private, &err) == -1)
		log_fatal("%s", err.text);
	main_launch_config(&launch, config.options, &id);
	main_listen(&config, &heir);
	server = server_new_take(&config, &err);
	if (server == NULL)
		log_fatal("%s", err.text);
	if (identity_become(&id, &err) == -1 ||
	    server_take_over(server, &err) == -1)
		log_fatal("%s", err.text);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	server_run(server);
	server_free(server);
	return 0;
}
