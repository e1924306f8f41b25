/*
 * A call of an instance as a line of text: [-b] FUNCTION [ARGUMENT...]. Words are
 * separated by blanks. One in double quotes is bytes, with \n, \t, \r, \\, \" and
 * \xHH in it; any other is a number as the function's type takes it. A line of
 * blanks, or whose first character is #, is none.
 */
#ifndef CLIENT_LINE_H
#define CLIENT_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/wasmd.h"

#define LINE_ARGS_MAX 64

struct line {
	bool wants_bytes;	/* -b */
	const char *name;
	size_t nargs;
	struct wasmd_value args[LINE_ARGS_MAX];
};

/* Take it apart; text, which ends with a NUL behind its len bytes, is changed, and
 * what is in the line points into it. 1, 0 when it is none, or -1 with *why. */
int line_parse(struct line *l, char *text, size_t len, const char **why);

#endif
