/*
 * Runs a module on the virtual machine alone, without daemon or confinement:
 * what the interpreter costs by itself. A few functions of WASI suffice for
 * the kernels.
 *
 * usage: vmbench [-t] MODULE [ARGUMENT...]
 *   -t  print how long loading and running took, and the fuel used
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "vm/vm.h"

struct program {
	int argc;
	char **argv;
	uint32_t exit_code;
};

static bool
put_u32(struct vm_caller *c, uint64_t addr, uint32_t value)
{
	uint8_t *p = vm_caller_memory(c, addr, sizeof(value));

	if (p != NULL)
		memcpy(p, &value, sizeof(value));
	return p != NULL;
}

enum { WASI_OK = 0, WASI_BADF = 8, WASI_FAULT = 21 };

static enum vm_status
args_sizes_get(struct vm_caller *c, void *data, uint64_t *args)
{
	struct program *p = data;
	uint32_t bytes = 0;

	for (int i = 0; i < p->argc; i++)
		bytes += (uint32_t)strlen(p->argv[i]) + 1;
	args[0] = put_u32(c, (uint32_t)args[0], (uint32_t)p->argc) &&
		put_u32(c, (uint32_t)args[1], bytes) ? WASI_OK : WASI_FAULT;
	return VM_OK;
}

static enum vm_status
args_get(struct vm_caller *c, void *data, uint64_t *args)
{
	struct program *p = data;
	uint32_t at = (uint32_t)args[1];

	for (int i = 0; i < p->argc; i++) {
		uint32_t len = (uint32_t)strlen(p->argv[i]) + 1;
		uint8_t *to = vm_caller_memory(c, at, len);

		if (to == NULL ||
		    !put_u32(c, (uint32_t)args[0] + 4u * (uint32_t)i, at))
			return VM_TRAP;
		memcpy(to, p->argv[i], len);
		at += len;
	}
	args[0] = WASI_OK;
	return VM_OK;
}

static enum vm_status
fd_write(struct vm_caller *c, void *data, uint64_t *args)
{
	uint32_t fd = (uint32_t)args[0], total = 0;

	for (uint32_t i = 0; i < (uint32_t)args[2]; i++) {
		uint32_t iov[2];
		uint8_t *p = vm_caller_memory(c, (uint32_t)args[1] + 8ull * i, 8);

		if (p == NULL)
			return VM_TRAP;
		memcpy(iov, p, sizeof(iov));
		p = vm_caller_memory(c, iov[0], iov[1]);
		if (p == NULL || fwrite(p, 1, iov[1], fd == 2 ? stderr : stdout) !=
		    iov[1])
			return VM_TRAP;
		total += iov[1];
	}
	args[0] = put_u32(c, (uint32_t)args[3], total) ? WASI_OK : WASI_FAULT;
	return VM_OK;
}

static enum vm_status
fd_read(struct vm_caller *c, void *data, uint64_t *args)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < (uint32_t)args[2]; i++) {
		uint32_t iov[2], n;
		uint8_t *p = vm_caller_memory(c, (uint32_t)args[1] + 8ull * i, 8);

		if (p == NULL)
			return VM_TRAP;
		memcpy(iov, p, sizeof(iov));
		p = vm_caller_memory(c, iov[0], iov[1]);
		if (p == NULL)
			return VM_TRAP;
		n = (uint32_t)fread(p, 1, iov[1], stdin);
		total += n;
		if (n < iov[1])
			break;
	}
	args[0] = put_u32(c, (uint32_t)args[3], total) ? WASI_OK : WASI_FAULT;
	return VM_OK;
}

static enum vm_status
environ_sizes_get(struct vm_caller *c, void *data, uint64_t *args)
{
	args[0] = put_u32(c, (uint32_t)args[0], 0) &&
		put_u32(c, (uint32_t)args[1], 0) ? WASI_OK : WASI_FAULT;
	return VM_OK;
}

static enum vm_status
fd_fdstat_get(struct vm_caller *c, void *data, uint64_t *args)
{
	uint8_t *p = vm_caller_memory(c, (uint32_t)args[1], 24);

	if (p == NULL)
		return VM_TRAP;
	memset(p, 0, 24);
	p[0] = 2;	/* a character device */
	args[0] = WASI_OK;
	return VM_OK;
}

static enum vm_status
proc_exit(struct vm_caller *c, void *data, uint64_t *args)
{
	struct program *p = data;

	p->exit_code = (uint32_t)args[0];
	return VM_EXIT;
}

static enum vm_status
succeed(struct vm_caller *c, void *data, uint64_t *args)
{
	args[0] = WASI_OK;
	return VM_OK;
}

static enum vm_status
fail(struct vm_caller *c, void *data, uint64_t *args)
{
	args[0] = WASI_BADF;
	return VM_OK;
}

