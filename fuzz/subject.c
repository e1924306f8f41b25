/* Modules out of inputs. */
#include "fuzz/subject.h"

#include <string.h>

#include "fuzz/generate.h"
#include "fuzz/perturb.h"

#define MODULE_MAX ((size_t)16 << 20)

enum { CHANGE_INSTRS = 2, CHANGE_BYTES, CHANGE_KINDS };

void
subject_init(struct subject *s, const uint8_t *data, size_t size,
	unsigned generate_flags)
{
	struct input changes = { data + size, data + size };
	unsigned change = size > 0 ? data[size - 1] % CHANGE_KINDS : 0;

	*s = (struct subject){ .bytes = data, .len = size };
	buf_init(&s->module, MODULE_MAX);
	if (size >= 4 && memcmp(data, "\0asm", 4) == 0)
		return;
	if (change >= CHANGE_INSTRS && size > PERTURB_BYTES)
		changes.p -= PERTURB_BYTES;
	else
		s->valid = true;
	size = (size_t)(changes.p - data);
	if (!s->valid && change == CHANGE_INSTRS)
		generate_perturbed(&s->module, data, size, generate_flags,
			changes);
	else
		generate_module(&s->module, data, size, generate_flags);
	if (!s->valid && change == CHANGE_BYTES)
		perturb_bytes(&s->module, changes);
	s->bytes = s->module.data;
	s->len = s->module.len;
}

void
subject_clear(struct subject *s)
{
	buf_clear(&s->module);
}
