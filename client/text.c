/* Text of others, made harmless. Used by wasmctl. */
#include "client/text.h"

#include <stdbool.h>

/*
 * Length of the UTF-8 character at the start of text, 0 if there is none.
 * https://www.rfc-editor.org/rfc/rfc3629#section-4
 */
static size_t
text_char(const unsigned char *p, size_t len, unsigned *code)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 :
		p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	unsigned c;

	if (n == 0 || n > len)
		return 0;
	c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	/* Longer than needed, surrogates, beyond Unicode. */
	if ((n == 3 && c < 0x800) || (c >= 0xd800 && c <= 0xdfff) ||
	    (n == 4 && c < 0x10000) || c > 0x10ffff)
		return 0;
	*code = c;
	return n;
}

static bool
text_is_control(unsigned code)
{
	return (code < 0x20 && code != '\t') || (code >= 0x7f && code < 0xa0);
}

int
text_escape(struct buf *out, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned code;

	for (size_t n; len > 0; p += n, len -= n) {
		n = text_char(p, len, &code);
		if (n > 0 && !text_is_control(code)) {
			if (buf_append(out, p, n) == -1)
				return -1;
			continue;
		}
		n = n == 0 ? 1 : n;
		for (size_t i = 0; i < n; i++)
			if (buf_printf(out, "\\x%02x", p[i]) == -1)
				return -1;
	}
	return 0;
}

static int
text_json_char(struct buf *out, const unsigned char *p, size_t n,
	unsigned code)
{
	if (n == 0)
		return buf_append(out, "\\ufffd", 6);
	if (code == '"' || code == '\\')
		return buf_printf(out, "\\%c", (char)code);
	if (code == '\n')
		return buf_append(out, "\\n", 2);
	/* C1 and U+2028/9 are allowed, and harmless only when escaped. */
	if (code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	    code == 0x2028 || code == 0x2029)
		return buf_printf(out, "\\u%04x", code);
	return buf_append(out, p, n);
}

int
text_json(struct buf *out, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned code = 0;

	if (buf_append(out, "\"", 1) == -1)
		return -1;
	while (len > 0) {
		size_t n = text_char(p, len, &code);

		if (text_json_char(out, p, n, code) == -1)
			return -1;
		n = n == 0 ? 1 : n;
		p += n;
		len -= n;
	}
	return buf_append(out, "\"", 1);
}
