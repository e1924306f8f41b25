/* Options of a verb, parsed and explained from one table. Used by wasmctl. */
#include "client/options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "client/quantity.h"
#include "client/report.h"

#define OPTIONS_MAX 48
#define OPTIONS_LEFT 24	/* columns of help that options take */

static const struct {
	int (*read)(const char *text, uint64_t *out);
	const char *expected;
} quantities[] = {
	[OPTION_NUMBER] = { quantity_read_number, "a number, such as 1000" },
	[OPTION_SIZE] = { quantity_read_size, "a size, such as 512K, 64M or 1.5G" },
	[OPTION_TIME] = { quantity_read_time, "a time, such as 500ms, 10s or 2m" },
};

void
texts_add(struct texts *t, const char *text)
{
	char **items = reallocarray(t->items, t->count + 1, sizeof(*items));
	char *copy = strdup(text);

	if (items == NULL || copy == NULL)
		report_fatal("out of memory");
	items[t->count++] = copy;
	t->items = items;
}

void
texts_clear(struct texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->items[i]);
	free(t->items);
	*t = (struct texts){ .count = 0 };
}

int
texts_fill_env(struct texts *env)
{
	for (size_t i = 0; i < env->count; i++) {
		char *name = env->items[i], *pair;
		const char *value;

		if (name[0] == '=' || name[0] == '\0') {
			report("--env: a variable needs a name: \"%s\"", name);
			return -1;
		}
		if (strchr(name, '=') != NULL)
			continue;
		value = getenv(name);
		if (value == NULL) {
			report("--env: %s is not set here; give it a value "
				"with %s=VALUE", name, name);
			return -1;
		}
		if (asprintf(&pair, "%s=%s", name, value) == -1)
			report_fatal("out of memory");
		free(name);
		env->items[i] = pair;
	}
	return 0;
}

static int
options_set_quantity(const struct option_spec *spec, uint64_t *to,
	const char *text)
{
	uint64_t value;

	if (quantities[spec->type].read(text, &value) == -1) {
		report("--%s: not %s: \"%s\"", spec->name,
			quantities[spec->type].expected, text);
		return -1;
	}
	if (value == 0) {
		report("--%s: must be more than 0", spec->name);
		return -1;
	}
	*to = value;
	return 0;
}

static int
options_set(const struct option_spec *spec, void *values, const char *arg)
{
	void *to = (char *)values + spec->offset;

	switch (spec->type) {
	case OPTION_FLAG:
		*(bool *)to = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)to = arg;
		return 0;
	case OPTION_MAYBE:
		*(struct maybe *)to = (struct maybe){ true, arg };
		return 0;
	case OPTION_TEXTS:
		texts_add(to, arg);
		return 0;
	case OPTION_NUMBER:
	case OPTION_SIZE:
	case OPTION_TIME:
		return options_set_quantity(spec, to, arg);
	}
	return -1;
}

/* getopt_long(3)'s two tables. Rows are told apart by their number, from 256
 * on for names, so that an option needs no letter. */
static void
options_for_getopt(const struct option_spec *table, struct option *names,
	char *letters)
{
	*letters++ = '+';	/* the operands end the options */
	*letters++ = ':';
	for (int i = 0; table[i].name != NULL; i++) {
		names[i] = (struct option){
			.name = table[i].name,
			.has_arg = table[i].type == OPTION_MAYBE ?
				optional_argument : table[i].arg != NULL,
			.val = 256 + i,
		};
		if (table[i].letter == 0)
			continue;
		*letters++ = table[i].letter;
		if (table[i].arg != NULL)
			*letters++ = ':';
	}
	*letters = '\0';
}

static const struct option_spec *
options_find(const struct option_spec *table, int c)
{
	if (c >= 256)
		return &table[c - 256];
	for (; table->name != NULL; table++)
		if (table->letter == c)
			return table;
	return NULL;
}

/* getopt_long(3) found no row, two rows, or no argument. */
static void
options_report(const struct option_spec *table, int c, char *const *argv)
{
	const struct option_spec *spec = options_find(table, optopt);

	if (c == ':')
		report("--%s needs an argument: %s", spec->name, spec->arg);
	else if (optopt >= 256)
		report("--%s takes no argument", spec->name);
	else if (optopt != 0)
		report("no such option: -%c (see --help)", optopt);
	else
		report("no such option: %s (see --help)", argv[optind - 1]);
}

int
options_parse(const struct option_spec *table, void *values, int argc,
	char **argv)
{
	struct option names[OPTIONS_MAX + 1] = { { 0 } };
	char letters[2 * OPTIONS_MAX + 3];
	int c;

	options_for_getopt(table, names, letters);
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		const struct option_spec *spec;

		if (c == '?' || c == ':') {
			options_report(table, c, argv);
			return -1;
		}
		spec = options_find(table, c);
		if (options_set(spec, values, optarg) == -1)
			return -1;
	}
	return optind;
}

void
options_print_help(const struct option_spec *table, FILE *out)
{
	for (; table->name != NULL; table++) {
		bool maybe = table->type == OPTION_MAYBE;
		char left[64];

		snprintf(left, sizeof(left), "%s%c%s --%s%s%s%s",
			table->letter != 0 ? "-" : " ",
			table->letter != 0 ? table->letter : ' ',
			table->letter != 0 ? "," : " ", table->name,
			table->arg == NULL ? "" : maybe ? "[=" : " ",
			table->arg != NULL ? table->arg : "", maybe ? "]" : "");
		/* Where there is no room beside it, below. */
		if (strlen(left) > OPTIONS_LEFT) {
			fprintf(out, "  %s\n", left);
			left[0] = '\0';
		}
		fprintf(out, "  %-*s %s\n", OPTIONS_LEFT, left, table->help);
	}
}

void
options_print_words(const struct option_spec *table, FILE *out)
{
	for (; table->name != NULL; table++) {
		if (table->letter != 0)
			fprintf(out, "-%c\t%s\t%s\n", table->letter,
				table->arg != NULL ? table->arg : "",
				table->help);
		fprintf(out, table->type == OPTION_MAYBE ? "--%s\t[%s]\t%s\n" :
			"--%s\t%s\t%s\n", table->name,
			table->arg != NULL ? table->arg : "", table->help);
	}
}
