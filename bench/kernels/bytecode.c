/* An interpreter of byte code in the guest: one switch in a loop, which
 * compiles to br_table. */
#include "kernel.h"

static const uint32_t default_rounds = 600;

enum { PUSH, ADD, SUB, MUL, DUP, SWAP, LOAD, STORE, JNZ, LESS, HALT };

/* count = 10000; do { sum = (sum + count) * 3 - (sum < count); } while (--count) */
static const uint8_t program[] = {
	PUSH, 100, DUP, MUL, STORE, 0,
	/* 6: */ LOAD, 1, LOAD, 0, ADD, PUSH, 3, MUL,
	LOAD, 1, LOAD, 0, LESS, SUB, STORE, 1,
	LOAD, 0, PUSH, 1, SUB, DUP, STORE, 0, JNZ, 6,
	HALT,
};

static uint32_t
interpret(const uint8_t *pc, uint32_t *vars)
{
	uint32_t stack[16], *sp = stack, t;

	for (;;) {
		switch (*pc++) {
		case PUSH: *sp++ = *pc++; break;
		case ADD: sp--; sp[-1] += sp[0]; break;
		case SUB: sp--; sp[-1] -= sp[0]; break;
		case MUL: sp--; sp[-1] *= sp[0]; break;
		case DUP: sp[0] = sp[-1]; sp++; break;
		case SWAP: t = sp[-1]; sp[-1] = sp[-2]; sp[-2] = t; break;
		case LOAD: *sp++ = vars[*pc++]; break;
		case STORE: vars[*pc++] = *--sp; break;
		case JNZ: pc = *--sp != 0 ? program + *pc : pc + 1; break;
		case LESS: sp--; sp[-1] = sp[-1] < sp[0]; break;
		case HALT: return vars[1];
		}
	}
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t vars[2] = { 0, 0 }, sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		vars[1] = i;
		sum = mix(sum, interpret(program, vars));
	}
	return sum;
}
