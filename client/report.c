/* Messages for the person at the terminal. Used by wasmctl. */
#include "client/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/outcome.h"
#include "client/text.h"

#define REPORT_MAX 10240	/* bytes of one message before escaping */

/* How this process speaks is a property of the process. */
static struct {
	bool quiet;
	bool colour;
} report_state;

bool
report_wants_colour(int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(fd) && (no_color == NULL || no_color[0] == '\0') &&
		(term == NULL || term[0] != 'd');	/* "dumb" */
}

bool
report_wants_progress(void)
{
	return !report_state.quiet && isatty(STDERR_FILENO);
}

void
report_open(bool quiet)
{
	report_state.quiet = quiet;
	report_state.colour = report_wants_colour(STDERR_FILENO);
}

/* One write(2) per message, so that those of several programs do not mix. */
static void
report_write(const char *before, const char *fmt, va_list ap)
{
	char text[REPORT_MAX];
	struct buf line;
	int n;

	n = vsnprintf(text, sizeof(text), fmt, ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(text))
		n = sizeof(text) - 1;
	buf_init(&line, 5 * sizeof(text));
	buf_printf(&line, "%s", before);
	text_escape(&line, text, (size_t)n);
	buf_append(&line, "\n", 1);
	/* Where messages cannot be written there is nobody to tell. */
	if (fd_write_all(STDERR_FILENO, line.data, line.len) == -1)
		report_state.quiet = true;
	buf_clear(&line);
}

static const char *
report_name(void)
{
	return report_state.colour ? "\033[1;31mwasmctl:\033[0m " : "wasmctl: ";
}

void
report(const char *fmt, ...)
{
	va_list ap;

	if (report_state.quiet)
		return;
	va_start(ap, fmt);
	report_write(report_name(), fmt, ap);
	va_end(ap);
}

void
report_more(const char *fmt, ...)
{
	va_list ap;

	if (report_state.quiet)
		return;
	va_start(ap, fmt);
	report_write("", fmt, ap);
	va_end(ap);
}

void
report_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report_write(report_name(), fmt, ap);
	va_end(ap);
	exit(EXIT_WASMCTL);
}
