/* A range of addresses that is reserved at once and grows in place. */
#include "config.h"

#include "vm/runtime/region.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

#define PAGE ((uint64_t)4096)
#define COPY_STEP ((size_t)4096)

static uint64_t
round_up(uint64_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

int
region_reserve(struct region *r, uint64_t size)
{
	void *p;

	*r = (struct region){ .base = NULL };
	if (size > SIZE_MAX / 2)
		return -1;
	size = round_up(size > 0 ? size : 1);
	p = mmap(NULL, size, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	r->base = p;
	r->reserved = size;
	return 0;
}

int
region_grow(struct region *r, uint64_t size)
{
	if (size <= r->usable)
		return 0;
	if (size > r->reserved)
		return -1;
	size = round_up(size);
	if (mprotect(r->base + r->usable, size - r->usable,
		PROT_READ | PROT_WRITE) == -1)
		return -1;
	r->usable = size;
	return 0;
}

int
region_protect(struct region *r)
{
	if (r->usable == 0)
		return 0;
	return mprotect(r->base, r->usable, PROT_READ);
}

/*
 * The file's contents, through a mapping: a confined process may not write to
 * files. Pages of zeros stay holes, so that a large memory costs what it holds.
 */
static int
region_copy(const struct region *r, int fd)
{
	static const uint8_t zeros[COPY_STEP];
	uint8_t *to;

	if (ftruncate(fd, (off_t)r->usable) == -1)
		return -1;
	to = mmap(NULL, r->usable, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (to == MAP_FAILED)
		return -1;
	for (size_t at = 0; at < r->usable; at += COPY_STEP) {
		size_t left = r->usable - at;
		size_t len = left < COPY_STEP ? left : COPY_STEP;

		if (memcmp(r->base + at, zeros, len) != 0)
			memcpy(to + at, r->base + at, len);
	}
	return munmap(to, r->usable);
}

int
region_seal(struct region *r, int writable)
{
	int prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	int flags = writable ? MAP_PRIVATE : MAP_SHARED;
	int fd, ret = -1;

	if (r->usable == 0)
		return 0;
	fd = memfd_create("wasm", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -1;
	/* What was written stays if the mapping fails: it replaces at once. */
	/* What is read only will not grow either. */
	if (!writable && r->reserved > r->usable) {
		munmap(r->base + r->usable, r->reserved - r->usable);
		r->reserved = r->usable;
	}
	if (region_copy(r, fd) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
		F_SEAL_SEAL) == 0 &&
	    mmap(r->base, r->usable, prot, flags | MAP_FIXED, fd, 0) !=
		MAP_FAILED)
		ret = 0;
	fd_close(&fd);
	return ret;
}

void
region_free(struct region *r)
{
	if (r->base != NULL)
		munmap(r->base, r->reserved);
	*r = (struct region){ .base = NULL };
}
