/* Training: hash functions and ciphers that are not among the kernels. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint8_t data[1 << 14];

static uint32_t
rol(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static uint32_t
md5(const uint8_t *p, size_t blocks)
{
	static const uint8_t shifts[4][4] = {
		{ 7, 12, 17, 22 }, { 5, 9, 14, 20 },
		{ 4, 11, 16, 23 }, { 6, 10, 15, 21 },
	};
	uint32_t h[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };

	for (size_t b = 0; b < blocks; b++, p += 64) {
		uint32_t m[16], a = h[0], x = h[1], c = h[2], d = h[3];

		memcpy(m, p, 64);
		for (unsigned i = 0; i < 64; i++) {
			uint32_t f, t;
			unsigned g;

			if (i < 16) {
				f = (x & c) | (~x & d);
				g = i;
			} else if (i < 32) {
				f = (d & x) | (~d & c);
				g = (5 * i + 1) & 15;
			} else if (i < 48) {
				f = x ^ c ^ d;
				g = (3 * i + 5) & 15;
			} else {
				f = c ^ (x | ~d);
				g = (7 * i) & 15;
			}
			t = d;
			d = c;
			c = x;
			x += rol(a + f + m[g] + i * 0x9e3779b9u, shifts[i >> 4][i & 3]);
			a = t;
		}
		h[0] += a;
		h[1] += x;
		h[2] += c;
		h[3] += d;
	}
	return h[0] ^ h[1] ^ h[2] ^ h[3];
}

static uint32_t
sha1(const uint8_t *p, size_t blocks)
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };

	for (size_t b = 0; b < blocks; b++, p += 64) {
		uint32_t w[80], a = h[0], x = h[1], c = h[2], d = h[3], e = h[4];

		for (int i = 0; i < 16; i++)
			w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 |
				p[4 * i + 2] << 8 | p[4 * i + 3];
		for (int i = 16; i < 80; i++)
			w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
		for (int i = 0; i < 80; i++) {
			uint32_t f = i < 20 ? (x & c) | (~x & d) : i < 40 ? x ^ c ^ d :
				i < 60 ? (x & c) | (x & d) | (c & d) : x ^ c ^ d;
			uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 :
				i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
			uint32_t t = rol(a, 5) + f + e + k + w[i];

			e = d;
			d = c;
			c = rol(x, 30);
			x = a;
			a = t;
		}
		h[0] += a;
		h[1] += x;
		h[2] += c;
		h[3] += d;
		h[4] += e;
	}
	return h[0] ^ h[4];
}

#define SIP_ROUND do { \
	v0 += v1; v1 = v1 << 13 | v1 >> 51; v1 ^= v0; v0 = v0 << 32 | v0 >> 32; \
	v2 += v3; v3 = v3 << 16 | v3 >> 48; v3 ^= v2; \
	v0 += v3; v3 = v3 << 21 | v3 >> 43; v3 ^= v0; \
	v2 += v1; v1 = v1 << 17 | v1 >> 47; v1 ^= v2; v2 = v2 << 32 | v2 >> 32; \
} while (0)

static uint64_t
siphash(const uint8_t *p, size_t words)
{
	uint64_t v0 = 0x736f6d6570736575, v1 = 0x646f72616e646f6d;
	uint64_t v2 = 0x6c7967656e657261, v3 = 0x7465646279746573;

	for (size_t i = 0; i < words; i++) {
		uint64_t m;

		memcpy(&m, p + 8 * i, 8);
		v3 ^= m;
		SIP_ROUND;
		SIP_ROUND;
		v0 ^= m;
	}
	return v0 ^ v1 ^ v2 ^ v3;
}

#define G(a, b, c, d, x, y) do { \
	v[a] += v[b] + (x); v[d] = rol(v[d] ^ v[a], 16); \
	v[c] += v[d]; v[b] = rol(v[b] ^ v[c], 20); \
	v[a] += v[b] + (y); v[d] = rol(v[d] ^ v[a], 24); \
	v[c] += v[d]; v[b] = rol(v[b] ^ v[c], 25); \
} while (0)

static uint32_t
blake(const uint8_t *p, size_t blocks)
{
	uint32_t v[16], m[16];

	for (int i = 0; i < 16; i++)
		v[i] = 0x6a09e667u * (uint32_t)(i + 1);
	for (size_t b = 0; b < blocks; b++) {
		memcpy(m, p + 64 * b, 64);
		for (int r = 0; r < 10; r++) {
			G(0, 4, 8, 12, m[r], m[r + 1]);
			G(1, 5, 9, 13, m[r + 2], m[r + 3]);
			G(2, 6, 10, 14, m[r + 4], m[r + 5]);
			G(3, 7, 11, 15, m[r + 6], m[15 - r]);
			G(0, 5, 10, 15, m[14 - r], m[13 - r]);
			G(1, 6, 11, 12, m[12 - r], m[11 - r]);
			G(2, 7, 8, 13, m[10 - r], m[9 - r]);
			G(3, 4, 9, 14, m[0], m[15]);
		}
	}
	return v[0] ^ v[8];
}

static uint32_t
rc4(uint8_t *p, size_t n)
{
	uint8_t s[256], i = 0, j = 0;

	for (int k = 0; k < 256; k++)
		s[k] = (uint8_t)k;
	for (int k = 0; k < 256; k++) {
		uint8_t t = s[k];

		j = (uint8_t)(j + t + data[k & 15]);
		s[k] = s[j];
		s[j] = t;
	}
	for (size_t k = 0; k < n; k++) {
		uint8_t t = s[++i];

		j = (uint8_t)(j + t);
		s[i] = s[j];
		s[j] = t;
		p[k] ^= s[(uint8_t)(s[i] + t)];
	}
	return p[n - 1];
}

static uint32_t
adler(const uint8_t *p, size_t n)
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < n; i++) {
		a = (a + p[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static uint32_t
murmur(const uint8_t *p, size_t words)
{
	uint32_t h = 42;

	for (size_t i = 0; i < words; i++) {
		uint32_t k;

		memcpy(&k, p + 4 * i, 4);
		h = rol(h ^ rol(k * 0xcc9e2d51, 15) * 0x1b873593, 13) * 5 + 0xe6546b64;
	}
	h ^= h >> 16;
	h *= 0x85ebca6b;
	return h ^ h >> 13;
}

static uint64_t
fnv(const uint8_t *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325;

	while (n-- > 0)
		h = (h ^ *p++) * 0x100000001b3;
	return h;
}

static uint32_t
tea(uint32_t *v, int n)
{
	uint32_t y = v[0], z = v[1], sum = 0;

	for (int i = 0; i < n; i++) {
		y += (z << 4 ^ z >> 5) + (z ^ (sum + v[2 + (sum & 3)]));
		sum += 0x9e3779b9;
		z += (y << 4 ^ y >> 5) + (y ^ (sum + v[2 + (sum >> 11 & 3)]));
	}
	return y ^ z;
}

int
main(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 + (i >> 5));
	for (int i = 0; i < 6; i++) {
		sum += md5(data, sizeof(data) / 64);
		sum += sha1(data, sizeof(data) / 64);
		sum += siphash(data, sizeof(data) / 8);
		sum += blake(data, sizeof(data) / 64);
		sum += rc4(data, sizeof(data));
		sum += adler(data, sizeof(data));
		sum += murmur(data, sizeof(data) / 4);
		sum += fnv(data, sizeof(data));
		sum += tea((uint32_t *)(void *)data, 4000);
	}
	printf("%llu\n", (unsigned long long)sum);
	return 0;
}
