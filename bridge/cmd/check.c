/* check.c: alertbridge check: the configuration, offline; with --connect also what it names. */
#include "bridge/cmd/check_connect.h"
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

/* True when all words are known; *connect = --connect stands among them. */
static bool
read_words(const struct cmd_context *context, bool *connect)
{
    *connect = false;
    for (int i = 1; i < context->argc; i++) {
        if (strcmp(context->argv[i], "--connect") != 0) {
            fprintf(stderr, "alertbridge check: unexpected \"%.60s\"\n", context->argv[i]);
            return false;
        }
        *connect = true;
    }
    return true;
}

static int
print_summary(const struct config *config, const struct config_report *report)
{
    struct buf *out = text_new();
    if (out == NULL)
        return EXIT_INTERNAL;
    put_summary(out, config, report);
    return text_print(out);
}

int
cmd_check(struct cmd_context *context)
{
    struct config_report report;
    int code;
    bool connect;
    if (!read_words(context, &connect))
        return EXIT_USAGE;
    struct config *config = cmd_load_report(context, &report, &code);
    bool reports_later = connect && context->json && config != NULL;     /* one object on stdout, not two */
    if ((code == EXIT_DONE || code == EXIT_CONFIG) && !reports_later)
        cmd_print_report(&report, context->json ? stdout : stderr, context->json);
    if (config != NULL && !context->json)
        code = print_summary(config, &report);
    if (config != NULL && connect && code == EXIT_DONE)
        code = check_connect(context, config, &report);
    config_report_free(&report);
    config_free(config);
    return code;
}
