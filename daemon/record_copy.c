#include "daemon/record_copy.h"

#include <errno.h>
#include <stdlib.h>

/* Encoded and decoded again: the codec knows which bytes a record borrows. */
int record_copy_new(const struct record *record, struct record_copy **ret)
{
    uint8_t bytes[RECORD_BYTES_MAX];
    size_t len;

    int r = record_encode(record, bytes, &len);
    if (r < 0)
        return r;
    struct record_copy *copy = malloc(sizeof *copy + len);
    if (!copy)
        return -ENOMEM;
    memcpy(copy + 1, bytes, len);
    r = record_decode(copy + 1, len, &copy->record);
    if (r < 0) {
        free(copy);
        return r;
    }
    copy->changes = 0;
    *ret = copy;
    return 0;
}

struct record_copy *record_copy_free(struct record_copy *copy)
{
    free(copy);
    return NULL;
}
