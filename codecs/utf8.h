/* utf8.h: checks of text that came in from outside. */
#ifndef CODECS_UTF8_H
#define CODECS_UTF8_H

#include "codecs/slice.h"

#include <stdint.h>

/* RFC 3629: shortest forms only, no surrogates, nothing above U+10FFFF. Empty is valid; U+0000 is valid here. */
bool utf8_valid(struct slice);

/* Code points of a valid text, which is what a JSON Schema's maxLength counts. */
size_t utf8_length(struct slice);

/* The code point at `*place` of a valid text; moves `*place` behind it. */
uint32_t utf8_next(struct slice, size_t *place);

#endif
