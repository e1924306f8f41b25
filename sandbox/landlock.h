/*
 * Landlock: a domain in which nothing is allowed that Landlock can deny.
 * Runs in the worker.
 */
#ifndef SANDBOX_LANDLOCK_H
#define SANDBOX_LANDLOCK_H

struct enter;

/* LANDLOCK: find out what the kernel can deny and deny it. */
int landlock_enclose(struct enter *e);

/* The same once more, in a domain inside the present one, which its processes
 * cannot signal or trace out of. After landlock_enclose. */
int landlock_enclose_again(const struct enter *e);

#endif
