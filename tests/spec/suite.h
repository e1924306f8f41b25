/*
 * The specification's test suite as files: finding the scripts, running each
 * in a process of its own, and adding up. What is done with a command is up to
 * the program: run.c has the whole virtual machine do it, verdicts.c has
 * the decoder and the validator judge its module.
 */
#ifndef TESTS_SPEC_SUITE_H
#define TESTS_SPEC_SUITE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct tally {
	uint32_t commands;		/* of the script */
	uint32_t passed, failed, skipped;
	uint32_t text_only;		/* no binary exists: counted apart */
	uint32_t stages, stages_right;	/* malformed, or invalid, as asked */
	uint32_t texts, texts_right;	/* of traps and failed links */
	uint32_t reasons, reasons_right;	/* of rejected modules */
	uint32_t known;			/* texts that differ as texts.def says */
	uint32_t odd;			/* stages and other texts that differ */
	uint32_t ran;			/* modules, to their end */
	uint32_t crashed;		/* scripts */
};

struct script {
	const char *name;	/* path below core/, "simd/simd_lane" */
	const char *dir;	/* where its modules are */
	json_t *commands;
	bool verbose;
	bool plain;		/* fuse no instructions */
	bool lazy;		/* translate functions at their first call */
	bool profile;		/* say what functions cost */
	bool one_nan;		/* make every NaN the canonical one */
	struct tally *tally;
};

/* A module's file in memory. */
struct bytes {
	uint8_t *data;
	size_t len;
};

/*
 * Run the scripts whose name contains one of the arguments, or all, each in a
 * fork, and print the figures. The exit status: 0 passed, 1 failed, 77 there
 * is no suite.
 */
int suite_main(int argc, char **argv, void (*run)(struct script *s));

/* Count a command. pass and fail print when that was asked for. */
void script_pass(struct script *s, json_t *command);
void script_fail(struct script *s, json_t *command, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void script_skip(struct script *s, json_t *command);

/* Whether the text of a trap or a failed link is the suite's. */
void script_text(struct script *s, json_t *command, const char *text);

/* Whether the command has a module in text format only; it is then counted. */
bool script_is_text_only(struct script *s, json_t *command);

/* Count an assert_malformed or assert_invalid by the error that came of its
 * module, of enum vm_error, 0 if none did. */
void script_verdict(struct script *s, json_t *command, const struct err *err);

/* The bytes of the command's module; the caller frees data. Ends the process
 * when there is no such file. */
struct bytes script_read_module(struct script *s, json_t *command);

/* Fields. */
const char *command_type(json_t *command);
const char *command_string(json_t *command, const char *key);	/* or NULL */

#endif
