/*
 * Landlock: deny all that the kernel can. Runs in the worker.
 * https://docs.kernel.org/userspace-api/landlock.html
 */
#include "config.h"

#include "sandbox/landlock.h"

#include <errno.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/enter.h"

static int
ruleset_create(const struct landlock_deny *deny)
{
	return (int)syscall(SYS_landlock_create_ruleset, deny, sizeof(*deny), 0);
}

/*
 * Set the longest run of low bits in *field that the kernel takes. Rights are
 * numbered without gaps and unknown ones refused, so this also denies what was
 * added to Landlock after this was written. E2BIG or EINVAL even for the
 * lowest bit: the kernel does not know the field.
 */
static void
deny_all_known(struct landlock_deny *deny, uint64_t *field)
{
	for (int bits = 64; bits > 0; bits--) {
		int fd;

		*field = ~(uint64_t)0 >> (64 - bits);
		fd = ruleset_create(deny);
		if (fd != -1) {
			close(fd);
			return;
		}
	}
	*field = 0;
}

int
landlock_enclose(struct enter *e)
{
	struct landlock_deny deny = { 0 };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	if (abi == -1)
		return -1;
	deny_all_known(&deny, &deny.fs);
	deny_all_known(&deny, &deny.net);
	deny_all_known(&deny, &deny.scoped);
	e->landlock = deny;
	e->report.detail[LAYER_LANDLOCK] = (uint32_t)abi;
	return landlock_enclose_again(e);
}

int
landlock_enclose_again(const struct enter *e)
{
	int fd = ruleset_create(&e->landlock);
	long rc;

	if (fd == -1)
		return -1;
	rc = syscall(SYS_landlock_restrict_self, fd, 0);
	close(fd);
	return (int)rc;
}
