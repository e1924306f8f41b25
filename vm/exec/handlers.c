/* The handlers of single instructions. Run in the confined child. */
#include "vm/exec/handlers.h"

#include "vm/exec/code_handlers.h"

const handler *const handlers_fused[FUSED_PARTS] = {
	handlers_fused_0, handlers_fused_1, handlers_fused_2, handlers_fused_3,
};
