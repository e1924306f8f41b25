/*
 * Log lines to standard error. Under systemd (log_to_journal) each line
 * begins with its priority, "<6>", as in sd-daemon(3); else with the program's
 * name. One line is one write(2), cut at LOG_LINE_MAX; control characters in
 * it are escaped, as names may come from hostile modules.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#define LOG_LINE_MAX 1024

enum log_level {	/* the priorities of syslog(3) */
	LOG_LEVEL_ERR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* program must live as long as the process. Lines above max are dropped. */
void log_open(const char *program, enum log_level max, bool to_journal);

/* Another bound from now on. */
void log_set_max(enum log_level max);

void log_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Log an error and exit(1): for a daemon's or client's start only. */
void log_fatal(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

#endif
