/* Text of others, made harmless: for terminals and as JSON strings. */
#ifndef CLIENT_TEXT_H
#define CLIENT_TEXT_H

#include <stddef.h>

#include "base/buf.h"

/*
 * Append text with control characters (C0, DEL and C1) and what is not UTF-8
 * as \xNN, byte by byte. Tabs stay. 0, or -1 as buf_append.
 */
int text_escape(struct buf *out, const char *text, size_t len);

/* Append text as a JSON string with its quotes (RFC 8259). What is not UTF-8
 * becomes U+FFFD, byte by byte. */
int text_json(struct buf *out, const char *text, size_t len);

#endif
