/* What embedded benchmarks mix: a linked list that is searched, sorted and
 * reversed, small integer matrices, a state machine over text, and a CRC. */
#include "kernel.h"

static const uint32_t default_rounds = 8000;

struct item {
	struct item *next;
	int16_t key, value;
};

#define NITEMS 64
#define NMATRIX 14

static struct item items[NITEMS];
static int16_t ma[NMATRIX][NMATRIX], mb[NMATRIX][NMATRIX];
static int32_t mc[NMATRIX][NMATRIX];

static uint16_t
crc16(uint16_t crc, uint32_t x)
{
	for (int i = 0; i < 16; i++, x >>= 1)
		crc = (uint16_t)((crc ^ x) & 1 ? crc >> 1 ^ 0xa001 : crc >> 1);
	return crc;
}

static struct item *
merge(struct item *a, struct item *b)
{
	struct item head = { NULL, 0, 0 }, *tail = &head;

	while (a != NULL && b != NULL) {
		struct item **from = a->key <= b->key ? &a : &b;

		tail->next = *from;
		tail = *from;
		*from = (*from)->next;
	}
	tail->next = a != NULL ? a : b;
	return head.next;
}

static struct item *
merge_sort(struct item *list, uint32_t n)
{
	struct item *half = list, *end;

	if (n < 2)
		return list;
	for (uint32_t i = 1; i < n / 2; i++)
		half = half->next;
	end = half->next;
	half->next = NULL;
	return merge(merge_sort(list, n / 2), merge_sort(end, n - n / 2));
}

static uint16_t
lists(uint32_t *state, uint16_t crc)
{
	struct item *list = NULL, *reversed = NULL;

	for (int i = 0; i < NITEMS; i++) {
		items[i] = (struct item){ list, (int16_t)random_next(state), (int16_t)i };
		list = &items[i];
	}
	list = merge_sort(list, NITEMS);
	while (list != NULL) {
		struct item *next = list->next;

		list->next = reversed;
		reversed = list;
		list = next;
	}
	for (struct item *i = reversed; i != NULL; i = i->next)
		crc = crc16(crc, (uint16_t)i->value);
	return crc;
}

static uint16_t
matrices(uint32_t *state, uint16_t crc)
{
	for (int i = 0; i < NMATRIX; i++) {
		for (int j = 0; j < NMATRIX; j++) {
			ma[i][j] = (int16_t)random_next(state);
			mb[i][j] = (int16_t)(random_next(state) >> 4 & 0xff);
		}
	}
	for (int i = 0; i < NMATRIX; i++) {
		for (int j = 0; j < NMATRIX; j++) {
			mc[i][j] = 0;
			for (int k = 0; k < NMATRIX; k++)
				mc[i][j] += ma[i][k] * mb[k][j];
		}
		crc = crc16(crc, (uint32_t)mc[i][i]);
	}
	return crc;
}

enum scan { START, SIGN, INTEGER, FRACTION, EXPONENT, INVALID, NSCANS };

static enum scan
scan_next(enum scan s, char c)
{
	int digit = c >= '0' && c <= '9';

	switch (s) {
	case START:
		return digit ? INTEGER : c == '+' || c == '-' ? SIGN
		    : c == '.' ? FRACTION : INVALID;
	case SIGN:
		return digit ? INTEGER : c == '.' ? FRACTION : INVALID;
	case INTEGER:
		return digit ? INTEGER : c == '.' ? FRACTION
		    : c == 'e' ? EXPONENT : INVALID;
	case FRACTION:
		return digit ? FRACTION : c == 'e' ? EXPONENT : INVALID;
	case EXPONENT:
		return digit ? EXPONENT : INVALID;
	default:
		return INVALID;
	}
}

static uint16_t
scans(uint32_t *state, uint16_t crc)
{
	static const char text[] = "5012,1234,-874,+122,35.54400,.1234500,"
	    "-110.700,+0.64400,5.500e3,-.123e2,-87e832,+0.6e-12,T0.3e-1F,-T.T++Tq,";
	uint32_t counts[NSCANS] = { 0 };
	enum scan s = START;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == ',') {
			counts[s]++;
			s = START;
		} else {
			s = scan_next(s, (char)(*p ^ (random_next(state) % 61 == 0)));
		}
	}
	for (int i = 0; i < NSCANS; i++)
		crc = crc16(crc, counts[i]);
	return crc;
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t state = 31;
	uint16_t crc = 0;

	for (uint32_t i = 0; i < n; i++) {
		crc = lists(&state, crc);
		crc = matrices(&state, crc);
		for (int j = 0; j < 8; j++)
			crc = scans(&state, crc);
	}
	return crc;
}
