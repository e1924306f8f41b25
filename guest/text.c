/* The text of a result frame. */
#include "guest/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
text_append(struct text *t, const char *data, size_t len)
{
	if (len > RESULT_TEXT_MAX - t->len)
		len = RESULT_TEXT_MAX - t->len;
	memcpy(t->data + t->len, data, len);
	t->len += len;
}

void
text_printf(struct text *t, const char *fmt, ...)
{
	char piece[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(piece, sizeof(piece), fmt, ap);
	va_end(ap);
	text_append(t, piece, strlen(piece));
}

void
text_name(struct text *t, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		text_append(t, c < 0x20 || c == 0x7f ? "?" : &name[i], 1);
	}
}
