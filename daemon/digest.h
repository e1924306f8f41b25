/* Digests of modules as 64 hexadecimal digits. Runs in the daemon. */
#ifndef DAEMON_DIGEST_H
#define DAEMON_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_BYTES 32
#define DIGEST_HEX (2 * DIGEST_BYTES)

/* The digest that the text is, in lower case and nothing around it. */
bool digest_parse(uint8_t digest[DIGEST_BYTES], const char *text, size_t len);

/* The text, with a NUL. */
void digest_format(char hex[DIGEST_HEX + 1], const uint8_t digest[DIGEST_BYTES]);

#endif
