/*
 * Errors on their way to the caller of libwasmd: from struct err, which its
 * parts use among themselves, and from the daemon's answers.
 */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

#include "base/err.h"
#include "lib/wasmd.h"
#include "proto/msg.h"

/* Give it to the caller, who may not want it. Returns -1. */
int error_give(struct wasmd_error *to, const struct err *from);

/* What a MSG_ERROR says; longer texts are cut. */
struct wasmd_error error_of_answer(const struct msg *answer);

#endif
