/* quantity.h - bytes, shares and short times as people read them
 */
#ifndef STKGATE_ADMIN_QUANTITY_H
#define STKGATE_ADMIN_QUANTITY_H

#include <stdint.h>

#define QUANTITY_TEXT_MAX 64

/* "512 B", "12.3 MiB", rounded down. */
void quantity_bytes(uint64_t bytes, char ret[static QUANTITY_TEXT_MAX]);

/* How many thousandths of whole part is, rounded down; 0 when whole is 0. */
uint64_t quantity_thousandths(uint64_t part, uint64_t whole);

/* Microseconds: "850 us", "1.2 ms", "3.4 s". */
void quantity_us(uint64_t us, char ret[static QUANTITY_TEXT_MAX]);

/* Seconds, in two units at most: "3 d 4 h", "12 min 5 s", "0 s". */
void quantity_uptime(uint64_t s, char ret[static QUANTITY_TEXT_MAX]);

#endif
