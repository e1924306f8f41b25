/* Training: recursion, searching, bit boards, small interpreters. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int
tak(int x, int y, int z)
{
	return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

static unsigned
ackermann(unsigned m, unsigned n)
{
	return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) :
		ackermann(m - 1, ackermann(m, n - 1));
}

static void
hanoi(int n, int from, int to, uint32_t *moves)
{
	if (n == 0)
		return;
	hanoi(n - 1, from, 6 - from - to, moves);
	*moves = *moves * 3 + (uint32_t)(from * 4 + to);
	hanoi(n - 1, 6 - from - to, to, moves);
}

static int
fannkuch(int n)
{
	int perm[12], work[12], count[12], most = 0, r = n;

	for (int i = 0; i < n; i++)
		perm[i] = i;
	for (;;) {
		int flips = 0, k;

		for (; r > 1; r--)
			count[r - 1] = r;
		memcpy(work, perm, sizeof(work));
		while ((k = work[0]) != 0) {
			for (int i = 0, j = k; i < j; i++, j--) {
				int t = work[i];

				work[i] = work[j];
				work[j] = t;
			}
			flips++;
		}
		if (flips > most)
			most = flips;
		for (;; r++) {
			int first;

			if (r == n)
				return most;
			first = perm[0];
			for (int i = 0; i < r; i++)
				perm[i] = perm[i + 1];
			perm[r] = first;
			if (--count[r] > 0)
				break;
		}
	}
}

static uint8_t grid[81];

static int
fits(int at, int d)
{
	int row = at / 9, col = at % 9, box = row / 3 * 27 + col / 3 * 3;

	for (int i = 0; i < 9; i++)
		if (grid[row * 9 + i] == d || grid[i * 9 + col] == d ||
		    grid[box + i / 3 * 9 + i % 3] == d)
			return 0;
	return 1;
}

static int
sudoku(int at, int *tries)
{
	while (at < 81 && grid[at] != 0)
		at++;
	if (at == 81 || *tries <= 0)
		return 1;
	for (int d = 1; d <= 9; d++) {
		--*tries;
		if (fits(at, d)) {
			grid[at] = (uint8_t)d;
			if (sudoku(at + 1, tries))
				return 1;
			grid[at] = 0;
		}
	}
	return 0;
}

/* Moves of knights and rooks on 64-bit boards. */
static uint32_t
boards(void)
{
	uint32_t sum = 0;

	for (int sq = 0; sq < 64; sq++) {
		uint64_t b = UINT64_C(1) << sq, rook = 0;
		uint64_t notA = 0xfefefefefefefefe, notH = 0x7f7f7f7f7f7f7f7f;
		uint64_t l1 = (b >> 1) & notH, r1 = (b << 1) & notA;
		uint64_t h = l1 | r1;
		uint64_t knight = h << 16 | h >> 16 | ((l1 >> 1) & notH) << 8 |
			((r1 << 1) & notA) >> 8;

		for (uint64_t m = b; (m = (m << 1) & notA) != 0;)
			rook |= m;
		for (uint64_t m = b; (m = (m >> 1) & notH) != 0;)
			rook |= m;
		for (uint64_t m = b << 8; m != 0; m <<= 8)
			rook |= m;
		for (uint64_t m = b >> 8; m != 0; m >>= 8)
			rook |= m;
		sum += (uint32_t)__builtin_popcountll(knight | rook);
		for (uint64_t m = rook; m != 0; m &= m - 1)
			sum = sum * 5 + (uint32_t)__builtin_ctzll(m);
	}
	return sum;
}

/* The language with eight signs. */
static uint32_t
eight_signs(const char *code)
{
	static uint8_t tape[256];
	uint8_t p = 0;
	uint32_t out = 0;

	for (const char *c = code; *c != '\0'; c++) {
		int depth = 1;

		switch (*c) {
		case '>':
			p++;
			break;
		case '<':
			p--;
			break;
		case '+':
			tape[p]++;
			break;
		case '-':
			tape[p]--;
			break;
		case '.':
			out = out * 31 + tape[p];
			break;
		case '[':
			if (tape[p] == 0)
				while (depth > 0)
					depth += *++c == '[' ? 1 : *c == ']' ? -1 : 0;
			break;
		case ']':
			if (tape[p] != 0)
				while (depth > 0)
					depth += *--c == ']' ? 1 : *c == '[' ? -1 : 0;
			break;
		}
	}
	return out;
}

enum { PUSH, ADD, MUL, SUB, DUP, SWAP, OVER, DROP, JUMPNZ, LOAD, STORE, HALT };

static int
stack_machine(const int *code, int input)
{
	int stack[32] = { input }, vars[4] = { 0 }, sp = 1;

	for (const int *pc = code;;) {
		int t;

		switch (*pc++) {
		case PUSH:
			stack[sp++] = *pc++;
			break;
		case ADD:
			sp--;
			stack[sp - 1] += stack[sp];
			break;
		case MUL:
			sp--;
			stack[sp - 1] *= stack[sp];
			break;
		case SUB:
			sp--;
			stack[sp - 1] -= stack[sp];
			break;
		case DUP:
			stack[sp] = stack[sp - 1];
			sp++;
			break;
		case SWAP:
			t = stack[sp - 1];
			stack[sp - 1] = stack[sp - 2];
			stack[sp - 2] = t;
			break;
		case OVER:
			stack[sp] = stack[sp - 2];
			sp++;
			break;
		case DROP:
			sp--;
			break;
		case JUMPNZ:
			t = *pc++;
			if (stack[--sp] != 0)
				pc = code + t;
			break;
		case LOAD:
			stack[sp++] = vars[*pc++];
			break;
		case STORE:
			vars[*pc++] = stack[--sp];
			break;
		default:
			return vars[0];
		}
	}
}

int
main(void)
{
	static const int sum_squares[] = {
		STORE, 1, LOAD, 1, DUP, MUL, LOAD, 0, ADD, STORE, 0,
		LOAD, 1, PUSH, 1, SUB, DUP, STORE, 1, JUMPNZ, 2, HALT,
	};
	static const uint8_t givens[81] = {
		5, 3, 0, 0, 7, 0, 0, 0, 0, 6, 0, 0, 1, 9, 5, 0, 0, 0,
		0, 9, 8, 0, 0, 0, 0, 6, 0, 8, 0, 0, 0, 6, 0, 0, 0, 3,
		4, 0, 0, 8, 0, 3, 0, 0, 1, 7, 0, 0, 0, 2, 0, 0, 0, 6,
		0, 6, 0, 0, 0, 0, 2, 8, 0, 0, 0, 0, 4, 1, 9, 0, 0, 5,
		0, 0, 0, 0, 8, 0, 0, 7, 9,
	};
	uint32_t sum = 0;

	for (int r = 0; r < 3; r++) {
		int tries = 20000;

		sum += (uint32_t)tak(12, 8, 4) + ackermann(2, 40);
		hanoi(11, 1, 3, &sum);
		sum += (uint32_t)fannkuch(7) + boards();
		memcpy(grid, givens, sizeof(grid));
		sum += (uint32_t)sudoku(0, &tries) + grid[80];
		sum += eight_signs("++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---."
			"+++++++..+++.>>.<-.<.+++.------.--------.");
		sum += (uint32_t)stack_machine(sum_squares, 1500);
	}
	printf("%u\n", (unsigned)sum);
	return 0;
}
