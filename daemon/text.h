/* Text that came from a confined process. Runs in the daemon. */
#ifndef DAEMON_TEXT_H
#define DAEMON_TEXT_H

#include <stddef.h>

/* Make it valid UTF-8 without control characters but newline: every other byte
 * becomes '?'. */
void text_sanitize(char *text, size_t len);

#endif
