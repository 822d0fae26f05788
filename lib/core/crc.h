/* crc.h - CRC-32, polynomial 0xEDB88320, as zlib and IEEE 802.3 have it
 *
 * For typing errors in tokens and rotten bits in records; it is no protection against anybody.
 */
#ifndef STKGATE_CORE_CRC_H
#define STKGATE_CORE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* crc32_of("123456789", 9) is 0xCBF43926. Pure. */
uint32_t crc32_of(const void *bytes, size_t len);

#endif
