/* Text that came from a confined process. Runs in the daemon. */
#include "daemon/text.h"

#include <stdbool.h>
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

/* C0, C1 and DEL. Of C1, U+0080 to U+009f, terminals obey, too: U+009b is as
 * good as ESC [. */
static bool
text_is_control(const uint8_t *p, size_t n)
{
	if (n == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	return n == 1 && p[0] != '\n' && (p[0] < 0x20 || p[0] == 0x7f);
}

void
text_sanitize(char *text, size_t len)
{
	uint8_t *p = (uint8_t *)text;

	for (size_t i = 0, n; i < len; i += n) {
		n = text_char_len(p + i, len - i);
		if (n == 0 || text_is_control(p + i, n)) {
			p[i] = '?';
			n = 1;
		}
	}
}
