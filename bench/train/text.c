/* Training: strings, parsers, coders, image bytes. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char sample[] =
	"{\"name\": \"A small example\", \"list\": [1, 2.5, -3e2, true, null],"
	" \"nested\": {\"deep\": [[1, 2], [3, 4], \"x\\ny\\u00e9\"], \"empty\": {}},"
	" \"text\": \"the quick brown fox jumps over the lazy dog again and again\"}";

/* ---- a JSON reader ------------------------------------------------------ */

static const char *at;
static uint32_t values;

static void
space(void)
{
	while (*at == ' ' || *at == '\n' || *at == '\t')
		at++;
}

static uint32_t
string(void)
{
	uint32_t h = 5381;

	for (at++; *at != '"'; at++) {
		int c = (unsigned char)*at;

		if (c == '\\') {
			c = *++at;
			switch (c) {
			case 'n':
				c = '\n';
				break;
			case 't':
				c = '\t';
				break;
			case 'u':
				c = (int)strtol((char[]){ at[1], at[2], at[3], at[4], 0 },
					NULL, 16);
				at += 4;
				break;
			default:
				break;
			}
		}
		h = h * 33 + (uint32_t)c;
	}
	at++;
	return h;
}

static double
value(void)
{
	double sum = 0;
	char *end;

	values++;
	space();
	switch (*at) {
	case '{':
		for (at++, space(); *at != '}'; space()) {
			if (*at == ',')
				at++;
			space();
			sum += string();
			space();
			at++;
			sum += value();
		}
		at++;
		return sum;
	case '[':
		for (at++, space(); *at != ']'; space()) {
			if (*at == ',')
				at++;
			sum += value();
		}
		at++;
		return sum;
	case '"':
		return string();
	case 't':
	case 'n':
		at += 4;
		return 1;
	case 'f':
		at += 5;
		return 0;
	default:
		sum = strtod(at, &end);
		at = end;
		return sum;
	}
}

/* ---- strings ---------------------------------------------------------------- */

