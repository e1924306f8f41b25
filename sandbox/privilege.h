/*
 * A process's identity and privileges, given up step by step. Each function is
 * one layer of sandbox/layers.def: 0, or -1 with errno. Runs in the worker.
 */
#ifndef SANDBOX_PRIVILEGE_H
#define SANDBOX_PRIVILEGE_H

struct enter;

int privilege_drop_user(struct enter *e);	/* UID */
int privilege_drop_caps(struct enter *e);	/* CAPS */
int privilege_no_new(struct enter *e);		/* NNP */
int privilege_not_dumpable(struct enter *e);	/* DUMPABLE */
int privilege_no_exec_gain(struct enter *e);	/* MDWE */

#endif
