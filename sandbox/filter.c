/* Installation of the compiled seccomp filters. Runs in the worker. */
#include "config.h"

#include "sandbox/filter.h"

#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/filters.inc"

static const struct sock_fprog programs[FILTER_ACTIONS][FILTER_COUNT] = {
#define PROGRAM(code) { sizeof(code) / sizeof((code)[0]), \
	(struct sock_filter *)(code) }
#define PROGRAMS(action) { \
	[FILTER_ZYGOTE] = PROGRAM(filter_zygote_##action), \
	[FILTER_TEMPLATE] = PROGRAM(filter_template_##action), \
	[FILTER_CHILD] = PROGRAM(filter_child_##action), \
	[FILTER_FILES] = PROGRAM(filter_files_##action), \
}
	[FILTER_KILL] = PROGRAMS(kill),
	[FILTER_TRAP] = PROGRAMS(trap),
#undef PROGRAMS
#undef PROGRAM
};

const struct sock_fprog *
filter_program(enum filter_stage stage, enum filter_action action)
{
	return &programs[action][stage];
}

int
filter_install(enum filter_stage stage, enum filter_action action)
{
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
	    &programs[action][stage]);
}