static enum vm_status
clock_time_get(struct vm_caller *c, void *data, uint64_t *args)
{
	uint64_t ns = clock_monotonic_us() * 1000;
	uint8_t *p = vm_caller_memory(c, (uint32_t)args[2], sizeof(ns));

	if (p != NULL)
		memcpy(p, &ns, sizeof(ns));
	args[0] = p != NULL ? WASI_OK : WASI_FAULT;
	return VM_OK;
}

/* Only bench/vmprofile has it. */
void profile_begin(const struct vm_module *m) __attribute__((weak));

/* The older name has the same functions, as far as these go. */
#define BOTH(name, sig, fn) \
	{ "wasi_snapshot_preview1", name, sig, fn }, \
	{ "wasi_unstable", name, sig, fn }
static const struct vm_host_func functions[] = {
	BOTH("args_sizes_get", "ii:i", args_sizes_get),
	BOTH("args_get", "ii:i", args_get),
	BOTH("environ_sizes_get", "ii:i", environ_sizes_get),
	BOTH("environ_get", "ii:i", succeed),
	BOTH("fd_write", "iiii:i", fd_write),
	BOTH("fd_close", "i:i", succeed),
	BOTH("fd_seek", "ilii:i", fail),
	BOTH("fd_read", "iiii:i", fd_read),
	BOTH("fd_fdstat_get", "ii:i", fd_fdstat_get),
	BOTH("fd_fdstat_set_flags", "ii:i", succeed),
	BOTH("fd_prestat_get", "ii:i", fail),
	BOTH("fd_prestat_dir_name", "iii:i", fail),
	BOTH("path_open", "iiiiillii:i", fail),
	BOTH("clock_time_get", "ili:i", clock_time_get),
	BOTH("proc_exit", "i:", proc_exit),
	BOTH("clock_res_get", "ii:i", fail),
	BOTH("random_get", "ii:i", succeed),
	BOTH("sched_yield", ":i", succeed),
	BOTH("fd_tell", "ii:i", fail),
	BOTH("fd_filestat_get", "ii:i", fail),
	BOTH("path_filestat_get", "iiiii:i", fail),
	BOTH("path_remove_directory", "iii:i", fail),
	BOTH("path_unlink_file", "iii:i", fail),
	BOTH("path_filestat_set_times", "iiiiilli:i", fail),
	BOTH("poll_oneoff", "iiii:i", fail),
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

static int
run(struct program *p, const uint8_t *bytes, size_t len, bool timed)
{
	static const struct vm_store_limits limits = {
		.memory_bytes = UINT64_C(4) << 30,
		.table_elems = 10000000,
		.stack_bytes = 8 << 20,
	};
	struct err err = ERR_NONE;
	struct vm_trap trap = { .code = TRAP_NONE };
	struct vm_instance *instance;
	struct vm_extern_item start;
	struct vm_module *module;
	struct vm *vm = vm_new();
	struct vm_store *store = vm_store_new(vm, &limits, &err);
	uint64_t begin = clock_monotonic_us(), loaded, end;
	enum vm_status status;

	if (store == NULL ||
	    vm_define_host(store, functions,
		sizeof(functions) / sizeof(functions[0]), p, &err) == -1 ||
	    vm_module_new(vm, bytes, len, &module, &err) == -1 ||
	    vm_instantiate(store, module, &instance, &trap, &err) == -1 ||
	    vm_export(instance, (struct name){ "_start", 6 }, &start, &err) == -1) {
		fprintf(stderr, "vmbench: %s\n", err.text);
		return 126;
	}
	if (profile_begin != NULL)
		profile_begin(module);
	loaded = clock_monotonic_us();
	status = vm_call(store, start, NULL, 0, NULL, 0, &trap);
	end = clock_monotonic_us();
	fflush(stdout);
	if (timed)
		fprintf(stderr, "load %.3f ms, run %.3f ms, fuel %llu\n",
			(double)(loaded - begin) / 1e3,
			(double)(end - loaded) / 1e3,
			(unsigned long long)vm_store_fuel_used(store));
	status = (enum vm_status)report(status, &trap, p->exit_code);
	if (profile_begin != NULL)
		exit((int)status);	/* the code is still looked at */
	vm_store_free(store);
	vm_module_free(module);
	vm_free(vm);
	return (int)status;
}

int
main(int argc, char **argv)
{
	bool timed = argc > 1 && strcmp(argv[1], "-t") == 0;
	struct program p = { argc - 1 - timed, argv + 1 + timed, 0 };
	uint8_t *bytes;
	size_t len = 0;
	int ret;

	if (p.argc < 1) {
		fprintf(stderr, "usage: vmbench [-t] MODULE [ARGUMENT...]\n");
		return 2;
	}
	bytes = read_file(p.argv[0], &len);
	if (bytes == NULL) {
		perror(p.argv[0]);
		return 127;
	}
	ret = run(&p, bytes, len, timed);
	free(bytes);
	return ret;
}
