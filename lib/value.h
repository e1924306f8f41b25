/* Typed values of libwasmd, to and from the wire's. */
#ifndef LIB_VALUE_H
#define LIB_VALUE_H

#include "lib/wasmd.h"
#include "proto/typed.h"

/* -1: a kind that is none. */
int value_from_wire(struct wasmd_value *to, const struct typed *from);

#endif
