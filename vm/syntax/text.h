/* Types in the text format, for messages. */
#ifndef VM_SYNTAX_TEXT_H
#define VM_SYNTAX_TEXT_H

#include "vm/syntax/types.h"

#define VALTYPE_TEXT_MAX 32

/* Write a value type's text, "(ref null 12)", NUL-terminated. */
void valtype_text(valtype t, char text[static VALTYPE_TEXT_MAX]);

/* An abstract heap type's name, "func". */
const char *heaptype_name(heaptype h);

#endif
