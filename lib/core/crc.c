/* crc.c - see crc.h; the one file that uses zlib */
#include "lib/core/crc.h"

#include <zlib.h>

#include "lib/core/crc_table.h"

uint32_t crc32_of(const void *bytes, size_t len)
{
    /* zlib takes a NULL buffer for "give me the initial value", which is what no bytes have. */
    return (uint32_t)crc32_z(0, len ? bytes : NULL, len);
}

/* Sixty look-ups that don't wait for each other. */
uint32_t crc32_of_30(const void *bytes)
{
    const uint8_t *at = bytes;
    uint32_t crc = CRC32_OF_30_ZEROES;

    for (unsigned i = 0; i < 30; i++)
        crc ^= crc32_of_30_table[2 * i][at[i] & 15] ^ crc32_of_30_table[2 * i + 1][at[i] >> 4];
    return crc;
}
