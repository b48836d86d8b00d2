/* reason.c: names and texts of the reasons, from the one table in reason.h. */
#include "bridge/core/reason.h"

#include "codecs/check.h"

static const char *const names[] = {
#define REASON_NAME(constant, name, text) [constant] = name,
    REASONS(REASON_NAME)
#undef REASON_NAME
};

static const char *const texts[] = {
#define REASON_TEXT(constant, name, text) [constant] = text,
    REASONS(REASON_TEXT)
#undef REASON_TEXT
};

const char *
reason_name(enum reason reason)
{
    check((unsigned)reason < REASON_COUNT);
    return names[reason];
}

const char *
reason_text(enum reason reason)
{
    check((unsigned)reason < REASON_COUNT);
    return texts[reason];
}
