/* Handlers of sequences, a part of them: see handlers.h. */
#include "vm/exec/handlers.h"

#include "vm/exec/code_fused3.h"
