/* Translated code as text. */
#include "vm/exec/listing.h"

#include <stdio.h>
#include <stdlib.h>

#include "vm/exec/emit.h"

#include "vm/exec/code_names.h"

#define CELL 8u
#define LISTING_HANDLERS (CODE_HANDLERS + CODE_FUSED)

/* A hash table of addresses, at most half full. */
#define SLOTS (LISTING_HANDLERS < 8192 ? 16384u : LISTING_HANDLERS < 32768 ? \
	65536u : 262144u)
_Static_assert(LISTING_HANDLERS <= 131072, "too many handlers");

struct by_address {
	uint64_t address;	/* 0: free */
	uint32_t id;
};

struct listing {
	struct by_address slots[SLOTS];
};

/* The slot that has the address, or could have it. */
static uint32_t
find_slot(const struct listing *d, uint64_t address)
{
	uint32_t i = (uint32_t)(address * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	for (i %= SLOTS; d->slots[i].address != 0 &&
	    d->slots[i].address != address; i = (i + 1) % SLOTS)
		;
	return i;
}

struct listing *
listing_new(void)
{
	struct listing *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	for (uint32_t id = 0; id < LISTING_HANDLERS; id++) {
		uint64_t address = code_handler_address(id);

		d->slots[find_slot(d, address)] =
			(struct by_address){ address, id };
	}
	return d;
}

void
listing_free(struct listing *d)
{
	free(d);
}

uint32_t
listing_handlers(void)
{
	return LISTING_HANDLERS;
}

uint32_t
listing_handler(const struct listing *d, uint64_t address)
{
	const struct by_address *found = &d->slots[find_slot(d, address)];

	return found->address == 0 ? LISTING_HANDLERS : found->id;
}

void
listing_name(uint32_t handler, char *text, size_t size)
{
	uint32_t fused = handler - CODE_HANDLERS;
	size_t n = 0;

	if (handler < CODE_HANDLERS) {
		snprintf(text, size, "%s", code_names[handler]);
		return;
	}
	for (uint32_t i = 0; i < code_fused_from[fused].count && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, "%s%s",
			i == 0 ? "" : " + ",
			code_names[code_fused_parts[code_fused_from[fused].at +
				i]]);
}

static uint64_t
field_read(const uint8_t *at, unsigned type)
{
	uint64_t value = 0;

	memcpy(&value, at, type == TYPE_U16 ? 2 : type == TYPE_K64 ? 8 : 4);
	return value;
}

/* The cells behind a br_table: one for each label, and the default. */
static uint32_t
count_cells(const char *name, const uint8_t *at,
	const struct code_format *format)
{
	if (strncmp(name, "br_table_", 9) != 0)
		return 0;
	for (unsigned i = 0; i < format->nfields; i++)
		if (format->fields[i].field == FIELD_O)
			return (uint32_t)field_read(at +
				format->fields[i].offset, TYPE_U32) + 1;
	return 0;
}

bool
listing_read(const struct listing *d, const struct code *c, uint32_t at,
	struct listing_ins *out)
{
	const uint8_t *base = c->region.base + at;
	const struct by_address *found;
	uint64_t address;

	if (at >= c->used || c->used - at < sizeof(address))
		return false;
	memcpy(&address, base, sizeof(address));
	found = &d->slots[find_slot(d, address)];
	if (address == 0 || found->address == 0)
		return false;
	*out = (struct listing_ins){ .at = at, .handler = found->id, .fused = 1 };
	if (found->id >= CODE_HANDLERS) {
		uint32_t n = found->id - CODE_HANDLERS;

		out->parts = &code_fused_parts[code_fused_from[n].at];
		out->handler = out->parts[0];
		out->fused = code_fused_from[n].count;
	}
	out->name = code_names[out->handler];
	out->cells = count_cells(out->name, base, &code_formats[out->handler]);
	out->length = code_formats[out->handler].length + CELL * out->cells;
	return true;
}

bool
listing_target(const struct code *c, const struct listing_ins *in, uint32_t i,
	uint32_t *to)
{
	const struct code_format *format = &code_formats[in->handler];
	uint32_t at = in->at + format->length + CELL * i;

	for (unsigned k = 0; k < format->nfields; k++) {
		if (format->fields[k].type == TYPE_BRANCH && i == 0) {
			at = in->at + format->fields[k].offset;
			*to = at + (uint32_t)field_read(c->region.base + at,
				TYPE_U32);
			return true;
		}
	}
	if (i >= in->cells)
		return false;
	*to = at + (uint32_t)field_read(c->region.base + at, TYPE_U32);
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

		if (format->fields[i].field == FIELD_T)
			n += (size_t)snprintf(text + n, size - n, " ->0x%06x",
				in->at + offset + (uint32_t)value);
		else
			n += (size_t)snprintf(text + n, size - n, " %c=%lld",
				letter, type == TYPE_K32 ?
				(long long)(int32_t)value : (long long)value);
	}
}
