/* backend.c: the table of backends. */
#include "codecs/backend.h"

#include "codecs/check.h"
#include "codecs/notice.h"
#include "codecs/soar.h"

static const struct backend *const backends[TARGET_KIND_COUNT] = {
    [TARGET_SOAR] = &soar_backend,
    [TARGET_NOTICE] = &notice_backend,
};

const struct backend *
backend_of(enum target_kind kind)
{
    check((unsigned)kind < TARGET_KIND_COUNT);
    return backends[kind];
}

bool
target_kind_of(struct slice name, enum target_kind *kind)
{
    for (unsigned i = 0; i < TARGET_KIND_COUNT; i++) {
        if (slice_is(name, backends[i]->name)) {
            *kind = (enum target_kind)i;
            return true;
        }
    }
    return false;
}
