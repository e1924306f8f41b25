/*
 * A trace of the functions that a guest calls, with their arguments and
 * results: what strace(1) is for processes. The functions are defined in the
 * template either with it or without, so that calls which are not traced do
 * not even ask. Runs in the template and the confined child.
 */
#ifndef GUEST_WASI_TRACE_H
#define GUEST_WASI_TRACE_H

#include "base/err.h"

struct vm_store;
struct wasi;

/* What wasi_define does, with a trace. */
int wasi_trace_define(struct vm_store *store, struct wasi *w, struct err *err);

/* What wasi.def says of the parameters of function i of wasi_function. */
const char *wasi_trace_params(unsigned i);

#endif
