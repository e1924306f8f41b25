/*
 * WASI preview 1 for one guest: wasi_snapshot_preview1 and its older alias
 * wasi_unstable. Runs in the confined child.
 * https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
 *
 * The functions are defined in the store by the template, before it is known
 * what will be called; the state is filled in by the child.
 */
#ifndef GUEST_WASI_H
#define GUEST_WASI_H

#include <stdint.h>

#include "base/err.h"

struct call;
struct guest_io;
struct vm_store;
struct wasi;

/* The one state of the process. Static storage. */
struct wasi *wasi_get(void);

/* Define all 46 functions of both modules in the store. */
int wasi_define(struct vm_store *store, struct wasi *w, struct err *err);

/* The name of function i of both modules, or NULL if there are not so many. */
const char *wasi_function(unsigned i);

/* In the child: what args_get, environ_get, fd_write, ... answer from. call
 * and its strings must stay. 0, or -1 when the broker of the granted
 * directories does not say what they are. */
int wasi_start(struct wasi *w, const struct call *call, struct guest_io *io);

/* After VM_EXIT: proc_exit's code, and whether the end was the output limit
 * (then the code means nothing). */
uint32_t wasi_exit_code(const struct wasi *w);
int wasi_output_exceeded(const struct wasi *w);

#endif
