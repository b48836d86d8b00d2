/* json_fault.h: why a JSON text was refused, told from its bytes once reading has failed. Never on the way of a good record. */
#ifndef CODECS_JSON_FAULT_H
#define CODECS_JSON_FAULT_H

#include "codecs/slice.h"

bool json_is_too_deep(struct slice text);                   /* opens more than 32 containers inside each other */
bool json_has_bad_text(struct slice text);                  /* not UTF-8, or an escaped surrogate without its other half */
bool json_is_no_number(struct slice text, size_t place);    /* NaN or Infinity at `place`, in any case, signed or not */

#endif
