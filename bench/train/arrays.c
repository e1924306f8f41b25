/* Training: loops over arrays of integers and bytes, of bits, and in tables. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define N 1024

static int32_t a[N], b[N], table[66][66];
static uint32_t bits[N / 32], prefix[N];
static uint8_t bytes[N], row[2][N];
static uint16_t halves[N];
static uint64_t limbs[32], others[32];
static int64_t totals[N];

static void
fill(uint32_t seed)
{
	for (int i = 0; i < N; i++) {
		seed = seed * 1103515245 + 12345;
		a[i] = (int32_t)(seed >> 8) % 1000;
		bytes[i] = (uint8_t)(seed >> 16);
		halves[i] = (uint16_t)(seed >> 12);
	}
}

static int
shell_sort(void)
{
	memcpy(b, a, sizeof(b));
	for (int gap = N / 2; gap > 0; gap /= 2)
		for (int i = gap; i < N; i++) {
			int v = b[i], j = i;

			for (; j >= gap && b[j - gap] > v; j -= gap)
				b[j] = b[j - gap];
			b[j] = v;
		}
	return b[N / 2];
}

static int
search(int key)
{
	int low = 0, high = N;

	while (low < high) {
		int mid = (low + high) / 2;

		if (b[mid] < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint32_t
counting(void)
{
	uint32_t count[256] = { 0 }, sum = 0;

	for (int i = 0; i < N; i++)
		count[bytes[i]]++;
	for (int i = 1; i < 256; i++)
		count[i] += count[i - 1];
	for (int i = N; i-- > 0;)
		prefix[--count[bytes[i]]] = (uint32_t)i;
	for (int i = 0; i < N; i += 7)
		sum = sum * 3 + prefix[i];
	return sum;
}

/* Multiples marked and unmarked in bits, and then counted. */
static uint32_t
bit_set(void)
{
	uint32_t n = 0;

	memset(bits, 0, sizeof(bits));
	for (uint32_t step = 3; step < 40; step += 2)
		for (uint32_t i = step; i < N; i += step)
			bits[i / 32] ^= 1u << i % 32;
	for (int i = 0; i < N / 32; i++)
		for (uint32_t w = bits[i]; w != 0; w &= w - 1)
			n++;
	return n;
}

/* A rule for a row of cells, wrapped around. */
static uint32_t
automaton(int rule, int steps)
{
	uint32_t alive = 0;

	memset(row, 0, sizeof(row));
	row[0][N / 2] = 1;
	for (int s = 0; s < steps; s++) {
		const uint8_t *from = row[s & 1];
		uint8_t *to = row[~s & 1];

		for (int i = 0; i < 256; i++) {
			int n = from[(i + 255) & 255] << 2 | from[i] << 1 |
				from[(i + 1) & 255];

			to[i] = rule >> n & 1;
			alive += to[i];
		}
	}
	return alive;
}

/* Grains that topple on a plane. */
static int
sandpile(void)
{
	int toppled = 0, again;

	for (int y = 0; y < 66; y++)
		for (int x = 0; x < 66; x++)
			table[y][x] = x > 28 && x < 36 && y > 28 && y < 36 ? 9 : 1;
	do {
		again = 0;
		for (int y = 1; y < 65; y++)
			for (int x = 1; x < 65; x++) {
				if (table[y][x] < 4)
					continue;
				table[y][x] -= 4;
				table[y - 1][x]++;
				table[y + 1][x]++;
				table[y][x - 1]++;
				table[y][x + 1]++;
				again = 1;
				toppled++;
			}
	} while (again);
	return toppled;
}

static int
common(void)
{
	int best = 0;

	for (int i = 1; i <= 64; i++)
		for (int j = 1; j <= 64; j++) {
			int v = bytes[i] % 8 == bytes[j + 100] % 8 ?
				table[i - 1][j - 1] + 1 :
				table[i - 1][j] > table[i][j - 1] ?
				table[i - 1][j] : table[i][j - 1];

			table[i][j] = v;
			best = v > best ? v : best;
		}
	return best;
}

