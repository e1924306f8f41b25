/*
 * What the broker is let loose on: a granted directory, one that may only be
 * read, and what is outside of both, with links that lead there from inside.
 */
#ifndef FUZZ_BROKER_TREE_H
#define FUZZ_BROKER_TREE_H

#include <stdbool.h>

enum tree_part { TREE_OUTSIDE, TREE_WRITABLE, TREE_READ_ONLY, TREE_GONE };

/* Made anew for each input, and gone with it. */
void tree_make(void);
void tree_remove(void);

/* A directory of it: TREE_WRITABLE or TREE_READ_ONLY. */
int tree_open(enum tree_part part);

/* Where what is open lies; TREE_GONE: it has been removed. */
enum tree_part tree_part_of(int fd);

/* Whether this is the number of something outside. */
bool tree_is_outside(unsigned long long dev, unsigned long long ino);

/* Ends the process unless what must not be written to is as it was made. */
void tree_check(void);

#endif
