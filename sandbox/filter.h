/*
 * The seccomp filters, compiled at build time from sandbox/policy.def, and
 * their installation in the calling process.
 */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include <linux/filter.h>

/* In this order a process and its forks put them on, each narrower. A child
 * has one of the last three. */
enum filter_stage {
	FILTER_ZYGOTE,
	FILTER_TEMPLATE,
	FILTER_CHILD,
	FILTER_FILES,	/* a child that was granted directories */
	FILTER_GATE,	/* a child, and before it closed the gate (sandbox/gate.h)
			 * what a template needs that serves */
	FILTER_COUNT
};

/* What it does to a process that makes a forbidden call. */
enum filter_action { FILTER_KILL, FILTER_TRAP, FILTER_ACTIONS };

/* The program; what FILTER_GATE compares the address with is 0 in it, and the
 * constant of these two instructions. */
#define FILTER_GATE_LOW 1
#define FILTER_GATE_HIGH 3
const struct sock_fprog *filter_program(enum filter_stage stage,
	enum filter_action action);

/* 0, or -1 with errno. Needs no_new_privs. Cannot be undone. */
int filter_install(enum filter_stage stage, enum filter_action action);

#endif
