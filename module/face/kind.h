/* kind.h - the kind of a credential, as programs behind a web server are told
 */
#ifndef STKGATE_FACE_KIND_H
#define STKGATE_FACE_KIND_H

#include <stdint.h>

/* Of enum stkgate_kind: "live", "test", "legacy"; "" for any other number. Static. */
const char *face_kind_name(uint32_t kind);

#endif
