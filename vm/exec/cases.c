/*
 * The handlers of the cases of a br_table, which SWITCH of machine.h goes to by
 * their numbers. Run in the confined child.
 */
#include "vm/exec/handlers.h"

#include "vm/exec/code_cases.h"