static int
knapsack(void)
{
	memset(b, 0, sizeof(b));
	for (int i = 0; i < 30; i++) {
		int w = bytes[i] % 60 + 1, v = halves[i] % 100;

		for (int c = N - 1; c >= w; c--)
			if (b[c - w] + v > b[c])
				b[c] = b[c - w] + v;
	}
	return b[N - 1];
}

/* Numbers of many words: sum, product with one word, shift. */
static uint64_t
long_numbers(void)
{
	uint64_t carry = 0;

	for (int r = 0; r < 40; r++) {
		carry = 0;
		for (int i = 0; i < 32; i++) {
			uint64_t s = limbs[i] + others[i] + carry;

			carry = s < limbs[i];
			limbs[i] = s;
		}
		carry = 0;
		for (int i = 0; i < 32; i++) {
			uint64_t p = (others[i] & 0xffffffff) * 0x9e3779b1 + carry;

			others[i] = (uint32_t)p;
			carry = p >> 32;
		}
		for (int i = 31; i > 0; i--)
			limbs[i] = limbs[i] << 3 | limbs[i - 1] >> 61;
		limbs[0] = limbs[0] << 3 | 5;
	}
	return limbs[31] ^ others[7] ^ carry;
}

static int64_t
moving(void)
{
	int64_t sum = 0, most = 0;

	for (int i = 0; i < N; i++) {
		sum += a[i];
		if (i >= 16)
			sum -= a[i - 16];
		totals[i] = sum;
		most = sum > most ? sum : most;
	}
	for (int i = 0; i < N / 2; i++) {
		int64_t t = totals[i];

		totals[i] = totals[N - 1 - i];
		totals[N - 1 - i] = t;
	}
	return most + totals[3];
}

static int
int_product(void)
{
	static int32_t p[24][24], q[24][24], r[24][24];
	int sum = 0;

	for (int i = 0; i < 24; i++)
		for (int j = 0; j < 24; j++) {
			p[i][j] = a[i * 24 + j] & 15;
			q[i][j] = i - j;
		}
	for (int i = 0; i < 24; i++)
		for (int j = 0; j < 24; j++) {
			int s = 0;

			for (int k = 0; k < 24; k++)
				s += p[i][k] * q[k][j];
			r[i][j] = s;
		}
	for (int i = 0; i < 24; i++)
		sum = sum * 7 + r[i][23 - i];
	return sum;
}

/* Runs of equal bytes, written and read back. */
static uint32_t
runs(void)
{
	static uint8_t out[2 * N];
	uint32_t n = 0, sum = 0;

	for (int i = 0; i < N;) {
		int j = i;

		while (j < N && bytes[j] >> 5 == bytes[i] >> 5 && j - i < 255)
			j++;
		out[n++] = (uint8_t)(j - i);
		out[n++] = bytes[i] >> 5;
		i = j;
	}
	for (uint32_t i = 0; i < n; i += 2)
		for (int k = 0; k < out[i]; k++)
			sum = sum * 17 + out[i + 1];
	return sum;
}

static uint32_t
checksums(void)
{
	uint32_t even = 0, odd = 0, x = 1, parity = 0;

	for (int i = 0; i < N; i++) {
		even += halves[i];
		odd ^= even << (i & 7);
		x ^= x << 7 ^ halves[i];
		x ^= x >> 9;
		parity += __builtin_parity(x);
	}
	for (uint32_t r = 0; r < N; r++) {	/* polynomial, bit by bit */
		uint32_t c = bytes[r] ^ x;

		for (int k = 0; k < 4; k++)
			c = c & 1 ? c >> 1 ^ 0xa001 : c >> 1;
		x = c;
	}
	return even ^ odd ^ x ^ parity;
}

int
main(void)
{
	uint64_t sum = 0;

	for (uint32_t r = 0; r < 5; r++) {
		fill(r + 1);
		sum += (uint64_t)shell_sort() + counting() + bit_set();
		for (int i = 0; i < 300; i++)
			sum += (uint64_t)search(i * 3);
		sum += automaton(110, 60) + (uint64_t)sandpile();
		sum += (uint64_t)common() + (uint64_t)knapsack() + long_numbers();
		sum += (uint64_t)moving() + (uint64_t)int_product() + runs() + checksums();
	}
	printf("%llu\n", (unsigned long long)sum);
	return 0;
}
