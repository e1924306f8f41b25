/* Values between the host's form and slots. */
#ifndef VM_VALUE_H
#define VM_VALUE_H

#include "vm/vm.h"

void value_to_slots(const struct vm_value *v, uint64_t *slots);
void value_from_slots(struct vm_value *v, valtype type, const uint64_t *slots);

/* A type as the host sees it: abstract. Type indices are the module's, or
 * without one canonical ids, of which only functions can be told. */
valtype value_host_type(const struct module *m, valtype type);

#endif
