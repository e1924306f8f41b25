/*
 * The layers of confinement: their names, the administrator's policy, and what
 * was put in force. See sandbox/layers.def.
 */
#ifndef SANDBOX_LAYERS_H
#define SANDBOX_LAYERS_H

#include <stdint.h>

enum layer {
#define LAYER(id, name, policy, text) LAYER_##id,
#include "sandbox/layers.def"
#undef LAYER
	LAYER_COUNT
};

enum layer_policy { LAYER_REQUIRED, LAYER_PRESENT, LAYER_OFF };

struct layer_info {
	const char *name;
	enum layer_policy policy;	/* the default */
	const char *text;
};

extern const struct layer_info layer_info[LAYER_COUNT];

/* What an administrator can do about a layer that is not in force for error,
 * an errno; static text. */
const char *layer_advice(enum layer layer, int error);

/* What became of each layer when the zygote entered its confinement. */
struct layer_report {
	uint32_t in_force;		/* bit (1 << enum layer) */
	int error[LAYER_COUNT];		/* errno of a layer not in force, or 0 */
	uint32_t detail[LAYER_COUNT];	/* Landlock: its ABI; seccomp: 1 if built
					   with sanitizers, whose policy is
					   wider; otherwise 0 */
};

#endif
