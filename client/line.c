/* A call of an instance as a line of text. Used by wasmctl. */
#include "client/line.h"

#include <stdio.h>
#include <string.h>

/* A word, where it was, NUL-terminated. */
struct word {
	char *text;
	size_t len;
	bool is_quoted;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The byte that is written as a backslash and what is at *p, which is moved
 * behind it. -1: none is. */
static int
line_escape(const char **p)
{
	static const char letters[] = "ntr\\\"", bytes[] = "\n\t\r\\\"";
	const char *letter = **p == '\0' ? NULL : strchr(letters, **p);
	unsigned byte;
	int n = 0;

	if (letter != NULL) {
		(*p)++;
		return (unsigned char)bytes[letter - letters];
	}
	if (sscanf(*p, "x%2[0-9a-fA-F]%n", (char[3]){ 0 }, &n) != 1 || n != 3 ||
	    sscanf(*p + 1, "%2x", &byte) != 1)
		return -1;
	*p += n;
	return (int)byte;
}

/* From the quote at *p to the one at its end; NULL: there is none, or what is in
 * it is wrong. Text only becomes shorter. */
static char *
line_unquote(char *p, struct word *w)
{
	const char *from = p + 1;
	char *to = p;
	int byte;

	while (*from != '"') {
		if (*from == '\0')
			return NULL;
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		from++;
		byte = line_escape(&from);
		if (byte == -1)
			return NULL;
		*to++ = (char)byte;
	}
	*w = (struct word){ p, (size_t)(to - p), true };
	p += from + 1 - p;
	*to = '\0';
	return p;
}

/* The next word: 1, 0 when there is none, -1 when it is wrong. */
static int
line_word(char **p, struct word *w)
{
	char *at = *p;

	while (is_blank(*at))
		at++;
	if (*at == '\0')
		return 0;
	if (*at == '"') {
		at = line_unquote(at, w);
		if (at == NULL || (*at != '\0' && !is_blank(*at)))
			return -1;
		*p = at;
		return 1;
	}
	*w = (struct word){ .text = at };
	while (*at != '\0' && !is_blank(*at))
		at++;
	w->len = (size_t)(at - w->text);
	*p = *at == '\0' ? at : at + 1;
	*at = '\0';
	return 1;
}

static int
line_fail(const char **why, const char *text)
{
	*why = text;
	return -1;
}

static int
line_arguments(struct line *l, char *p, const char **why)
{
	struct word w;
	int r;

	while ((r = line_word(&p, &w)) == 1) {
		if (l->nargs == LINE_ARGS_MAX)
			return line_fail(why, "too many arguments");
		l->args[l->nargs++] = (struct wasmd_value){
			.kind = w.is_quoted ? WASMD_BYTES : WASMD_TEXT,
			.as.bytes = { w.text, w.len },
		};
	}
	return r == 0 ? 1 : line_fail(why, "a quoted word that does not end, or "
		"has a wrong escape in it");
}

int
line_parse(struct line *l, char *text, size_t len, const char **why)
{
	struct word w;
	char *p = text;
	int r;

	l->wants_bytes = false;
	l->nargs = 0;
	if (strlen(text) != len)
		return line_fail(why, "a line with a NUL byte");
	r = *p == '#' ? 0 : line_word(&p, &w);
	if (r == 1 && !w.is_quoted && strcmp(w.text, "-b") == 0) {
		l->wants_bytes = true;
		r = line_word(&p, &w);
		if (r == 0)
			return line_fail(why, "no function is named");
	}
	if (r == 0)
		return 0;
	if (r == -1 || strlen(w.text) != w.len)
		return line_fail(why, "a function's name that is none");
	l->name = w.text;
	return line_arguments(l, p, why);
}
