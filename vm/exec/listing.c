/* Translated code as text. */
#include "vm/exec/listing.h"

#include <stdio.h>
#include <stdlib.h>

#include "vm/exec/emit.h"

#include "vm/exec/code_names.h"

struct by_address {
	uint64_t address;
	uint32_t id;
};

#define LISTING_HANDLERS (CODE_HANDLERS + CODE_FUSED)

struct listing {
	struct by_address handlers[LISTING_HANDLERS];
};

static int
compare_address(const void *a, const void *b)
{
	const struct by_address *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

struct listing *
listing_new(void)
{
	struct listing *d = malloc(sizeof(*d));

	if (d == NULL)
		return NULL;
	for (uint32_t i = 0; i < LISTING_HANDLERS; i++)
		d->handlers[i] = (struct by_address){ code_handler_address(i), i };
	qsort(d->handlers, LISTING_HANDLERS, sizeof(d->handlers[0]),
		compare_address);
	return d;
}

void
listing_free(struct listing *d)
{
	free(d);
}

static uint64_t
field_read(const uint8_t *at, unsigned type)
{
	uint64_t value = 0;

	memcpy(&value, at, type == TYPE_U16 ? 2 : type == TYPE_K64 ? 8 : 4);
	return value;
}

/* The cells behind a br_table: as many as it has labels, and the default. */
static uint32_t
cells_length(const char *name, const uint8_t *at,
	const struct code_format *format)
{
	if (strncmp(name, "br_table_", 9) != 0)
		return 0;
	for (unsigned i = 0; i < format->nfields; i++)
		if (format->fields[i].field == FIELD_O)
			return 8 * (uint32_t)(field_read(at +
				format->fields[i].offset, TYPE_U32) + 1);
	return 0;
}

bool
listing_read(const struct listing *d, const struct code *c, uint32_t at,
	struct listing_ins *out)
{
	const uint8_t *base = c->region.base + at;
	const struct by_address *found;
	struct by_address key;

	if (at + sizeof(key.address) > c->used)
		return false;
	memcpy(&key.address, base, sizeof(key.address));
	found = bsearch(&key, d->handlers, LISTING_HANDLERS,
		sizeof(d->handlers[0]), compare_address);
	if (found == NULL)
		return false;
	*out = (struct listing_ins){ .at = at, .handler = found->id, .fused = 1 };
	if (found->id >= CODE_HANDLERS) {
		uint32_t n = found->id - CODE_HANDLERS;

		out->handler = code_fused_parts[code_fused_from[n].at];
		out->fused = code_fused_from[n].count;
	}
	out->name = code_names[out->handler];
	out->length = code_formats[out->handler].length +
		cells_length(out->name, base, &code_formats[out->handler]);
	out->next = at + out->length;
	if (out->handler == HANDLER_BR) {
		uint32_t field = code_formats[HANDLER_BR].fields[0].offset;

		out->next = at + field +
			(uint32_t)field_read(base + field, TYPE_U32);
	}
	return true;
}

void
listing_print(const struct code *c, const struct listing_ins *in, char *text,
	size_t size)
{
	static const char letters[] = "abcdxyhnoput" "kl";
	const struct code_format *format = &code_formats[in->handler];
	const uint8_t *base = c->region.base + in->at;
	size_t n = (size_t)snprintf(text, size, "%s", in->name);

	for (unsigned i = 0; i < format->nfields && n < size; i++) {
		unsigned type = format->fields[i].type;
		uint32_t offset = format->fields[i].offset;
		uint64_t value = field_read(base + offset, type);
		char letter = letters[format->fields[i].field];

		if (type == TYPE_BRANCH)
			n += (size_t)snprintf(text + n, size - n, " ->%u",
				in->at + offset + (uint32_t)value);
		else
			n += (size_t)snprintf(text + n, size - n, " %c=%lld",
				letter, type == TYPE_K32 ?
				(long long)(int32_t)value : (long long)value);
	}
}
