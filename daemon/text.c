/* Text that came from a confined process. Runs in the daemon. */
#include "daemon/text.h"

#include <stdint.h>

/* Bytes of the well-formed character at p (RFC 3629), 0 if there is none. */
static size_t
text_char_len(const uint8_t *p, size_t len)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 :
		p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	/* overlong, surrogates, beyond U+10FFFF */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

void
text_sanitize(char *text, size_t len)
{
	uint8_t *p = (uint8_t *)text;

	for (size_t i = 0, n; i < len; i += n) {
		n = text_char_len(p + i, len - i);
		if (n == 0 || (n == 1 && p[i] != '\n' &&
			    (p[i] < 0x20 || p[i] == 0x7f))) {
			p[i] = '?';
			n = 1;
		}
	}
}
