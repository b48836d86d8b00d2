/* json.h: strict JSON to a value tree. The only file that knows yyjson. */
#ifndef CODECS_JSON_H
#define CODECS_JSON_H

#include "codecs/arena.h"
#include "codecs/fault.h"
#include "codecs/value.h"

/* Parses all of `text` under the limits of limits.h: UTF-8, no U+0000, no duplicate names, nothing behind the value. The tree is
 * in `arena`; texts borrow from `arena` too. Used for records and for the backends' replies. */
enum fault json_read(struct slice text, struct arena *, const struct value **root);

/* Memory an arena needs so that json_read of `text_bytes` never overflows. */
size_t json_arena_bytes(size_t text_bytes);

#endif
