/* Installation of the compiled seccomp filters. Runs in the worker. */
#include "config.h"

#include "sandbox/filter.h"

#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/filters.inc"

static const struct sock_fprog filter_programs[FILTER_COUNT] = {
#define PROGRAM(code) { sizeof(code) / sizeof((code)[0]), \
	(struct sock_filter *)(code) }
	[FILTER_ZYGOTE] = PROGRAM(filter_zygote),
	[FILTER_TEMPLATE] = PROGRAM(filter_template),
	[FILTER_CHILD] = PROGRAM(filter_child),
	[FILTER_FILES] = PROGRAM(filter_files),
#undef PROGRAM
};

const struct sock_fprog *
filter_program(enum filter_stage stage)
{
	return &filter_programs[stage];
}

int
filter_install(enum filter_stage stage)
{
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
	    &filter_programs[stage]);
}
