/* A module's sections, and its producers. */
#include "vm/dump/sections.h"

#include <string.h>

#define HEADER_BYTES 8
#define PRODUCERS_SECTION "producers"

static const char *const section_names[] = {
	"custom", "type", "import", "function", "table", "memory", "global",
	"export", "start", "element", "code", "data", "data count", "tag",
};

const char *
section_name(uint8_t id)
{
	return section_names[id];	/* decoding let no other pass */
}

void
sections_init(struct reader *r, const struct module *m)
{
	reader_init(r, m->bytes, (struct range){ HEADER_BYTES,
		(uint32_t)m->len - HEADER_BYTES }, NULL);
}

bool
sections_next(struct reader *r, struct section *s)
{
	struct reader body;

	if (r->pos == r->end)
		return false;
	s->id = read_byte(r);
	reader_take(r, read_u32(r), &body);
	s->contents = (struct range){ reader_offset(&body), reader_left(&body) };
	s->custom = (struct name){ NULL, 0 };
	if (s->id == 0)
		s->custom = read_name(&body);
	return reader_ok(r);
}

void
producers_init(struct producers *p, const struct module *m)
{
	*p = (struct producers){ .fields = 0 };
	for (uint32_t i = 0; i < m->ncustoms; i++) {
		const struct custom_section *c = &m->customs[i];

		if (c->name.len != strlen(PRODUCERS_SECTION) ||
		    memcmp(c->name.data, PRODUCERS_SECTION, c->name.len) != 0)
			continue;
		reader_init(&p->reader, m->bytes, c->bytes, NULL);
		p->fields = read_u32(&p->reader);
		return;
	}
}

bool
producers_next(struct producers *p, struct producer *out)
{
	struct reader *r = &p->reader;

	while (p->values == 0) {
		if (p->fields == 0 || !reader_ok(r))
			return false;
		p->fields--;
		p->field = read_name(r);
		p->values = read_u32(r);
	}
	p->values--;
	out->field = p->field;
	out->name = read_name(r);
	out->version = read_name(r);
	if (reader_ok(r))
		return true;
	p->fields = p->values = 0;
	return false;
}
