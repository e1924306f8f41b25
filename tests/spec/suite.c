/* The specification's test suite as files. */
#include "tests/spec/suite.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm/vm.h"

#define SCRIPT_SECONDS 300	/* a script that takes longer hangs */
#define EXIT_SKIP 77		/* automake's */

struct list {
	char **names;
	size_t n;
};

static _Noreturn void
die(const char *what, const char *name)
{
	fprintf(stderr, "%s: %s\n", what, name);
	exit(2);
}

static void *
need(void *p)
{
	if (p == NULL)
		die("out of memory", "suite");
	return p;
}

/* ---- commands ---------------------------------------------------------- */

const char *
command_string(json_t *command, const char *key)
{
	return json_string_value(json_object_get(command, key));
}

const char *
command_type(json_t *command)
{
	const char *type = command_string(command, "type");

	return type != NULL ? type : "?";
}

static void
report(const struct script *s, json_t *command, const char *verdict,
	const char *text)
{
	printf("%s %s:%lld: %s%s%s\n", verdict, s->name,
		(long long)json_integer_value(json_object_get(command, "line")),
		command_type(command), text[0] != '\0' ? ": " : "", text);
}

void
script_pass(struct script *s, json_t *command)
{
	s->tally->passed++;
}

void
script_skip(struct script *s, json_t *command)
{
	s->tally->skipped++;
}

void
script_fail(struct script *s, json_t *command, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s->tally->failed++;
	report(s, command, "FAIL", text);
}

static void
count_stage(struct script *s, json_t *command, bool right)
{
	s->tally->stages++;
	s->tally->stages_right += right;
	if (right)
		return;
	s->tally->odd++;
	report(s, command, "STAGE", "");
}

static const struct known_text {
	const char *script;
	int line;
	const char *text;
} known_texts[] = {
#define TEXT(script, line, text, why) { script, line, text },
#include "tests/spec/texts.def"
#undef TEXT
};

/* The text that a command is known to give in place of the suite's, or NULL. */
static const char *
known_text(const struct script *s, json_t *command)
{
	json_int_t line = json_integer_value(json_object_get(command, "line"));

	for (size_t i = 0; i < sizeof(known_texts) / sizeof(known_texts[0]); i++) {
		const struct known_text *k = &known_texts[i];

		if (k->line == line && strcmp(k->script, s->name) == 0)
			return k->text;
	}
	return NULL;
}

static bool
is_prefix(const char *a, const char *b)
{
	size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return n > 0 && strncmp(a, b, n) == 0;
}

/* The suite's text is a prefix, or says more than the machine does. */
static bool
check_text(struct script *s, json_t *command, const char *text)
{
	const char *want = command_string(command, "text");
	const char *known = known_text(s, command);
	char line[512];

	if (want == NULL)
		return false;
	if (known != NULL && is_prefix(known, text)) {
		s->tally->known++;
		return false;
	}
	if (known == NULL && is_prefix(want, text))
		return true;
	s->tally->odd++;
	snprintf(line, sizeof(line), "\"%s\", not \"%s\"", text,
		known != NULL ? known : want);
	report(s, command, "TEXT", line);
	return false;
}

void
script_text(struct script *s, json_t *command, const char *text)
{
	s->tally->texts++;
	s->tally->texts_right += check_text(s, command, text);
}

bool
script_is_text_only(struct script *s, json_t *command)
{
	const char *type = command_string(command, "module_type");

	if (type == NULL || strcmp(type, "text") != 0)
		return false;
	s->tally->text_only++;
	return true;
}

void
script_verdict(struct script *s, json_t *command, const struct err *err)
{
	bool malformed = strcmp(command_type(command), "assert_malformed") == 0;

	if (err->code == 0) {
		script_fail(s, command, "accepted");
		return;
	}
	if (err->code != VM_MALFORMED && err->code != VM_INVALID) {
		script_fail(s, command, "%s", err->text);
		return;
	}
	script_pass(s, command);
	count_stage(s, command,
		err->code == (malformed ? VM_MALFORMED : VM_INVALID));
	s->tally->reasons++;
	s->tally->reasons_right += check_text(s, command, err->text);
}

