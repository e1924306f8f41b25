/* Training: machines of several kinds that interpret programs of their own. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- three-address code over registers ------------------------------------- */

enum { R_ADD, R_SUB, R_XOR, R_SHR, R_MOVI, R_LD, R_ST, R_BLT, R_BNE, R_END };

struct insn {
	uint8_t op, d, a, b;
	int32_t imm;
};

static const struct insn collatz[] = {
	{ R_MOVI, 0, 0, 0, 1 }, { R_MOVI, 6, 0, 0, 1 }, { R_MOVI, 7, 0, 0, 3000 },
	/* 3: */ { R_ADD, 1, 0, 5, 0 }, { R_MOVI, 2, 0, 0, 0 },
	/* 5: */ { R_ADD, 2, 2, 6, 0 }, { R_SHR, 1, 1, 6, 0 },
	{ R_XOR, 3, 1, 2, 0 }, { R_ST, 3, 2, 0, 63 }, { R_LD, 4, 1, 0, 63 },
	{ R_SUB, 3, 3, 4, 0 }, { R_BNE, 0, 1, 5, 5 },
	{ R_ADD, 0, 0, 6, 0 }, { R_BLT, 0, 0, 7, 3 }, { R_END, 0, 0, 0, 0 },
};

static uint32_t
run_registers(const struct insn *code)
{
	uint32_t r[8] = { 0 }, memory[64] = { 0 };
	const struct insn *i = code;

	for (;; i++) {
		switch (i->op) {
		case R_ADD: r[i->d] = r[i->a] + r[i->b]; break;
		case R_SUB: r[i->d] = r[i->a] - r[i->b]; break;
		case R_XOR: r[i->d] = r[i->a] ^ r[i->b]; break;
		case R_SHR: r[i->d] = r[i->a] >> (r[i->b] & 31); break;
		case R_MOVI: r[i->d] = (uint32_t)i->imm; break;
		case R_LD: r[i->d] = memory[r[i->a] & (uint32_t)i->imm]; break;
		case R_ST: memory[r[i->a] & (uint32_t)i->imm] = r[i->d]; break;
		case R_BLT: if (r[i->a] < r[i->b]) i = code + i->imm - 1; break;
		case R_BNE: if (r[i->a] != r[i->b]) i = code + i->imm - 1; break;
		default: return r[3] + r[4];
		}
	}
}

/* ---- a tape and eight characters -------------------------------------------- */

static uint32_t
run_tape(const char *program, uint32_t limit)
{
	uint8_t tape[256] = { 0 }, at = 0;
	uint32_t sum = 0, depth;

	for (const char *p = program; *p != '\0' && limit > 0; p++, limit--) {
		switch (*p) {
		case '>': at++; break;
		case '<': at--; break;
		case '+': tape[at]++; break;
		case '-': tape[at]--; break;
		case '.': sum = sum * 31 + tape[at]; break;
		case '[':
			for (depth = 1; tape[at] == 0 && depth > 0;) {
				p++;
				depth += (*p == '[') - (*p == ']');
			}
			break;
		case ']':
			for (depth = 1; tape[at] != 0 && depth > 0;) {
				p--;
				depth += (*p == ']') - (*p == '[');
			}
			break;
		}
	}
	return sum;
}

/* ---- threaded words on two stacks -------------------------------------------- */

enum { W_LIT, W_DUP, W_SWAP, W_OVER, W_DROP, W_TIMES, W_MINUS, W_MOD, W_ZERO,
	W_IF, W_GO, W_CALL, W_EXIT, W_STOP };

static const int16_t words[] = {
	W_LIT, 0, W_LIT, 1, W_LIT, 900,
	/* 6: */ W_DUP, W_ZERO, W_IF, 24, W_SWAP, W_OVER, W_CALL, 26, W_SWAP,
	W_LIT, 1, W_MINUS, W_GO, 6, W_STOP, W_STOP, W_STOP, W_STOP,
	/* 24: */ W_DROP, W_STOP,
	/* 26: */ W_OVER, W_TIMES, W_LIT, 997, W_MOD, W_LIT, 3, W_MINUS, W_EXIT,
};

static int64_t
run_words(void)
{
	int64_t data[64], *d = data, t;
	const int16_t *back[16], **b = back, *p = words;

	for (;;) {
		switch (*p++) {
		case W_LIT: *d++ = *p++; break;
		case W_DUP: d[0] = d[-1]; d++; break;
		case W_SWAP: t = d[-1]; d[-1] = d[-2]; d[-2] = t; break;
		case W_OVER: d[0] = d[-2]; d++; break;
		case W_DROP: d--; break;
		case W_TIMES: d--; d[-1] *= d[0]; break;
		case W_MINUS: d--; d[-1] -= d[0]; break;
		case W_MOD: d--; d[-1] %= d[0]; break;
		case W_ZERO: d[-1] = d[-1] == 0; break;
		case W_IF: p = *--d != 0 ? words + *p : p + 1; break;
		case W_GO: p = words + *p; break;
		case W_CALL: *b++ = p + 1; p = words + *p; break;
		case W_EXIT: p = *--b; break;
		default: return d[-1];
		}
	}
}

/* ---- bytes with a word of operands behind: decimal numbers ---------------------- */

static uint32_t
run_scanner(const char *s)
{
	uint32_t state = 0, value = 0, sum = 0;

	for (;; s++) {
		unsigned c = (unsigned char)*s;

		switch (state) {
		case 0:
			if (c == '#')
				state = 1;
			else if (c - '0' < 10)
				state = 2, value = c - '0';
			break;
		case 1:
			if (c == '\n')
				state = 0;
			break;
		case 2:
			if (c - '0' < 10)
				value = value * 10 + c - '0';
			else
				state = 0, sum ^= value;
			break;
		}
		if (c == '\0')
			return sum;
	}
}

int
main(void)
{
	uint32_t sum = 0;

	for (int i = 0; i < 10; i++)
		sum = sum * 31 + run_registers(collatz);
	for (int i = 0; i < 40; i++)
		sum = sum * 31 + run_tape("++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>-"
			">>+[<]<-]>>.>---.+++++++..+++.>>.<-.<.+++.------.>>+.>++.", 5000);
	for (int i = 0; i < 60; i++)
		sum = sum * 31 + (uint32_t)run_words();
	for (int i = 0; i < 500; i++)
		sum = sum * 31 + run_scanner("12,# 7 8 9\n345;6 78 # none\n90 1");
	printf("%u\n", (unsigned)sum);
	return 0;
}
