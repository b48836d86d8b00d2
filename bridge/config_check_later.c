/* config_check_later.c: options that are part of the contract and not in effect in this release. They are accepted, and it is
 * said: a configuration must never seem to do what it does not. A row goes when its option works. */
#include "bridge/config_load.h"

static const char *const process_rows[] = {
    "stall", "scaling", "log.payload_digest",
};
static const char *const target_rows[] = { "propagate_trace" };

static void
warn(struct load *load, const char *path)
{
    if (load_find(load, path) != NULL)
        load_warning(load, path, "is accepted and has no effect in this release", "see docs/semantics.md, the last section");
}

void
load_check_later(struct load *load)
{
    if (load->config->admin.control_socket[0] != '\0')
        warn(load, "admin.control_socket");
    for (size_t i = 0; i < sizeof process_rows / sizeof process_rows[0]; i++)
        warn(load, process_rows[i]);
    for (uint32_t t = 0; t < load->config->n_targets; t++)
        for (size_t i = 0; i < sizeof target_rows / sizeof target_rows[0]; i++)
            warn(load, pool_format(load->scratch, "targets[%u].%s", t, target_rows[i]));
}
