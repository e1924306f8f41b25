/*
 * A verb's options. One table says all about them: it drives the parser, the
 * help text and the completion of shells; a test holds it against the manual.
 */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_type {	/* what stands at the offset in the values */
	OPTION_FLAG,	/* bool */
	OPTION_TEXT,	/* const char * */
	OPTION_MAYBE,	/* struct maybe: whether it was given, and its argument,
			 * which may be left out and comes behind "=" */
	OPTION_TEXTS,	/* struct texts: each time the option is given */
	OPTION_NUMBER,	/* uint64_t, from 1 */
	OPTION_SIZE,	/* uint64_t bytes, from 1 */
	OPTION_TIME,	/* uint64_t milliseconds, from 1 */
};

struct option_spec {
	char letter;		/* 0: it has only a name */
	const char *name;
	enum option_type type;
	size_t offset;
	const char *arg;	/* what its argument is called, NULL: none */
	const char *help;
};

struct maybe {
	bool given;
	const char *text;	/* NULL: without an argument */
};

struct texts {
	size_t count;
	char **items;		/* all owned */
};

/* Add a copy. Without memory the program ends. */
void texts_add(struct texts *t, const char *text);
void texts_clear(struct texts *t);

/* Of variables for a guest: "NAME" becomes "NAME=VALUE" with the value of our
 * environment. -1 after a report. */
int texts_fill_env(struct texts *env);

/*
 * Parse argv[1..] up to the first operand or "--", into *values. Returns the
 * index of the first operand, or -1 when it is wrong, which has been reported.
 * A table ends with a row without a name.
 */
int options_parse(const struct option_spec *table, void *values, int argc,
	char **argv);

/* One row per option: as help text, or for completion: "--name<TAB>arg<TAB>help",
 * an argument that may be left out as "[arg]". */
void options_print_help(const struct option_spec *table, FILE *out);
void options_print_words(const struct option_spec *table, FILE *out);

#endif
