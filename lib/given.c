/* Structures that callers of libwasmd fill in. */
#include "lib/given.h"

#include <string.h>

#include "proto/proto.h"

int
given_take(void *to, size_t size, const void *given, const char *what,
	struct err *err)
{
	const unsigned char *bytes = given;
	size_t has;

	memcpy(&has, given, sizeof(has));
	if (has <= sizeof(has))
		return err_set(err, PROTO_ERROR_USAGE,
			"%s: its size is not set", what);
	for (size_t i = size; i < has; i++)
		if (bytes[i] != 0)
			return err_set(err, PROTO_ERROR_USAGE, "%s: it has "
				"members that this library does not know", what);
	memset(to, 0, size);
	memcpy(to, given, has < size ? has : size);
	return 0;
}
