/* CRC-32 by table over a buffer: byte loads and table look-ups. */
#include "kernel.h"

static const uint32_t default_rounds = 1200;

static uint32_t table[256];
static uint8_t data[65536];

static uint32_t
crc(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum = table[(sum ^ p[i]) & 0xff] ^ sum >> 8;
	return sum;
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t state = 7, sum = ~0u;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int j = 0; j < 8; j++)
			c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
		table[i] = c;
	}
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)random_next(&state);
	for (uint32_t i = 0; i < n; i++)
		sum = crc(sum, data, sizeof(data));
	return ~sum;
}
