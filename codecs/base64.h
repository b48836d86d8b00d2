/* base64.h: the standard alphabet of https://www.rfc-editor.org/rfc/rfc4648#section-4, padded. */
#ifndef CODECS_BASE64_H
#define CODECS_BASE64_H

#include "codecs/buf.h"

/* False when the text is no base64 or does not fit. Bits behind the last byte must be zero. */
bool base64_decode(struct buf *, struct slice text);

#endif
