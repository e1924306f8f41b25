/* Values of the test suite's commands. */
#ifndef TESTS_SPEC_VALUE_H
#define TESTS_SPEC_VALUE_H

#include <jansson.h>
#include <stdbool.h>

#include "vm/vm.h"

/* An argument. false if it is of no known form. */
bool value_parse(struct vm_store *s, json_t *json, struct vm_value *out);

/* From now on take no NaN but the canonical one where any is expected that
 * arithmetic makes. */
void value_want_one_nan(void);

/* Whether a result is what was expected. */
bool value_matches(struct vm_store *s, json_t *expected,
	const struct vm_value *actual);

/* A value's text, for messages. */
void value_print(const struct vm_value *v, char *to, size_t size);

#endif
