/* Log lines to standard error. Used by the daemon and the client. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The one piece of process-wide state: where a program's log lines go is a
 * property of the process, as its standard error is. */
static struct {
	const char *program;
	enum log_level max;
	bool to_journal;
} log_state = { "wasmd", LOG_LEVEL_INFO, false };

void
log_open(const char *program, enum log_level max, bool to_journal)
{
	log_state.program = program;
	log_state.max = max;
	log_state.to_journal = to_journal;
}

void
log_set_max(enum log_level max)
{
	log_state.max = max;
}

/* Control characters, and the second half of one of C1, U+0080 to U+009f, which
 * terminals obey as they obey ESC. */
static bool
log_is_control(unsigned char before, unsigned char c)
{
	return c < 0x20 || c == 0x7f ||
		(before == 0xc2 && c >= 0x80 && c < 0xa0);
}

/* Copy text to out, control characters as \xNN. Returns the length. */
static size_t
log_escape(char *out, size_t size, const char *text)
{
	unsigned char before = 0;
	size_t len = 0;

	for (; *text != '\0' && len + 5 < size; text++) {
		unsigned char c = (unsigned char)*text;

		if (log_is_control(before, c))
			len += (size_t)snprintf(out + len, size - len, "\\x%02x", c);
		else
			out[len++] = (char)c;
		before = c;
	}
	return len;
}

static void
log_line(enum log_level level, const char *fmt, va_list ap)
{
	char text[LOG_LINE_MAX];
	char line[LOG_LINE_MAX + 64];
	int saved = errno;
	size_t len;

	if (level > log_state.max)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	if (log_state.to_journal)
		len = (size_t)snprintf(line, 64, "<%d>", (int)level);
	else
		len = (size_t)snprintf(line, 64, "%.48s: ", log_state.program);
	len += log_escape(line + len, sizeof(line) - len - 1, text);
	line[len++] = '\n';
	/* A log line that cannot be written has nowhere to be reported. */
	if (write(STDERR_FILENO, line, len) == -1)
		errno = saved;
	errno = saved;
}

#define LOG_FUNCTION(name, level)		\
void						\
name(const char *fmt, ...)			\
{						\
	va_list ap;				\
						\
	va_start(ap, fmt);			\
	log_line(level, fmt, ap);		\
	va_end(ap);				\
}

LOG_FUNCTION(log_err, LOG_LEVEL_ERR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_notice, LOG_LEVEL_NOTICE)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void
log_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_LEVEL_ERR, fmt, ap);
	va_end(ap);
	exit(1);
}
