/*
 * Runs a WASI program on the virtual machine alone, without daemon or
 * confinement: what the interpreter costs by itself.
 *
 * usage: vmbench [OPTION] MODULE [ARGUMENT...]
 *   -t       print how long loading and running took, and the fuel used
 *   -l       lazy: translate each function at its first call
 *   -p       plain: fuse nothing, use no accumulator
 *   -u       unjoined: join no sequences of instructions
 *   -d       print the code that the module was translated to; run nothing
 *   -c FILE  write how often each instruction was executed (of vmprofile)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/profile.h"
#include "guest/io.h"
#include "guest/wasi.h"
#include "sandbox/call.h"
#include "vm/exec/compile.h"
#include "vm/exec/listing.h"

struct options {
	bool timed, plain, unjoined, lazy, disassemble;
	const char *counts;
};

static uint8_t *
read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = NULL;
	long size;

	if (f == NULL)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0 &&
	    fseek(f, 0, SEEK_SET) == 0) {
		bytes = malloc((size_t)size + 1);
		*len = bytes == NULL ? 0 : fread(bytes, 1, (size_t)size, f);
	}
	fclose(f);
	return bytes;
}

static int
report(enum vm_status status, const struct vm_trap *trap, uint32_t exit_code)
{
	if (status == VM_OK)
		return 0;
	if (status == VM_EXIT)
		return (int)(exit_code & 255);
	fprintf(stderr, "vmbench: ended with status %d: %s\n", status,
		trap_text(trap->code));
	for (uint32_t i = 0; i < trap->nframes; i++)
		fprintf(stderr, "  function %u at 0x%x\n",
			(unsigned)trap->frames[i].func,
			(unsigned)trap->frames[i].offset);
	return 134;
}

static void
disassemble(const struct code *c)
{
	struct listing *d = listing_new();
	struct listing_ins in;
	char text[200];

	for (uint32_t f = 0; d != NULL && f < c->nfuncs; f++) {
		uint32_t covered = 0;

		printf("function %u\n", (unsigned)f);
		for (uint32_t at = c->funcs[f].start; at < c->funcs[f].end &&
		    listing_read(d, c, at, &in); at += in.length) {
			listing_print(c, &in, text, sizeof(text));
			/* + executed by the handler above, when come from there */
			printf("%8u %c %s\n", at, covered > 0 ? '+' : ' ', text);
			covered = covered > 0 ? covered - 1 : in.fused - 1;
		}
	}
	listing_free(d);
}

static int
execute(const struct options *o, struct vm_store *store,
	struct vm_module *module, uint64_t begin)
{
	struct err err = ERR_NONE;
	struct vm_trap trap = { .code = TRAP_NONE };
	struct vm_instance *instance;
	struct vm_extern_item start;
	uint64_t loaded = clock_monotonic_us(), end;
	enum vm_status status;

	if (wasi_define(store, wasi_get(), &err) == -1 ||
	    vm_instantiate(store, module, &instance, &trap, &err) == -1 ||
	    vm_export(instance, (struct name){ "_start", 6 }, &start, &err) == -1) {
		fprintf(stderr, "vmbench: %s\n", err.text);
		return 126;
	}
	if (o->counts != NULL && profile_start(&module->code) == -1)
		return 126;
	status = vm_call(store, start, NULL, 0, NULL, 0, &trap);
	end = clock_monotonic_us();
	if (o->timed)
		fprintf(stderr, "load %.3f ms, run %.3f ms, fuel %llu, "
			"code %u bytes\n", (double)(loaded - begin) / 1e3,
			(double)(end - loaded) / 1e3,
			(unsigned long long)vm_store_fuel_used(store),
			module->code.used);
	if (o->counts != NULL && profile_write(&module->code, o->counts) == -1)
		return 126;
	return report(status, &trap, wasi_exit_code(wasi_get()));
}

static int
run(const struct options *o, const uint8_t *bytes, size_t len)
{
	static const struct vm_store_limits limits = {
		.memory_bytes = UINT64_C(4) << 30,
		.table_elems = 10000000,
		.stack_bytes = 8 << 20,
	};
	struct err err = ERR_NONE;
	struct vm_module *module;
	struct vm *vm = vm_new();
	struct vm_store *store = vm_store_new(vm, &limits, &err);
	uint64_t begin = clock_monotonic_us();
	int ret = 0;

	vm->plain = o->plain;
	vm->unjoined = o->unjoined;
	vm_set_lazy(vm, o->lazy ? 1 : 0);
	if (store == NULL || vm_module_new(vm, bytes, len, &module, &err) == -1) {
		fprintf(stderr, "vmbench: %s\n", err.text);
		return 126;
	}
	if (o->disassemble)
		disassemble(&module->code);
	else
		ret = execute(o, store, module, begin);
	vm_store_free(store);
	vm_module_free(module);
	vm_free(vm);
	return ret;
}

static int
usage(void)
{
	fprintf(stderr,
		"usage: vmbench [-dlptu] [-c FILE] MODULE [ARGUMENT...]\n");
	return 2;
}

int
main(int argc, char **argv)
{
	struct options o = { .timed = false };
	struct call call = { .output_bytes = UINT64_MAX };
	uint8_t *bytes;
	size_t len = 0;
	int opt, ret;

	while ((opt = getopt(argc, argv, "+c:dlptu")) != -1) {
		o.timed |= opt == 't';
		o.lazy |= opt == 'l';
		o.plain |= opt == 'p';
		o.unjoined |= opt == 'u';
		o.disassemble |= opt == 'd';
		if (opt == 'c')
			o.counts = optarg;
		if (opt == '?')
			return usage();
	}
	if (optind == argc)
		return usage();
	bytes = read_file(argv[optind], &len);
	if (bytes == NULL) {
		perror(argv[optind]);
		return 127;
	}
	call.nargs = (uint32_t)(argc - optind);
	call.args = (const char *const *)argv + optind;
	wasi_start(wasi_get(), &call, guest_io_get());
	ret = run(&o, bytes, len);
	free(bytes);
	return ret;
}
