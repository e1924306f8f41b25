/* wasmctl: the verbs, and help about them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/outcome.h"
#include "client/report.h"
#include "client/verb.h"
#include "config.h"

static int help_run(const struct verb *verb, int argc, char **argv);
static int complete_run(const struct verb *verb, int argc, char **argv);

static const struct option_spec no_options[] = { { .name = NULL } };

static const struct verb verbs[] = {
	{ "run", "MODULE [ARGUMENT...]", "run a module and stream its output",
		submit_options, false, submit_run },
	{ "submit", "MODULE [ARGUMENT...]", "the same as run",
		submit_options, false, submit_run },
	{ "call", "MODULE FUNCTION [ARGUMENT...]",
		"call a function and print its results",
		call_options, false, call_run },
	{ "open", "MODULE", "keep an instance and call it, a line for each call",
		open_options, false, open_run },
	{ "validate", "MODULE", "say whether a module is valid, and if not, why",
		look_options, false, look_run },
	{ "inspect", "MODULE", "show what a module declares",
		inspect_options, false, look_run },
	{ "disasm", "MODULE [FUNCTION]", "show a module's code",
		disasm_options, false, look_run },
	{ "put", "MODULE...", "keep modules in the daemon's store",
		put_options, false, store_run },
	{ "list", "", "list the stored modules",
		list_options, false, store_run },
	{ "info", "DIGEST...", "tell of a stored module",
		list_options, false, store_run },
	{ "remove", "DIGEST...", "remove modules from the store",
		remove_options, false, store_run },
	{ "ps", "", "list jobs",
		ps_options, false, jobs_run },
	{ "status", "JOB...", "tell of a job",
		ps_options, false, jobs_run },
	{ "logs", "JOB", "show what a detached job wrote",
		logs_options, false, follow_run },
	{ "attach", "JOB", "be a detached job's terminal",
		attach_options, false, follow_run },
	{ "wait", "JOB", "wait for a detached job, and end as it did",
		wait_options, false, follow_run },
	{ "kill", "JOB...", "end jobs",
		kill_options, false, jobs_run },
	{ "rm", "JOB...", "forget detached jobs that have ended",
		kill_options, false, jobs_run },
	{ "events", "", "tell of jobs as they come and go",
		ps_options, false, jobs_run },
	{ "stats", "", "show what the daemon does and has done",
		stats_options, false, stats_run },
	{ "top", "", "the same, live on the screen",
		top_options, false, top_run },
	{ "proxy", "", "speak to the daemon for wasmctl -H, by way of ssh",
		proxy_options, true, proxy_run },
	{ "check", "", "show which layers of confinement are in force",
		check_options, false, check_run },
	{ "help", "[VERB]", "explain a verb",
		no_options, false, help_run },
	{ "__complete", "[VERB]", "words for a shell's completion",
		no_options, true, complete_run },
};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

const struct verb *
verb_find(const char *name)
{
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static void
verb_print_help(const struct verb *verb)
{
	bool has_options = verb->options[0].name != NULL;

	printf("usage: wasmctl %s%s%s%s\n\n%s\n", verb->name,
		has_options ? " [OPTION...]" : "",
		verb->operands[0] != '\0' ? " " : "", verb->operands,
		verb->help);
	if (has_options)
		printf("\n");
	options_print_help(verb->options, stdout);
}

/* Every table of options has the row. */
static bool
verb_wants_help(const struct option_spec *options, const void *values)
{
	while (strcmp(options->name, "help") != 0)
		options++;
	return *(const bool *)((const char *)values + options->offset);
}

int
verb_parse(const struct verb *verb, void *values, int argc, char **argv,
	int *status)
{
	int first = options_parse(verb->options, values, argc, argv);

	*status = EXIT_WASMCTL;
	if (first == -1 || !verb_wants_help(verb->options, values))
		return first;
	verb_print_help(verb);
	*status = 0;
	return -1;
}

static void
main_print_usage(FILE *out)
{
	fprintf(out, "usage: wasmctl VERB [OPTION...] ...\n"
		"       wasmctl -H ssh://MACHINE VERB ...\n\n"
		"Run WebAssembly that nobody trusts, confined by wasmd.\n\n");
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (!verbs[i].hidden)
			fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].help);
	fprintf(out, "\nwasmctl VERB --help explains a verb's options; "
		"wasmctl(1) has it all.\n");
}

/* The verb named by the first operand; NULL when there is none or, after a
 * report, no such verb. */
static const struct verb *
main_operand_verb(int argc, char **argv, bool *wrong)
{
	const struct verb *named = argc > 1 ? verb_find(argv[1]) : NULL;

	*wrong = argc > 1 && named == NULL;
	if (*wrong)
		report("no such verb: %s (see wasmctl --help)", argv[1]);
	return named;
}

static int
help_run(const struct verb *verb, int argc, char **argv)
{
	const struct verb *named;
	bool wrong;

	named = main_operand_verb(argc, argv, &wrong);
	if (wrong)
		return EXIT_WASMCTL;
	if (named != NULL)
		verb_print_help(named);
	else
		main_print_usage(stdout);
	return 0;
}

/* "word<TAB>argument<TAB>help" per line: the verbs, or a verb's options. */
static int
complete_run(const struct verb *verb, int argc, char **argv)
{
	const struct verb *named;
	bool wrong;

	named = main_operand_verb(argc, argv, &wrong);
	if (wrong)
		return EXIT_WASMCTL;
	if (named != NULL)
		options_print_words(named->options, stdout);
	for (size_t i = 0; i < VERB_COUNT && named == NULL; i++)
		if (!verbs[i].hidden)
			printf("%s\t\t%s\n", verbs[i].name, verbs[i].help);
	return 0;
}

static int
main_unknown(const char *word)
{
	if (word[0] == '-')
		report("no such option: %s (see wasmctl --help)", word);
	else if (access(word, F_OK) == 0)
		report("no such verb: %s (to run it: wasmctl run %s)", word,
			word);
	else
		report("no such verb: %s (see wasmctl --help)", word);
	return EXIT_WASMCTL;
}

/* Standard descriptors that were closed before we began must not become those
 * of sockets. What is put there fails to read or write as a closed one does. */
static void
main_fill_descriptors(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			_exit(EXIT_WASMCTL);
}

/* What printf(3) kept back is an error of the command, not of its exit. */
static int
main_flush(int status)
{
	if (fflush(stdout) == 0)
		return status;
	report("cannot write standard output: %m");
	return EXIT_WASMCTL;
}

/* "-H MACHINE VERB" becomes "VERB -H MACHINE": it is in the verbs' tables. */
static void
main_move_host(int argc, char **argv)
{
	static const char *const spellings[] = { "-H", "--host" };
	char *option = argv[1];

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		if (strcmp(option, spellings[i]) != 0 || argc < 4)
			continue;
		argv[1] = argv[3];
		argv[3] = argv[2];
		argv[2] = option;
	}
	if (strncmp(option, "--host=", 7) == 0 && argc > 2) {
		argv[1] = argv[2];
		argv[2] = option;
	}
}

int
main(int argc, char **argv)
{
	const struct verb *verb;

	main_fill_descriptors();
	report_open(false);
	if (argc < 2) {
		main_print_usage(stderr);
		return EXIT_WASMCTL;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		main_print_usage(stdout);
		return main_flush(0);
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("wasmctl %s\n", PACKAGE_VERSION);
		return main_flush(0);
	}
	main_move_host(argc, argv);
	verb = verb_find(argv[1]);
	if (verb == NULL)
		return main_unknown(argv[1]);
	return main_flush(verb->run(verb, argc - 1, argv + 1));
}
