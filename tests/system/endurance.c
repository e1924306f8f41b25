/*
 * Many calls leave nothing behind: memory and descriptors of the daemon and of
 * the processes that live as long as it does stay as they are, and nobody is
 * left to be reaped. Every answer is checked to be its call's own.
 *
 *	endurance CALLS WASMD WORKER MODULE
 *
 * MODULE is bench/load.wat. Prints a table of what there is at ten times, and
 * exits with 1 when something has grown.
 */
#include "config.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/crowd.h"

#define IN_FLIGHT	8
#define STEPS		10
#define WARM_UP		2000		/* calls before the first look */
#define CHILDREN_MAX	64
#define READY		4		/* forked ahead, at the most */
/* What an allocator and a cache may keep: less than a byte for each of a
 * million calls would. */
#define GROWTH_KB	512
#define GROWTH_FDS	16		/* of children that are forked ahead */

enum part { DAEMON, INIT, ZYGOTE, TEMPLATE, NPARTS };

static const char *const part_name[NPARTS] = {
	"daemon", "init", "zygote", "template",
};

struct look {
	pid_t pid[NPARTS];
	uint64_t kb[NPARTS];	/* of memory of its own */
	unsigned fds, zombies, children;
};

/* Its number in its own namespace: the last that the kernel tells. */
static bool
is_init(pid_t pid)
{
	char path[64], line[256], *last;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "NSpid:", 6) == 0 &&
		    (last = strrchr(line, '\t')) != NULL)
			found = atoi(last) == 1;
	}
	if (f != NULL)
		fclose(f);
	return found;
}

/* Nothing runs: init is told by its number, the others by their age. */
static void
look_at(const struct service *s, struct look *l)
{
	pid_t pids[CHILDREN_MAX];
	size_t n = service_children(s, pids, CHILDREN_MAX, &l->zombies);
	enum part next = ZYGOTE;

	memset(l->pid, 0, sizeof(l->pid));
	l->pid[DAEMON] = s->pid;
	for (size_t i = 0; i < n; i++) {
		if (is_init(pids[i]))
			l->pid[INIT] = pids[i];
		else if (next < NPARTS)
			l->pid[next++] = pids[i];
	}
	for (int i = 0; i < NPARTS; i++)
		l->kb[i] = service_proc(l->pid[i], "status", "RssAnon:");
	l->fds = service_descriptors(s);
	l->children = (unsigned)n;
}

static void
print_look(const struct look *l, size_t calls)
{
	printf("| %zu |", calls);
	for (int i = 0; i < NPARTS; i++)
		printf(" %llu |", (unsigned long long)l->kb[i]);
	printf(" %u | %u | %u |\n", l->fds, l->children, l->zombies);
}

/* How many things are wrong. */
static int
compare(const struct look *first, const struct look *last)
{
	int wrong = 0;

	for (int i = 0; i < NPARTS; i++) {
		if (last->pid[i] != first->pid[i]) {
			printf("the %s is another one\n", part_name[i]);
			wrong++;
		} else if (last->kb[i] > first->kb[i] + GROWTH_KB) {
			printf("the %s has grown\n", part_name[i]);
			wrong++;
		}
	}
	if (last->fds > first->fds + GROWTH_FDS) {
		printf("there are more descriptors\n");
		wrong++;
	}
	if (last->zombies > 0) {
		printf("there are processes to be reaped\n");
		wrong++;
	}
	return wrong;
}

/* Until what has ended is reaped. */
static void
settle(const struct service *s)
{
	pid_t pids[CHILDREN_MAX];
	unsigned zombies;

	for (int i = 0; i < 100; i++) {
		usleep(100000);
		if (service_children(s, pids, CHILDREN_MAX, &zombies) <
		    NPARTS + READY && zombies == 0)
			return;
	}
}

static int
endure(const struct service *s, size_t calls)
{
	struct crowd_figures f;
	struct look first, now;
	struct crowd c;

	crowd_open(&c, s, IN_FLIGHT);
	crowd_calls(&c, IN_FLIGHT, WARM_UP / IN_FLIGHT, &f);
	settle(s);
	look_at(s, &first);
	printf("| calls | daemon, kB | init | zygote | template | descriptors | "
		"processes | zombies |\n|---|---|---|---|---|---|---|---|\n");
	print_look(&first, WARM_UP);
	for (size_t i = 1; i <= STEPS; i++) {
		crowd_calls(&c, IN_FLIGHT, calls / STEPS / IN_FLIGHT, &f);
		settle(s);
		look_at(s, &now);
		print_look(&now, WARM_UP + i * (calls / STEPS));
	}
	crowd_close(&c);
	return compare(&first, &now);
}

int
main(int argc, char **argv)
{
	static const char *const options[] = { NULL };
	struct service_config config = { .options = options };
	size_t calls = argc == 5 ? strtoul(argv[1], NULL, 10) : 0;
	struct service s;
	int wrong;

	if (calls < STEPS * IN_FLIGHT) {
		fprintf(stderr, "usage: endurance CALLS WASMD WORKER MODULE\n");
		return 2;
	}
	config.wasmd = realpath(argv[2], NULL);
	config.worker = realpath(argv[3], NULL);
	config.module = argv[4];
	if (config.wasmd == NULL || config.worker == NULL)
		service_fail("the daemon", "it is not built");
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	service_start(&s, &config);
	wrong = endure(&s, calls);
	service_stop(&s);
	return wrong > 0;
}
