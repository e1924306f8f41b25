/*
 * A daemon for a benchmark: started with a socket and a store of its own, by
 * root as the user nobody, ended with it. What it uses is asked of the kernel.
 * All functions end the program, with a message, when something goes wrong.
 */
#ifndef BENCH_SERVICE_H
#define BENCH_SERVICE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVICE_DIGEST	64

struct service {
	pid_t pid;
	char dir[32], socket[48], store[48];
	char digest[SERVICE_DIGEST + 1];	/* of the module that it keeps */
};

struct service_config {
	const char *wasmd, *worker, *module;	/* paths */
	const char *const *options;		/* up to a NULL */
};

/* Returns once it answers and has stored the module. */
void service_start(struct service *s, const struct service_config *config);
void service_stop(struct service *s);

/* Processor time of its first thread, which does all but disk work. */
double service_cpu_us(const struct service *s);

/* Bytes of memory of its own, and descriptors. */
uint64_t service_memory(const struct service *s);
unsigned service_descriptors(const struct service *s);

/* Its children that are there, at most max of them; *zombies, those that wait
 * to be reaped. */
size_t service_children(const struct service *s, pid_t *pids, size_t max,
	unsigned *zombies);

/* The number behind a word at the start of a line of /proc/PID/FILE, or 0. */
uint64_t service_proc(pid_t pid, const char *file, const char *word);

void __attribute__((noreturn)) service_fail(const char *what, const char *why);

#endif
