/* Installation of the compiled seccomp filters. Runs in the worker. */
#include "config.h"

#include "sandbox/filter.h"

#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/gate.h"
#include "sandbox/filters.inc"

static const struct sock_fprog programs[FILTER_ACTIONS][FILTER_COUNT] = {
#define PROGRAM(code) { sizeof(code) / sizeof((code)[0]), \
	(struct sock_filter *)(code) }
#define PROGRAMS(action) { \
	[FILTER_ZYGOTE] = PROGRAM(filter_zygote_##action), \
	[FILTER_TEMPLATE] = PROGRAM(filter_template_##action), \
	[FILTER_CHILD] = PROGRAM(filter_child_##action), \
	[FILTER_FILES] = PROGRAM(filter_files_##action), \
	[FILTER_GATE] = PROGRAM(filter_gate_##action), \
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

static int
filter_put_on(const struct sock_fprog *program)
{
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program);
}

/* With the gate's address, which the linker decides. */
static int
filter_install_gate(const struct sock_fprog *program)
{
	struct sock_filter code[sizeof(filter_gate_kill) /
	    sizeof(filter_gate_kill[0])];
	const struct sock_fprog copy = { program->len, code };
	const uint64_t address = gate_address();

	_Static_assert(sizeof(filter_gate_kill) == sizeof(filter_gate_trap),
	    "one action differs");
	memcpy(code, program->filter, sizeof(code));
	code[FILTER_GATE_LOW].k = (uint32_t)address;
	code[FILTER_GATE_HIGH].k = (uint32_t)(address >> 32);
	return filter_put_on(&copy);
}

int
filter_install(enum filter_stage stage, enum filter_action action)
{
	const struct sock_fprog *program = &programs[action][stage];

	return stage == FILTER_GATE ? filter_install_gate(program) :
	    filter_put_on(program);
}
