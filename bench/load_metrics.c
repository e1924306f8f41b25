/* Part of bench/load: calls while somebody collects the metrics. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/crowd.h"
#include "bench/load.h"

#define WIDTH		8
#define CALLS		500	/* of each, in a turn */
#define QUICK_CALLS	100
#define TURNS		15
#define SCRAPE_US	100000
#define TEXT_MIN	1000	/* bytes that metrics have at least */

/* One look; bytes that came. */
static size_t
scrape(const char *path)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\n\r\n";
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char data[65536];
	size_t len = 0;
	ssize_t n;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    write(fd, request, sizeof(request) - 1) == -1)
		_exit(1);
	while ((n = read(fd, data, sizeof(data))) > 0)
		len += (size_t)n;
	close(fd);
	return len;
}

static pid_t
scraper_start(const char *path)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	while (scrape(path) >= TEXT_MIN)
		usleep(SCRAPE_US);
	_exit(1);
}

/* It must have got its metrics up to now. */
static void
scraper_stop(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	if (waitpid(pid, &status, 0) == -1 || !WIFSIGNALED(status))
		service_fail("the metrics", "they do not come");
}

void
load_metrics(struct load *l)
{
	static char path[] = "/tmp/load-metrics.XXXXXX";
	static char file[sizeof(path) + 2];
	const char *const options[] = { "--metrics-socket", file, NULL };
	const size_t calls = l->quick ? QUICK_CALLS : CALLS;
	double rates[TURNS], cpus[TURNS];
	struct crowd_figures with, without;
	struct service s;
	struct crowd c;

	if (mkdtemp(path) == NULL || chmod(path, 0777) == -1)
		service_fail(path, strerror(errno));
	snprintf(file, sizeof(file), "%s/m", path);
	load_service(l, &s, options);
	crowd_open(&c, &s, WIDTH);
	crowd_calls(&c, WIDTH, calls, &with);
	for (size_t i = 0; i < TURNS; i++) {
		pid_t pid;

		crowd_calls(&c, WIDTH, calls, &without);
		pid = scraper_start(file);
		crowd_calls(&c, WIDTH, calls, &with);
		scraper_stop(pid);
		rates[i] = without.seconds / with.seconds;
		cpus[i] = with.cpu_us / without.cpu_us;
	}
	crowd_close(&c);
	service_stop(&s);
	rmdir(path);
	printf("| %d calls at once, median of %d turns | calls/s | daemon's "
		"processor time |\n|---|---|---|\n| nobody looks | 1.00 | 1.00 "
		"|\n| metrics are collected every %d ms | %.2f | %.2f |\n\n",
		WIDTH, TURNS, SCRAPE_US / 1000, load_median(rates, TURNS),
		load_median(cpus, TURNS));
}
