/* Text: words are split, folded, counted in a hash table, and joined. */
#include "kernel.h"

static const uint32_t default_rounds = 60;

#define TEXT_LEN 60000
#define NBUCKETS 1024

struct entry {
	char word[16];
	uint32_t count;
};

static char text[TEXT_LEN + 1];
static struct entry entries[NBUCKETS];

static void
make_text(void)
{
	uint32_t state = 17;
	size_t i = 0;

	while (i < TEXT_LEN) {
		size_t len = 2 + random_next(&state) % 3;

		for (size_t j = 0; j < len && i < TEXT_LEN; j++) {
			char c = (char)('a' + random_next(&state) % 5);

			text[i++] = random_next(&state) % 7 ? c : (char)(c - 32);
		}
		if (i < TEXT_LEN)
			text[i++] = random_next(&state) % 9 ? ' ' : ',';
	}
}

static struct entry *
find(const char *word)
{
	uint32_t h = 5381;

	for (const char *p = word; *p != '\0'; p++)
		h = h * 33 + (uint8_t)*p;
	for (;; h++) {
		struct entry *e = &entries[h % NBUCKETS];

		if (e->word[0] == '\0')
			strcpy(e->word, word);
		if (strcmp(e->word, word) == 0)
			return e;
	}
}

static void
count_words(void)
{
	char word[16];
	size_t len = 0;

	for (const char *p = text;; p++) {
		char c = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;

		if (c >= 'a' && c <= 'z') {
			if (len < sizeof(word) - 1)
				word[len++] = c;
			continue;
		}
		if (len > 0) {
			word[len] = '\0';
			find(word)->count++;
			len = 0;
		}
		if (c == '\0')
			return;
	}
}

static uint32_t
kernel(uint32_t n)
{
	static char joined[NBUCKETS * 24];
	uint32_t sum = 0;

	make_text();
	for (uint32_t r = 0; r < n; r++) {
		char *out = joined;

		count_words();
		for (int i = 0; i < NBUCKETS; i++) {
			size_t len = strlen(entries[i].word);

			memcpy(out, entries[i].word, len);
			out += len;
			*out++ = ';';
		}
		*out = '\0';
		for (const char *p = joined; *p != '\0'; p++)
			sum = mix(sum, (uint8_t)*p);
		text[r % TEXT_LEN] = (char)('a' + r % 5);
	}
	for (int i = 0; i < NBUCKETS; i++)
		sum = mix(sum, entries[i].count);
	return sum;
}
