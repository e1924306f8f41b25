/* Recursive Fibonacci numbers: calls and returns. */
#include "kernel.h"

static const uint32_t default_rounds = 37;

static __attribute__((noinline)) uint32_t
fib(uint32_t n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static uint32_t
kernel(uint32_t n)
{
	return fib(n);
}
