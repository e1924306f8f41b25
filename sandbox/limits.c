/* Resource limits of confined processes. Runs in the worker. */
#include "config.h"

#include "sandbox/limits.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/call.h"
#include "sandbox/ctl.h"
#include "sandbox/enter.h"
#include "sandbox/gate.h"

#define LIMIT_STACK	(8u << 20)	/* of C; guest frames are elsewhere */

/* What a template may use beyond what it was given for the guest: fixed parts,
 * and decoded and translated code in proportion to the module. */
#define LOAD_FIXED_BYTES	(64u << 20)
#define LOAD_FACTOR		48
#define TABLE_ELEM_BYTES	16

/* Processes that a user without a user namespace of his own may start after
 * us before he takes ours away. */
#define OTHER_PROCESSES 1024

/* Lower a limit; one that is lower already stays. */
static int
limit_set(__rlimit_resource_t resource, rlim_t soft, rlim_t hard)
{
	struct rlimit now;

	if (getrlimit(resource, &now) == -1)
		return -1;
	if (hard < now.rlim_max)
		now.rlim_max = hard;
	now.rlim_cur = soft < now.rlim_max ? soft : now.rlim_max;
	return setrlimit(resource, &now);
}

/* Threads of the process pid, or 0 if it is not of the user uid. */
static unsigned long
count_threads(const char *pid, uid_t uid)
{
	unsigned long threads = 0;
	char path[32], line[128];
	struct stat st;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.10s", pid);
	if (stat(path, &st) == -1 || st.st_uid != uid)
		return 0;
	snprintf(path, sizeof(path), "/proc/%.10s/status", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "Threads: %lu", &threads) == 1)
			break;
	}
	fclose(file);
	return threads;
}

/*
 * What the kernel counts against RLIMIT_NPROC besides our processes: in a user
 * namespace nothing (since Linux 5.14); else all that the user runs.
 */
unsigned long
limits_count_others(void)
{
	unsigned long threads = OTHER_PROCESSES;
	uid_t uid = getuid();
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	if (dir == NULL)
		return threads;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			threads += count_threads(entry->d_name, uid);
	}
	closedir(dir);
	return threads;
}

int
limits_enter(struct enter *e)
{
	rlim_t processes = e->config.max_processes + e->other_processes;

	if (limit_set(RLIMIT_CORE, 0, 0) == -1 ||
	    limit_set(RLIMIT_NPROC, processes, processes) == -1 ||
	    limit_set(RLIMIT_NOFILE, FILE_FD_END, FILE_FD_END) == -1 ||
	    limit_set(RLIMIT_MEMLOCK, 0, 0) == -1 ||
	    limit_set(RLIMIT_MSGQUEUE, 0, 0) == -1 ||
	    limit_set(RLIMIT_STACK, LIMIT_STACK, LIMIT_STACK) == -1)
		return -1;
	return 0;
}

/* Sums of limits must not overflow; nothing real is larger. */
static uint64_t
at_most_1pib(uint64_t n)
{
	return n < (1ull << 50) ? n : 1ull << 50;
}

/* What a template may set its children's CPU time to, at most. */
static rlim_t cpu_max = RLIM_INFINITY;

int
limits_template(const struct template_limits *lim, size_t module_len)
{
	struct rlimit cpu;
	uint64_t bytes = LOAD_FIXED_BYTES + at_most_1pib(lim->memory_bytes) +
	    at_most_1pib(lim->stack_bytes) +
	    TABLE_ELEM_BYTES * at_most_1pib(lim->table_elems) +
	    LOAD_FACTOR * at_most_1pib(module_len);

	if (getrlimit(RLIMIT_CPU, &cpu) == -1)
		return -1;
	cpu_max = cpu.rlim_max;
#ifndef WITH_SANITIZERS
	/* A sanitizer's shadow counts as data, in terabytes. */
	if (limit_set(RLIMIT_DATA, bytes, bytes) == -1)
		return -1;
#endif
	return limit_set(RLIMIT_FSIZE, bytes, RLIM_INFINITY);
}

int
limits_loaded(void)
{
	return limit_set(RLIMIT_FSIZE, 0, RLIM_INFINITY);
}

int
limits_files(void)
{
	return limit_set(RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY);
}

uint64_t
limits_memory_used(void)
{
	struct rusage ru = { 0 };

	getrusage(RUSAGE_SELF, &ru);
	return (uint64_t)ru.ru_maxrss << 10;
}

int
limits_cpu_start(uint64_t cpu_us, int *timer)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGXCPU,
	};
	struct itimerspec when = {
		.it_value.tv_sec = (time_t)(cpu_us / 1000000),
		.it_value.tv_nsec = (long)(cpu_us % 1000000) * 1000,
	};

	if (gate_call(SYS_timer_create, CLOCK_PROCESS_CPUTIME_ID, (long)&event,
	    (long)timer, 0) == -1)
		return -1;
	return (int)gate_call(SYS_timer_settime, *timer, TIMER_ABSTIME,
	    (long)&when, 0);
}

int
limits_cpu_stop(int timer)
{
	return (int)syscall(SYS_timer_delete, timer);
}

int
limits_cpu_final(uint64_t cpu_us)
{
	struct rlimit cpu = { cpu_us / 1000000 + 2, cpu_us / 1000000 + 3 };
	int timer;

	/* At the hard limit the kernel kills without saying why. */
	if (cpu.rlim_max > cpu_max)
		cpu.rlim_max = cpu_max;
	if (cpu.rlim_cur > cpu.rlim_max)
		cpu.rlim_cur = cpu.rlim_max;
	if (gate_call(SYS_prlimit64, 0, RLIMIT_CPU, (long)&cpu, 0) == -1)
		return -1;
	return limits_cpu_start(cpu_us, &timer);
}
