/* Numbers with units, as a person writes and reads them. */
#ifndef CLIENT_QUANTITY_H
#define CLIENT_QUANTITY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Read a whole text as a number, a size in bytes (units K, M, G, with or
 * without iB: powers of 1024) or a time in milliseconds (ms, s, m, h; seconds
 * without one). Decimal fractions are accepted where there is a unit. 0, or -1
 * when it is not one or does not fit.
 */
int quantity_read_number(const char *text, uint64_t *out);
int quantity_read_size(const char *text, uint64_t *out);
int quantity_read_time(const char *text, uint64_t *out);

/* Room for what is written below, with its NUL. */
#define QUANTITY_MAX 32

/* "12.3 ms", "1.50 MiB": three digits that count. Both return out. */
const char *quantity_write_time(char out[QUANTITY_MAX], uint64_t us);
const char *quantity_write_size(char out[QUANTITY_MAX], uint64_t bytes);

#endif
