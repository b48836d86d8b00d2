/* check.c: alertbridge check: the configuration, offline. */
#include "bridge/cmd/load.h"
#include "bridge/worker/worker.h"

static const char *
plural(unsigned n)
{
    return n == 1 ? "" : "s";
}

static unsigned
n_topics(const struct config *config)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < config->n_sources; i++)
        n += config->sources[i].n_topics;
    return n;
}

static void
put_summary(struct buf *out, const struct config *config, const struct config_report *report)
{
    buf_format(out, "ok: %u source%s (%u topic%s), %u target%s, %u route%s, dead letters to %s\n", config->n_sources,
               plural(config->n_sources), n_topics(config), plural(n_topics(config)), config->n_targets,
               plural(config->n_targets), config->n_routes, plural(config->n_routes), config->dead_letter.topic);
    for (uint32_t i = 0; i < config->n_targets; i++) {
        const struct config_target *target = &config->targets[i];
        buf_format(out, "target %s: %s at %s, %u calls at once\n", target->name,
                   target->settings.kind == TARGET_SOAR ? "soar" : "notice", target->endpoint, target->concurrency);
    }
    buf_format(out, "memory: %zu MiB at most, touched as it is used\n", (worker_memory(config) + (1 << 20) - 1) >> 20);
    if (report->warnings > 0)
        buf_format(out, "%u warning%s\n", report->warnings, plural(report->warnings));
}

int
cmd_check(struct cmd_context *context)
{
    struct config_report report;
    int code;
    if (context->argc > 1) {
        fprintf(stderr, "alertbridge check: unexpected \"%.60s\"\n", context->argv[1]);
        return EXIT_USAGE;
    }
    struct config *config = cmd_load_report(context, &report, &code);
    if (code == EXIT_DONE || code == EXIT_CONFIG)
        cmd_print_report(&report, context->json ? stdout : stderr, context->json);
    struct buf *out = config == NULL || context->json ? NULL : text_new();
    if (out != NULL) {
        put_summary(out, config, &report);
        code = text_print(out);
    }
    config_report_free(&report);
    config_free(config);
    return code;
}
