/*
 * A broker for fuzz_wasi in the place of guest/files.h: it checks what it is
 * asked, and answers with files, entries, errors or rubbish as the input says.
 */
#ifndef FUZZ_WASI_BROKER_H
#define FUZZ_WASI_BROKER_H

#include <stddef.h>
#include <stdint.h>

/* Begin another input, which says how requests are answered. */
void broker_start(const uint8_t *data, size_t len);

/* Close what was opened for the last one. */
void broker_stop(void);

#endif
