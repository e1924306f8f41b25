/* Digests of modules as text. Runs in the daemon. */
#include "daemon/digest.h"

static int
digest_nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
digest_parse(uint8_t digest[DIGEST_BYTES], const char *text, size_t len)
{
	uint8_t out[DIGEST_BYTES];

	if (len != DIGEST_HEX)
		return false;
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		int high = digest_nibble(text[2 * i]);
		int low = digest_nibble(text[2 * i + 1]);

		if (high == -1 || low == -1)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		digest[i] = out[i];
	return true;
}

void
digest_format(char hex[DIGEST_HEX + 1], const uint8_t digest[DIGEST_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[DIGEST_HEX] = '\0';
}