struct bytes
script_read_module(struct script *s, json_t *command)
{
	const char *file = command_string(command, "filename");
	struct bytes b;
	char path[PATH_MAX];
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", s->dir, file != NULL ? file : "");
	f = fopen(path, "rb");
	if (f == NULL || fstat(fileno(f), &st) == -1)
		die("cannot open", path);
	b.len = (size_t)st.st_size;
	b.data = need(malloc(b.len + 1));
	if (fread(b.data, 1, b.len, f) != b.len)
		die("cannot read", path);
	fclose(f);
	return b;
}

/* ---- scripts ----------------------------------------------------------- */

/* Returns what json_decref takes; s->commands is a part of it. */
static json_t *
load_script(struct script *s, const char *root)
{
	const char *base = strrchr(s->name, '/');
	static char dir[PATH_MAX], path[PATH_MAX + NAME_MAX];
	json_error_t error;
	json_t *json;

	base = base != NULL ? base + 1 : s->name;
	snprintf(dir, sizeof(dir), "%s/core/%s", root, s->name);
	snprintf(path, sizeof(path), "%s/%s.json", dir, base);
	json = json_load_file(path, JSON_ALLOW_NUL, &error);
	s->commands = json_object_get(json, "commands");
	if (!json_is_array(s->commands))
		die("not a script", path);
	s->dir = dir;
	return json;
}

static void
add_tally(struct tally *sum, const struct tally *t)
{
	sum->passed += t->passed;
	sum->failed += t->failed;
	sum->skipped += t->skipped;
	sum->text_only += t->text_only;
	sum->stages += t->stages;
	sum->stages_right += t->stages_right;
	sum->texts += t->texts;
	sum->texts_right += t->texts_right;
	sum->reasons += t->reasons;
	sum->reasons_right += t->reasons_right;
	sum->known += t->known;
	sum->odd += t->odd;
	sum->ran += t->ran;
	sum->crashed += t->crashed;
}

static _Noreturn void
run_child(struct script *s, const char *root, void (*run)(struct script *s))
{
	json_t *json = load_script(s, root);

	s->tally->commands = (uint32_t)json_array_size(s->commands);
	alarm(SCRIPT_SECONDS);
	run(s);
	json_decref(json);
	fflush(stdout);
	_exit(0);
}

/* What a script that crashed or hung did not come to has failed. */
static void
count_crash(const struct script *s, int status)
{
	struct tally *t = s->tally;
	uint32_t counted = t->passed + t->failed + t->skipped + t->text_only;

	t->crashed = 1;
	t->failed += t->commands > counted ? t->commands - counted : 1;
	if (WIFSIGNALED(status))
		printf("CRASH %s: signal %d\n", s->name, WTERMSIG(status));
	else
		printf("CRASH %s: exit %d\n", s->name, WEXITSTATUS(status));
}

