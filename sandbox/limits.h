/*
 * Resource limits of confined processes, from setrlimit(2) and timers on CPU
 * time. All functions return 0, or -1 with errno. Runs in the worker.
 */
#ifndef SANDBOX_LIMITS_H
#define SANDBOX_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct enter;
struct template_limits;

/* Processes that RLIMIT_NPROC counts besides ours, and room for more of them:
 * to be asked while /proc is there. */
unsigned long limits_count_others(void);

/* RLIMITS: what no confined process exceeds. */
int limits_enter(struct enter *e);

/* In a template, before it loads a module of module_len bytes: the memory of
 * it and of its children. */
int limits_template(const struct template_limits *lim, size_t module_len);

/* In a template that has loaded its module: files grow no more. */
int limits_loaded(void);

/* In a child that was granted directories: files grow after all. */
int limits_files(void);

/* Bytes of memory that the process has had at the most. */
uint64_t limits_memory_used(void);

/* SIGXCPU when the process has used cpu_us of CPU time since its birth. */
int limits_cpu_start(uint64_t cpu_us, int *timer);
int limits_cpu_stop(int timer);

/* In a child: the same for good, with RLIMIT_CPU behind it. */
int limits_cpu_final(uint64_t cpu_us);

#endif
