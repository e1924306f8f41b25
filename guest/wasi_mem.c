/*
 * The guest's memory as WASI reads and writes it. Every address, length and
 * count comes from the guest: all sums and products are made in 64 bits and
 * compared with the memory before a byte is touched.
 */
#include "guest/wasi_call.h"

#include <string.h>

#include "guest/hot.h"

uint8_t *
wasi_mem(struct wasi_call *c, uint32_t addr, uint64_t count, uint32_t size)
{
	if (count > UINT32_MAX)
		return NULL;
	return vm_caller_memory(c->caller, addr, count * size);
}

enum wasi_errno
wasi_mem_store(struct wasi_call *c, uint32_t addr, const void *data,
	uint32_t len)
{
	uint8_t *to = wasi_mem(c, addr, 1, len);

	if (to == NULL)
		return WASI_EFAULT;
	memcpy(to, data, len);
	return WASI_ESUCCESS;
}

enum wasi_errno
wasi_iovs_load(struct wasi_call *c, uint32_t addr, uint32_t count,
	struct wasi_iovs *iovs)
{
	static GUEST_COLD struct wasi_buffer many[WASI_IOVS_MAX];
	const uint8_t *array = wasi_mem(c, addr, count,
		sizeof(struct wasi_iovec));
	struct wasi_iovec iov;
	uint64_t total = 0;

	if (array == NULL)
		return WASI_EFAULT;
	iovs->count = 0;
	iovs->v = count <= WASI_IOVS_FEW ? iovs->few : many;
	for (uint32_t i = 0; i < count && i < WASI_IOVS_MAX; i++) {
		memcpy(&iov, array + (size_t)i * sizeof(iov), sizeof(iov));
		/* The address of an empty buffer means nothing. */
		if (iov.buf_len == 0)
			continue;
		iovs->v[iovs->count].data = wasi_mem(c, iov.buf, iov.buf_len, 1);
		iovs->v[iovs->count].len = iov.buf_len;
		if (iovs->v[iovs->count++].data == NULL)
			return WASI_EFAULT;
		total += iov.buf_len;
	}
	if (total > UINT32_MAX)
		return WASI_EINVAL;
	iovs->total = (uint32_t)total;
	return WASI_ESUCCESS;
}
