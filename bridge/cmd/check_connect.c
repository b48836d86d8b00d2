/* check_connect.c: asks Kafka, Redis and the backends one after the other, each within its time, and prints what was found. */
#include "bridge/cmd/check_connect.h"

#include "bridge/cmd/load.h"
#include "bridge/io/secrets.h"

#include <stdio.h>
#include <stdlib.h>

/* Together below 30 s. */
enum { KAFKA_MS_MAX = 10000, REDIS_MS_MAX = 5000, BACKENDS_MS_MAX = 12000 };

static void
progress(const struct cmd_context *context, const char *what, const char *where)
{
    if (!context->quiet)
        fprintf(stderr, "checking %s %s\n", what, where);
}

/* What the offline part warned of, so that one object holds everything. */
static void
add_warnings(struct findings *findings, const struct config_report *report)
{
    for (uint32_t i = 0; i < report->n; i++)
        finding_remedy(finding_warn(findings, "config", report->problems[i].path, "%s", report->problems[i].text), "%s",
                       report->problems[i].remedy ? report->problems[i].remedy : "");
}

static enum group_past
check_kafka(struct findings *findings, const struct config *config)
{
    struct load_kafka *kafka = calloc(1, sizeof *kafka);
    struct kafka_probe seen;
    if (kafka == NULL)
        return GROUP_PAST_UNKNOWN;
    load_kafka(config, kafka);
    kafka_probe_run(&kafka->config, KAFKA_MS_MAX, &seen);
    judge_kafka(findings, config, &seen);
    enum group_past past = group_past_of(&seen);
    kafka_probe_free(&seen);
    free(kafka);
    return past;
}

/* One command's time for the way there and one for the answers. */
static int64_t
redis_bound_ms(const struct config *config)
{
    int64_t bound = 2 * config->redis.timeout_ms;
    return bound < REDIS_MS_MAX ? bound : REDIS_MS_MAX;
}

static void
check_redis(struct findings *findings, const struct config *config, enum group_past past)
{
    struct secret file = { .path = config->redis.password_file };
    struct redis_probe seen;
    if (strcmp(config->redis.url, "memory:") == 0) {
        judge_redis_memory(findings);
        return;
    }
    if (file.path[0] && secret_read(&file) != SECRET_CHANGED) {
        finding_remedy(finding_fail(findings, EXIT_CONFIG, "redis.connection", config->redis.url,
                                    "redis.password_file cannot be read: %s", file.path),
                       "create it, or take the option out");
        return;
    }
    struct slice text = secret_view(&file);
    char *password = strndup(text.at ? text.at : "", text.size);
    redis_probe_run(&(struct redis_probe_config){ config->redis.url, password ? password : "", config->redis.prefix,
                                                  config->redis.sentinel_password_file, config->redis.ca_file,
                                                  redis_bound_ms(config) },
                    &seen);
    if (password)
        explicit_bzero(password, strlen(password));
    free(password);
    secret_wipe(&file);
    judge_redis(findings, config, &seen, past);
}

/* Credentials, then up to two calls. */
static int64_t
backends_bound_ms(const struct config *config)
{
    int64_t longest = 0;
    for (uint32_t i = 0; i < config->n_targets; i++)
        if (config->targets[i].call_timeout_ms > longest)
            longest = config->targets[i].call_timeout_ms;
    return 3 * longest < BACKENDS_MS_MAX ? 3 * longest : BACKENDS_MS_MAX;
}

static bool
check_backends(struct findings *findings, const struct config *config)
{
    struct inquiry *seen = calloc(config->n_targets, sizeof *seen);
    bool asked = seen != NULL && inquire(config, backends_bound_ms(config), seen);
    for (uint32_t i = 0; asked && i < config->n_targets; i++)
        judge_backend(findings, config, i, &seen[i]);
    free(seen);
    return asked;
}

int
check_connect(struct cmd_context *context, const struct config *config, const struct config_report *report)
{
    struct findings findings = { 0 };
    if (context->json)
        add_warnings(&findings, report);
    progress(context, "kafka", config->kafka.brokers);
    enum group_past past = check_kafka(&findings, config);
    progress(context, "redis", config->redis.url);
    check_redis(&findings, config, past);
    progress(context, "targets", "with their credentials, sending nothing");
    bool asked = check_backends(&findings, config);
    struct buf *out = asked ? text_new() : NULL;
    int code = out ? (int)findings_code(&findings) : EXIT_INTERNAL;
    if (out) {
        if (context->json)
            findings_json(out, &findings);
        else
            findings_text(out, &findings);
        if (text_print(out) != EXIT_DONE)
            code = EXIT_IO;
    }
    findings_free(&findings);
    return code;
}
