/*
 * Invariants of translated code: what the interpreter, the collector, the
 * unwinder and backtraces take for granted.
 */
#ifndef FUZZ_CODE_CHECK_H
#define FUZZ_CODE_CHECK_H

struct vm_module;

/*
 * Of one module translated twice: each function's code is one instruction
 * behind the other, branches lead to instructions of the same function, tables
 * name places there are, and the two differ only in handlers that do the work
 * of those behind them too (plain has them unjoined). Ends the process, and
 * says why, if not so.
 */
void code_check(const struct vm_module *fused, const struct vm_module *plain);

#endif
