/* Errors on their way to the caller of libwasmd. */
#include "lib/error.h"

#include <stdio.h>

#define PROTO_ERROR(id, number, name) \
	_Static_assert(WASMD_ERROR_##id == (number), \
		"the codes are the protocol's");
#include "proto/errors.def"
#undef PROTO_ERROR

_Static_assert(WASMD_ERROR_TEXT_MAX >= ERR_TEXT_MAX, "texts are not cut");

int
error_give(struct wasmd_error *to, const struct err *from)
{
	if (to == NULL)
		return -1;
	*to = (struct wasmd_error){ .code = from->code };
	snprintf(to->text, sizeof(to->text), "%s", from->text);
	return -1;
}

struct wasmd_error
error_of_answer(const struct msg *answer)
{
	struct span text = msg_bytes(answer, FIELD_ERROR_TEXT);
	struct wasmd_error e = {
		.code = (int)msg_number(answer, FIELD_ERROR_CODE, 0),
		.retry_ms = msg_number(answer, FIELD_ERROR_RETRY_MS, 0),
	};

	snprintf(e.text, sizeof(e.text), "%.*s", (int)text.len, text.data);
	return e;
}
