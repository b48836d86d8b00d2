/* config.c: from files, variables and --set to one checked struct config. */
#include "bridge/config_load.h"
#include "codecs/check.h"

#include <stdlib.h>

struct config *
config_load(const struct config_load *given, struct config_report *report)
{
    struct config *config = calloc(1, sizeof *config);
    check(config != NULL);
    *report = (struct config_report){ 0 };
    config->memory = pool_new();
    struct load load = { .given = given, .config = config, .pool = config->memory, .scratch = pool_new(), .report = report };
    if (load_layers(&load)) {
        load_substitute(&load);
        load_bind(&load);
        load_check(&load);
    }
    config_report_sort(report);
    pool_free(load.scratch);
    if (report->errors == 0)
        return config;
    config_free(config);
    return NULL;
}

void
config_free(struct config *config)
{
    if (config == NULL)
        return;
    pool_free(config->memory);
    free(config);
}
