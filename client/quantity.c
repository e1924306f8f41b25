/* Numbers with units. Used by wasmctl. */
#include "client/quantity.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{ "", 1 }, { "B", 1 },
	{ "K", 1024 }, { "KiB", 1024 },
	{ "M", 1024 * 1024 }, { "MiB", 1024 * 1024 },
	{ "G", 1024 * 1024 * 1024 }, { "GiB", 1024 * 1024 * 1024 },
	{ NULL, 0 },
};

static const struct unit time_units[] = {
	{ "", 1000 }, { "ms", 1 }, { "s", 1000 },
	{ "m", 60 * 1000 }, { "min", 60 * 1000 }, { "h", 3600 * 1000 },
	{ NULL, 0 },
};

static const uint64_t *
unit_find(const struct unit *units, const char *name)
{
	for (; units->name != NULL; units++)
		if (strcmp(units->name, name) == 0)
			return &units->factor;
	return NULL;
}

/* strtoull(3) takes signs and spaces, which are no part of a number here. */
int
quantity_read_number(const char *text, uint64_t *out)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -1;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return -1;
	*out = value;
	return 0;
}

/* Digits, perhaps a point and more digits, a unit: the sum is kept in units
 * of a billionth of the factor, so that no floating point rounds it. */
static int
quantity_read(const char *text, const struct unit *units, uint64_t *out)
{
	unsigned __int128 value = 0, scale = 1;
	const uint64_t *factor;
	bool fraction = false;
	const char *p;

	if (!isdigit((unsigned char)text[0]))
		return -1;
	for (p = text; isdigit((unsigned char)*p) || (*p == '.' && !fraction); p++) {
		if (*p == '.') {
			fraction = true;
			continue;
		}
		if (value > UINT64_MAX / 10 || scale > 1000000000)
			return -1;
		value = value * 10 + (unsigned)(*p - '0');
		if (fraction)
			scale *= 10;
	}
	factor = unit_find(units, p);
	if (factor == NULL || p[-1] == '.')
		return -1;
	value = value * *factor / scale;
	if (value > UINT64_MAX)
		return -1;
	*out = (uint64_t)value;
	return 0;
}

int
quantity_read_size(const char *text, uint64_t *out)
{
	return quantity_read(text, size_units, out);
}

int
quantity_read_time(const char *text, uint64_t *out)
{
	return quantity_read(text, time_units, out);
}

static const char *
quantity_write(char out[QUANTITY_MAX], double value, const char *unit)
{
	int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	snprintf(out, QUANTITY_MAX, "%.*f %s", digits, value, unit);
	return out;
}

const char *
quantity_write_time(char out[QUANTITY_MAX], uint64_t us)
{
	if (us < 1000)
		snprintf(out, QUANTITY_MAX, "%u us", (unsigned)us);
	else if (us < 1000 * 1000)
		quantity_write(out, (double)us / 1e3, "ms");
	else
		quantity_write(out, (double)us / 1e6, "s");
	return out;
}

const char *
quantity_write_size(char out[QUANTITY_MAX], uint64_t bytes)
{
	static const char *const names[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(out, QUANTITY_MAX, "%u bytes", (unsigned)bytes);
		return out;
	}
	for (; value >= 1000 && i + 1 < sizeof(names) / sizeof(names[0]); i++)
		value /= 1024;
	return quantity_write(out, value, names[i]);
}
