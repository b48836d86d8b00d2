/* soar_parts.h: what the files of the SOAR backend share; for nobody else. */
#ifndef CODECS_SOAR_PARTS_H
#define CODECS_SOAR_PARTS_H

#include "codecs/soar.h"

/* The target begins with this, and the canonical query stands behind it. */
#define SOAR_TARGET_START "/?"

void soar_sign(const struct backend_settings *, const struct credential *, const struct stamp *, struct crypto *,
               struct request *);
void soar_judge(const struct reply *, struct verdict *);

#endif
