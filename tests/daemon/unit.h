/* What the unit tests of the daemon include, in cmocka's order. */
#ifndef TESTS_DAEMON_UNIT_H
#define TESTS_DAEMON_UNIT_H

#include "config.h"

#include <setjmp.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
