/* The layers of confinement by name. Runs in the daemon and the client. */
#include "sandbox/layers.h"

#include <errno.h>
#include <stddef.h>

const struct layer_info layer_info[LAYER_COUNT] = {
#define LAYER(id, name, policy, text) { name, LAYER_##policy, text },
#include "sandbox/layers.def"
#undef LAYER
};

static const char *
advice_namespace(int error)
{
	if (error == ENOSPC || error == EUSERS)
		return "raise the sysctl user.max_user_namespaces and its "
		    "neighbours user.max_*_namespaces";
	if (error == EINVAL || error == ENOSYS)
		return "use a kernel that has this kind of namespace";
	return "allow it by sysctl (kernel.unprivileged_userns_clone=1, "
	    "kernel.apparmor_restrict_unprivileged_userns=0) or in the "
	    "container's seccomp profile, or start wasmd as root";
}

const char *
layer_advice(enum layer layer, int error)
{
	switch (layer) {
	case LAYER_UID:
		return "name an existing user and group other than root for "
		    "the confined processes";
	case LAYER_USERNS:
	case LAYER_MNTNS:
	case LAYER_PIDNS:
	case LAYER_NETNS:
	case LAYER_IPCNS:
	case LAYER_UTSNS:
	case LAYER_CGROUPNS:
		return advice_namespace(error);
	case LAYER_MDWE:
		return "use Linux 6.3 or later";
	case LAYER_LANDLOCK:
		if (error == EOPNOTSUPP)
			return "enable Landlock at boot: add landlock to the "
			    "kernel's lsm= parameter";
		return "use a kernel with CONFIG_SECURITY_LANDLOCK (Linux 5.13 "
		    "or later)";
	case LAYER_SECCOMP:
		return "use a kernel with CONFIG_SECCOMP_FILTER; in a container, "
		    "allow seccomp(2) in its profile";
	case LAYER_RLIMITS:
		return "allow prlimit(2), and raise the daemon's own limits if "
		    "they are below those of wasmd";
	case LAYER_CAPS:
	case LAYER_NNP:
	case LAYER_DUMPABLE:
	case LAYER_COUNT:
		break;
	}
	return "every supported kernel has this: look for a seccomp profile or "
	    "security module around wasmd that forbids prctl(2) or capset(2)";
}
