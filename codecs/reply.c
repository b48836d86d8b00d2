/* reply.c: the body of a reply as JSON, for both judges. */
#include "codecs/reply.h"

#include "codecs/limits.h"

void
reply_read(struct slice body, void (*read)(const struct value *object, void *into), void *into)
{
    _Alignas(16) char memory[REPLY_ARENA_BYTES];
    const struct value *root = NULL;
    struct arena arena;
    arena_init(&arena, memory, sizeof(memory));
    bool whole = body.size > 0 && body.size <= REPLY_BYTES_MAX && json_read(body, &arena, &root) == FAULT_NONE;
    read(whole && root->type == VALUE_OBJECT ? root : NULL, into);
}

const struct value *
reply_member(const struct value *object, const char *name, const char *other_name)
{
    const struct value *found = value_member(object, name);
    if (!found || found->type == VALUE_NULL)
        found = value_member(object, other_name);
    return found && found->type != VALUE_NULL ? found : NULL;
}

static bool
decimal(struct slice text, int64_t *number)
{
    bool negative = text.size > 1 && text.at[0] == '-';
    int64_t sum = 0;
    if (text.size == 0 || text.size > 18)
        return false;
    for (size_t i = negative; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        sum = sum * 10 + (text.at[i] - '0');
    }
    *number = negative ? -sum : sum;
    return true;
}

bool
reply_integer(const struct value *value, int64_t *number)
{
    if (value && value->type == VALUE_INT) {
        *number = value->integer;
        return true;
    }
    return value && value->type == VALUE_STRING && decimal(value->text, number);
}

bool
reply_text(const struct value *value, struct slice *text)
{
    if (!value || value->type != VALUE_STRING || value->text.size == 0)
        return false;
    *text = value->text;
    return true;
}
