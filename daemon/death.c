/* How a confined process ended. Runs in the daemon. */
#include "daemon/death.h"

const char *const death_name[DEATH_COUNT] = {
#define DEATH(id, name, text) [DEATH_##id] = name,
#include "daemon/death.def"
#undef DEATH
};

enum death
death_of(const siginfo_t *info, bool ours)
{
	if (info->si_code == CLD_EXITED)
		return info->si_status == 0 ? DEATH_EXITED : DEATH_FAILED;
	switch (info->si_status) {
	case SIGSYS:
		return DEATH_VIOLATION;
	case SIGILL:
	case SIGTRAP:	/* what __builtin_trap is on some machines */
		return DEATH_CHECK;
	case SIGXCPU:
		return DEATH_CPU;
	case SIGKILL:
		return ours ? DEATH_ENDED : DEATH_KILLED;
	default:
		return DEATH_CRASH;
	}
}