static int
distance(const char *a, const char *b)
{
	int row[128], n = (int)strlen(b);

	for (int j = 0; j <= n; j++)
		row[j] = j;
	for (int i = 1; a[i - 1] != '\0'; i++) {
		int diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= n; j++) {
			int cost = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	return row[n];
}

static int
find(const char *text, const char *word)
{
	int fail[32], n = (int)strlen(word), k = 0, found = 0;

	fail[0] = 0;
	for (int i = 1; i < n; i++) {
		while (k > 0 && word[i] != word[k])
			k = fail[k - 1];
		if (word[i] == word[k])
			k++;
		fail[i] = k;
	}
	k = 0;
	for (; *text != '\0'; text++) {
		while (k > 0 && *text != word[k])
			k = fail[k - 1];
		if (*text == word[k])
			k++;
		if (k == n) {
			found++;
			k = fail[k - 1];
		}
	}
	return found;
}

/* c, ., * and ^ $ */
static int match_here(const char *re, const char *text);

static int
match_star(int c, const char *re, const char *text)
{
	do {
		if (match_here(re, text))
			return 1;
	} while (*text != '\0' && (*text++ == c || c == '.'));
	return 0;
}

static int
match_here(const char *re, const char *text)
{
	if (re[0] == '\0')
		return 1;
	if (re[1] == '*')
		return match_star(re[0], re + 2, text);
	if (re[0] == '$' && re[1] == '\0')
		return *text == '\0';
	if (*text != '\0' && (re[0] == '.' || re[0] == *text))
		return match_here(re + 1, text + 1);
	return 0;
}

static int
match(const char *re, const char *text)
{
	if (re[0] == '^')
		return match_here(re + 1, text);
	do {
		if (match_here(re, text))
			return 1;
	} while (*text++ != '\0');
	return 0;
}

static size_t
base64(const uint8_t *in, size_t n, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *o = out;

	for (size_t i = 0; i + 2 < n; i += 3) {
		uint32_t x = (uint32_t)in[i] << 16 | in[i + 1] << 8 | in[i + 2];

		*o++ = digits[x >> 18];
		*o++ = digits[x >> 12 & 63];
		*o++ = digits[x >> 6 & 63];
		*o++ = digits[x & 63];
	}
	*o = '\0';
	return (size_t)(o - out);
}

static uint32_t
utf8(const char *s)
{
	uint32_t sum = 0;

	while (*s != '\0') {
		uint32_t c = (uint8_t)*s++;
		int more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

		c &= 0xffu >> (more + (more > 0));
		while (more-- > 0)
			c = c << 6 | (*s++ & 63);
		sum += c;
	}
	return sum;
}

/* ---- coding by frequency ------------------------------------------------------ */

static uint32_t
huffman(const uint8_t *p, size_t n)
{
	uint32_t count[512] = { 0 }, bits = 0;
	int16_t parent[512] = { 0 };
	int nodes = 256;

	for (size_t i = 0; i < n; i++)
		count[p[i]]++;
	for (;;) {
		int a = -1, b = -1;

		for (int i = 0; i < nodes; i++) {
			if (count[i] == 0 || parent[i] != 0)
				continue;
			if (a < 0 || count[i] < count[a]) {
				b = a;
				a = i;
			} else if (b < 0 || count[i] < count[b]) {
				b = i;
			}
		}
		if (b < 0)
			break;
		count[nodes] = count[a] + count[b];
		parent[a] = parent[b] = (int16_t)nodes++;
	}
	for (int i = 0; i < 256; i++)
		for (int j = i; parent[j] != 0; j = parent[j])
			bits += count[i];
	return bits;
}

/* ---- bytes of an image ----------------------------------------------------------- */

static uint8_t image[64][64][3], grey[64][64], blurred[64][64];

static uint32_t
picture(void)
{
	uint32_t histogram[256] = { 0 }, sum = 0;

	for (int y = 0; y < 64; y++)
		for (int x = 0; x < 64; x++)
			for (int c = 0; c < 3; c++)
				image[y][x][c] = (uint8_t)(x * y + c * 50 + (x ^ y));
	for (int y = 0; y < 64; y++)
		for (int x = 0; x < 64; x++)
			grey[y][x] = (uint8_t)((77 * image[y][x][0] +
				150 * image[y][x][1] + 29 * image[y][x][2]) >> 8);
	for (int y = 1; y < 63; y++)
		for (int x = 1; x < 63; x++) {
			int s = 0;

			for (int dy = -1; dy <= 1; dy++)
				for (int dx = -1; dx <= 1; dx++)
					s += grey[y + dy][x + dx];
			blurred[y][x] = (uint8_t)(s / 9);
		}
	for (int y = 1; y < 63; y++)
		for (int x = 1; x < 63; x++) {
			int gx = blurred[y][x + 1] - blurred[y][x - 1];
			int gy = blurred[y + 1][x] - blurred[y - 1][x];
			int g = abs(gx) + abs(gy);

			histogram[g > 255 ? 255 : g]++;
		}
	for (int i = 0; i < 256; i++)
		sum += histogram[i] * (uint32_t)i;
	return sum;
}

int
main(void)
{
	char coded[1024], line[64];
	double f = 0;
	uint32_t sum = 0;

	for (int r = 0; r < 30; r++) {
		at = sample;
		f += value();
		sum += (uint32_t)distance("interpretation of guests", "entertainment guess");
		sum += (uint32_t)find(sample, "again") + (uint32_t)find(sample, "ests");
		sum += (uint32_t)match("^.*brown.*lazy", sample) + (uint32_t)match("zz*$", sample);
		sum += base64((const uint8_t *)sample, sizeof(sample), coded);
		sum += utf8("gr\xc3\xb6\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x98\x80 plain text too");
		sum += huffman((const uint8_t *)sample, sizeof(sample));
		sum += picture();
		for (int i = 0; i < 20; i++) {
			snprintf(line, sizeof(line), "%d:%05x %s %.2f", i * r, i, "word", i / 7.0);
			for (char *c = line; *c != '\0'; c++)
				*c = (char)toupper((unsigned char)*c);
			sum += (uint32_t)strlen(line) + (uint32_t)atoi(line);
		}
	}
	printf("%u %u %.1f\n", (unsigned)sum, (unsigned)values, f);
	return 0;
}
