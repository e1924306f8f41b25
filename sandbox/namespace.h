/*
 * Namespaces of the confined processes. Each function is one layer of
 * sandbox/layers.def: 0, or -1 with errno. Runs in the worker, which has then
 * entered all of them but the pid namespace: that is for its next child, which
 * must be the init of it.
 */
#ifndef SANDBOX_NAMESPACE_H
#define SANDBOX_NAMESPACE_H

struct enter;

int namespace_user(struct enter *e);
int namespace_mount(struct enter *e);
int namespace_pid(struct enter *e);
int namespace_net(struct enter *e);
int namespace_ipc(struct enter *e);
int namespace_uts(struct enter *e);
int namespace_cgroup(struct enter *e);

#endif
