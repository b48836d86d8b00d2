/* explained.h: runs `explain` on a configuration with planted secrets, and catches what it prints. */
#ifndef TESTS_CMD_EXPLAINED_H
#define TESTS_CMD_EXPLAINED_H

#include "bridge/cmd/cmd.h"

#include <stddef.h>

/* None of them may ever be printed. */
#define PLANTED_KEY "PlantedAccessKeyId"
#define PLANTED_SECRET "PlantedAccessKeySecret"
#define PLANTED_TOKEN "PlantedSecurityToken"
#define PLANTED_APP_KEY "PlantedAppKey"
#define PLANTED_APP_SECRET "PlantedAppSecret"

enum explained_form { EXPLAINED_TEXT, EXPLAINED_JSON };

struct explained {
    int code;
    char out[1 << 20], error[8192];
};

/* `event` is written to a file whose path is the last word; NULL = no such file. `words` end with NULL. Static result. */
const struct explained *explained(enum explained_form, const char *event, size_t size, const char *const *words);
const struct explained *explained_text(const char *event, const char *const *words);

#endif
