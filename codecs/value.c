/* value.c: looking a member up. */
#include "codecs/value.h"

const struct value *
value_member(const struct value *object, const char *name)
{
    if (!object || object->type != VALUE_OBJECT)
        return NULL;
    struct slice wanted = slice_of(name);
    for (uint32_t i = 0; i < object->count; i++)
        if (slice_eq(object->members[i].name, wanted))
            return &object->members[i].value;
    return NULL;
}
