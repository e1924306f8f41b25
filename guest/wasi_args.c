/* WASI: the program's arguments and environment. Runs in the confined child. */
#include "guest/wasi_call.h"

#include <string.h>

#include "sandbox/call.h"

/* args or env of struct call. */
struct strings {
	uint32_t count;
	const char *const *v;
};

static uint32_t
strings_size(struct strings s)
{
	size_t size = 0;

	/* CALL_MAX keeps the sum far below 2^32. */
	for (uint32_t i = 0; i < s.count; i++)
		size += strlen(s.v[i]) + 1;
	return (uint32_t)size;
}

/* The strings, one behind the other, at buf_addr; their addresses at
 * vec_addr. Nothing is written unless both have a place. */
static enum wasi_errno
strings_get(struct wasi_call *c, struct strings s, uint32_t vec_addr,
	uint32_t buf_addr)
{
	uint8_t *vec = wasi_mem(c, vec_addr, s.count, sizeof(uint32_t));
	uint8_t *buf = wasi_mem(c, buf_addr, strings_size(s), 1);
	uint32_t at = 0, addr;
	size_t len;

	if (vec == NULL || buf == NULL)
		return WASI_EFAULT;
	for (uint32_t i = 0; i < s.count; i++) {
		addr = buf_addr + at;
		memcpy(vec + (size_t)i * sizeof(addr), &addr, sizeof(addr));
		len = strlen(s.v[i]) + 1;
		memcpy(buf + at, s.v[i], len);
		at += (uint32_t)len;
	}
	return WASI_ESUCCESS;
}

static enum wasi_errno
strings_sizes_get(struct wasi_call *c, struct strings s, uint32_t count_addr,
	uint32_t size_addr)
{
	uint32_t size = strings_size(s);

	if (wasi_mem(c, size_addr, 1, sizeof(size)) == NULL)
		return WASI_EFAULT;
	if (wasi_mem_store(c, count_addr, &s.count, sizeof(s.count)) != 0)
		return WASI_EFAULT;
	return wasi_mem_store(c, size_addr, &size, sizeof(size));
}

static struct strings
call_args(const struct wasi_call *c)
{
	return (struct strings){ c->w->call->nargs, c->w->call->args };
}

static struct strings
call_env(const struct wasi_call *c)
{
	return (struct strings){ c->w->call->nenv, c->w->call->env };
}

/* (argv, argv_buf) */
enum wasi_errno
wasi_args_get(struct wasi_call *c, const uint64_t *args)
{
	return strings_get(c, call_args(c), arg_u32(args[0]), arg_u32(args[1]));
}

/* (argc, argv_buf_size) */
enum wasi_errno
wasi_args_sizes_get(struct wasi_call *c, const uint64_t *args)
{
	return strings_sizes_get(c, call_args(c), arg_u32(args[0]),
		arg_u32(args[1]));
}

/* (environ, environ_buf) */
enum wasi_errno
wasi_environ_get(struct wasi_call *c, const uint64_t *args)
{
	return strings_get(c, call_env(c), arg_u32(args[0]), arg_u32(args[1]));
}

/* (count, environ_buf_size) */
enum wasi_errno
wasi_environ_sizes_get(struct wasi_call *c, const uint64_t *args)
{
	return strings_sizes_get(c, call_env(c), arg_u32(args[0]),
		arg_u32(args[1]));
}
