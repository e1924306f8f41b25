/*
 * The terminal as a screen that is drawn again and again, and keys without
 * return: as it was before when the program ends, by a signal too. Used by
 * wasmctl.
 */
#ifndef CLIENT_SCREEN_H
#define CLIENT_SCREEN_H

#include "base/buf.h"

/* Take over standard input and output. -1: one is no terminal. */
int screen_open(void);
void screen_close(void);

/* Show the lines, as far as there is room, in place of what is there. */
void screen_show(const struct buf *lines);

/* The next key, or 0 when none came in so many milliseconds; -1: none will. */
int screen_key(int ms);

#endif
