/* load.c: the configuration that a command line names, with everything that is wrong with it. */
#include "bridge/cmd/load.h"

#include "bridge/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

/* librdkafka names the property in its text, where it names one: the longest of ours that is in it. */
static const char *
named_property(const struct config *config, const char *error)
{
    const char *best = NULL;
    for (uint32_t i = 0; i < config->kafka.n_properties; i++) {
        const char *name = config->kafka.properties[i].name;
        if (strstr(error, name) != NULL && (best == NULL || strlen(name) > strlen(best)))
            best = name;
    }
    return best;
}

void
load_kafka(const struct config *config, struct load_kafka *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < config->kafka.n_properties; i++)
        out->properties[i] = (struct kafka_property){ config->kafka.properties[i].name, config->kafka.properties[i].value };
    for (uint32_t s = 0; s < config->n_sources; s++)
        for (uint32_t t = 0; t < config->sources[s].n_topics; t++)
            out->topics[n++] = (struct kafka_topic){ config->sources[s].topics[t], s, config->sources[s].start_at_end };
    out->config = (struct kafka_config){
        .brokers = config->kafka.brokers,
        .group = config->kafka.group,
        .instance_id = config->kafka.instance_id,
        .properties = out->properties,
        .n_properties = config->kafka.n_properties,
        .topics = out->topics,
        .n_topics = n,
        .dead_letter_topic = config->dead_letter.topic,
    };
}

static bool
check_kafka(const struct config *config, const char **property, char *error, size_t error_size)
{
    struct load_kafka *kafka = calloc(1, sizeof *kafka);
    if (kafka == NULL)
        return true;
    load_kafka(config, kafka);
    bool ok = kafka_check(&kafka->config, error, error_size);
    free(kafka);
    if (!ok)
        *property = named_property(config, error);
    return ok;
}

static const char *
missing_file(const struct cmd_context *context)
{
    for (unsigned i = 0; i < context->n_files; i++)
        if (strcmp(context->files[i], "-") != 0 && access(context->files[i], R_OK) != 0)
            return context->files[i];
    return NULL;
}

struct config *
cmd_load_report(const struct cmd_context *context, struct config_report *report, int *code)
{
    const struct config_load given = {
        .files = context->files,
        .n_files = context->n_files,
        .sets = context->sets,
        .n_sets = context->n_sets,
        .environment = environ,
        .check_kafka = check_kafka,
    };
    *report = (struct config_report){ 0 };
    *code = EXIT_DONE;
    const char *missing = missing_file(context);
    if (context->n_files == 0) {
        fprintf(stderr, "alertbridge %s: no configuration; add -c FILE (`alertbridge config example` prints one)\n",
                context->argv[0]);
        *code = EXIT_USAGE;
        return NULL;
    }
    if (missing != NULL) {
        fprintf(stderr, "alertbridge %s: %s: %s\n", context->argv[0], missing, strerror(errno));
        *code = EXIT_NO_INPUT;
        return NULL;
    }
    struct config *config = config_load(&given, report);
    *code = config == NULL ? EXIT_CONFIG : EXIT_DONE;
    return config;
}

void
cmd_print_report(const struct config_report *report, FILE *where, bool json)
{
    struct buf *out = report->n == 0 && !json ? NULL : text_new();
    if (out == NULL)
        return;
    if (json)
        config_report_json(out, report);
    else
        config_report_text(out, report);
    fwrite(out->at, 1, out->size, where);
    text_free(out);
}

void
cmd_print_refusal(const struct cmd_context *context, const struct config_report *report, int code)
{
    if (code != EXIT_USAGE && code != EXIT_NO_INPUT)
        cmd_print_report(report, context->json ? stdout : stderr, context->json);
}

struct config *
cmd_load(struct cmd_context *context, int *code)
{
    struct config_report report;
    struct config *config = cmd_load_report(context, &report, code);
    if (config == NULL)
        cmd_print_refusal(context, &report, *code);
    else
        cmd_print_report(&report, stderr, false);
    config_report_free(&report);
    return config;
}

void
cmd_log_warnings(const struct config_report *report)
{
    char line[4096];
    struct buf buf;
    for (uint32_t i = 0; i < report->n; i++) {
        buf_init(&buf, line, sizeof line);
        config_problem_line(&buf, &report->problems[i]);
        const char *text = buf_cstr(&buf);
        log_line(LOG_AB1101, &(struct log_fields){ .error = buf.overflow ? report->problems[i].text : text });
    }
}
