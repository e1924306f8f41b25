/* The module spectest, which the test suite's scripts import. */
#ifndef TESTS_SPEC_SPECTEST_H
#define TESTS_SPEC_SPECTEST_H

#include "vm/vm.h"

/* Define its items in a store. 0, or -1 with the error set. */
int spectest_define(struct vm_store *s, struct err *err);

#endif
