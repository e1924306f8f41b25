/*
 * Typed arguments of an invoked export from their text, and its results for
 * the result frame. Runs in the confined child.
 */
#ifndef GUEST_VALUE_H
#define GUEST_VALUE_H

#include <stdbool.h>

#include "sandbox/call.h"
#include "vm/vm.h"

/*
 * Integers: decimal or 0x hexadecimal, signed or unsigned. Floats: as strtod(3)
 * has it, and nan:0xPAYLOAD. v128: 0x and 32 digits, most significant first.
 * References: null, where the type has it. False if text is not of the type, or out of range.
 */
bool value_parse(const char *text, valtype type, struct vm_value *out);

/* Of a reference only whether it is null: it means nothing outside. */
void value_pack(const struct vm_value *v, struct call_value *out);

#endif
