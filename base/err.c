/* An error as a value. Used in every process. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool
err_take_slot(struct err *err, int code)
{
	if (err == NULL || err->code != 0)
		return false;
	err->code = code;
	return true;
}

int
err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err_take_slot(err, code))
		return -1;
	err->has_offset = false;
	err->offset = 0;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -1;
}

int
err_set_at(struct err *err, int code, uint64_t offset, const char *fmt, ...)
{
	va_list ap;

	if (!err_take_slot(err, code))
		return -1;
	err->has_offset = true;
	err->offset = offset;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -1;
}

void
err_prefix(struct err *err, const char *fmt, ...)
{
	char prefix[ERR_TEXT_MAX];
	char text[ERR_TEXT_MAX];
	size_t len, room;
	va_list ap;

	if (err == NULL || err->code == 0)
		return;
	va_start(ap, fmt);
	vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	memcpy(text, err->text, sizeof(text));
	len = strnlen(prefix, sizeof(prefix) - 3);
	memcpy(err->text, prefix, len);
	memcpy(err->text + len, ": ", 2);
	len += 2;
	room = sizeof(err->text) - len;
	memcpy(err->text + len, text, room - 1);
	err->text[sizeof(err->text) - 1] = '\0';
}
