/* soar_parts.h: what the files of the SOAR backend share; for nobody else. */
#ifndef CODECS_SOAR_PARTS_H
#define CODECS_SOAR_PARTS_H

#include "codecs/soar.h"

/* The target begins with this, and the canonical query stands behind it. */
#define SOAR_TARGET_START "/?"

void soar_sign(const struct backend_settings *, const struct credential *, const struct stamp *, struct crypto *,
               struct request *);
void soar_sign_action(const char *action, const struct backend_settings *, const struct credential *, const struct stamp *,
                      struct crypto *, struct request *);
void soar_put_query(struct buf *target, const char *before, struct slice value);    /* `before` as it is, the value encoded */
void soar_judge(const struct reply *, struct verdict *);

#endif
