/*
 * Messages for the person at the terminal, on standard error: what happened,
 * where, and what to do. Text that came from a module or the daemon is escaped,
 * so that it cannot speak to the terminal.
 */
#ifndef CLIENT_REPORT_H
#define CLIENT_REPORT_H

#include <stdbool.h>

/* Call once. Quiet keeps everything but report_fatal silent. */
void report_open(bool quiet);

/* "wasmctl: TEXT", control characters and malformed UTF-8 as \xNN. */
void report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A line that belongs to the last report, without the program's name. */
void report_more(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Whether what takes long may say so, over and over, on one line. */
bool report_wants_progress(void);

/* Report and exit with EXIT_WASMCTL. */
void report_fatal(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* Whether fd is a terminal whose user has not declined colours ($NO_COLOR). */
bool report_wants_colour(int fd);

#endif