/* The figures are in memory that the child shares. */
static struct tally
run_forked(struct script *s, const char *root, void (*run)(struct script *s))
{
	int status = 0;
	struct tally t;
	pid_t pid;

	s->tally = mmap(NULL, sizeof(t), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fflush(stdout);
	if (s->tally == MAP_FAILED || (pid = fork()) == -1)
		die("cannot fork", s->name);
	if (pid == 0)
		run_child(s, root, run);
	if (waitpid(pid, &status, 0) == -1)
		die("cannot wait", s->name);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		count_crash(s, status);
	t = *s->tally;
	munmap(s->tally, sizeof(t));
	return t;
}

/* ---- the suite --------------------------------------------------------- */

static void
list_add(struct list *l, const char *name)
{
	l->names = need(realloc(l->names, (l->n + 1) * sizeof(*l->names)));
	l->names[l->n++] = need(strdup(name));
}

/* Every folder that holds a script of its own name; others are groups of
 * them, at most one deep. */
static void
list_folder(struct list *l, const char *root, const char *group)
{
	char path[PATH_MAX], script[PATH_MAX];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/core/%s", root, group);
	dir = opendir(path);
	if (dir == NULL)
		return;
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s%s", group, e->d_name);
		if (snprintf(script, sizeof(script), "%s/core/%s/%s.json", root,
		    path, e->d_name) >= (int)sizeof(script))
			die("path too long", path);
		if (access(script, R_OK) == 0) {
			list_add(l, path);
		} else if (group[0] == '\0') {
			snprintf(path, sizeof(path), "%s/", e->d_name);
			list_folder(l, root, path);
		}
	}
	closedir(dir);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *
find_root(void)
{
	static const char *const places[] = { "../shared/testsuite",
		"tests/testsuite", NULL };
	const char *srcdir = getenv("srcdir");
	static char path[PATH_MAX];

	if (getenv("WASM_TESTSUITE") != NULL)
		return getenv("WASM_TESTSUITE");
	for (size_t i = 0; places[i] != NULL; i++) {
		char core[PATH_MAX + 8];

		snprintf(path, sizeof(path), "%s/%s",
			srcdir != NULL ? srcdir : ".", places[i]);
		snprintf(core, sizeof(core), "%s/core", path);
		if (access(core, R_OK) == 0)
			return path;
	}
	return NULL;
}

static bool
is_wanted(const char *name, char **filters)
{
	if (*filters == NULL)
		return true;
	for (; *filters != NULL; filters++) {
		if (strstr(name, *filters) != NULL)
			return true;
	}
	return false;
}

static void
print_figures(const struct tally *t)
{
	printf("stage (malformed or invalid) right: %u of %u\n",
		(unsigned)t->stages_right, (unsigned)t->stages);
	printf("text of the rejection right: %u of %u, %u known to differ "
		"(tests/spec/texts.def)\n", (unsigned)t->reasons_right,
		(unsigned)t->reasons, (unsigned)t->known);
	if (t->texts > 0)
		printf("text of the trap or failed link right: %u of %u\n",
			(unsigned)t->texts_right, (unsigned)t->texts);
	if (t->ran > 0)
		printf("modules run to their end: %u\n", (unsigned)t->ran);
	printf("text-only commands, which have no binary: %u\n",
		(unsigned)t->text_only);
	if (t->crashed > 0)
		printf("scripts that crashed: %u\n", (unsigned)t->crashed);
	printf("%u passed, %u failed, %u skipped\n", (unsigned)t->passed,
		(unsigned)t->failed, (unsigned)t->skipped);
}

int
suite_main(int argc, char **argv, void (*run)(struct script *s))
{
	const char *root = find_root();
	struct tally sum = { .failed = 0 };
	struct list l = { .names = NULL };
	bool verbose = false, plain = false, lazy = false, one_nan = false,
		profile = false;
	int opt;

	while ((opt = getopt(argc, argv, "lnptv")) != -1) {
		if (opt == '?')
			die("usage: [-lnptv] [part of a script's name...]", argv[0]);
		verbose |= opt == 'v';
		plain |= opt == 'p';
		lazy |= opt == 'l';
		one_nan |= opt == 'n';
		profile |= opt == 't';
	}
	if (root == NULL) {
		puts("no test suite: set WASM_TESTSUITE to its folder");
		return EXIT_SKIP;
	}
	list_folder(&l, root, "");
	if (l.n > 0)
		qsort(l.names, l.n, sizeof(*l.names), compare_names);
	for (size_t i = 0; i < l.n; i++) {
		struct script s = { .name = l.names[i], .verbose = verbose,
			.plain = plain, .lazy = lazy,
			.one_nan = one_nan, .profile = profile };
		struct tally t;

		if (!is_wanted(s.name, argv + optind))
			continue;
		t = run_forked(&s, root, run);
		if (verbose || t.failed > 0)
			printf("%s: %u passed, %u failed, %u skipped\n", s.name,
				(unsigned)t.passed, (unsigned)t.failed,
				(unsigned)t.skipped);
		add_tally(&sum, &t);
	}
	for (size_t i = 0; i < l.n; i++)
		free(l.names[i]);
	free(l.names);
	print_figures(&sum);
	return sum.failed > 0 || sum.odd > 0 || sum.passed == 0;
}
