/* config.h: the configuration, parsed, checked and complete. Every option is one row of options.def; parser, errors, help,
 * docs/config.md and the JSON Schema read that row.
 *
 * Texts belong to the config and live as long as it does. */
#ifndef BRIDGE_CONFIG_H
#define BRIDGE_CONFIG_H

#include "codecs/backend.h"
#include "codecs/decode.h"

#include <stdint.h>

struct buf;

enum {
    CONFIG_TOPICS_MAX = 32,
    CONFIG_PROPERTIES_MAX = 128,
    CONFIG_LABELS_MAX = 16,
    CONFIG_WINDOW_KEYS_MAX = 8,
    CONFIG_LIST_MAX = 64,
};

struct config_pair {
    const char *name, *value;
    int line, column;           /* of the value, for errors of librdkafka */
    const char *file;
};

struct config_source {
    const char *name;
    const char *topics[CONFIG_TOPICS_MAX];
    uint32_t n_topics;
    enum format format;
    bool strict;
    bool start_at_end;          /* start: end */
    bool ce_identity_id;        /* ce_identity: id */
};

/* Times in milliseconds. Enumerations are those of bridge/core/engine.h by value; this header stays below the core. */
struct config_target {
    const char *name;
    struct backend_settings settings;       /* kind, host, path and all that shapes requests */
    const char *endpoint;                   /* origin: scheme, host, port */
    const char *access_key_id_file, *access_key_secret_file, *security_token_file;     /* "" = not given */
    const char *app_key_file, *app_secret_file;
    uint32_t concurrency;
    uint64_t rate_per_hour;                 /* 0 = none */
    uint32_t batch_messages, batch_bytes;
    int64_t batch_linger_ms;
    int order, on_ambiguous, on_conflict, on_redis_down, on_amnesia;
    uint32_t max_ambiguous;                 /* UINT32_MAX = no limit */
    uint32_t retry_max_attempts;
    int64_t retry_max_elapsed_ms, retry_base_ms, retry_max_ms, retry_after_max_ms;
    int64_t connect_timeout_ms, call_timeout_ms;
    uint32_t breaker_failures;
    int64_t breaker_every_ms;
    int64_t claim_lease_ms, dedup_ttl_ms, max_age_ms;
    bool allow_plain_http, allow_http_urls, propagate_trace;
    const char *proxy, *ca_file;
};

struct config_route {
    const char *name;
    uint32_t kinds;                         /* bits of enum event_kind, 0 = any */
    int severity_below, severity_at_least;
    uint64_t sources;
    const char *topics[CONFIG_TOPICS_MAX];
    uint32_t n_topics;
    struct config_pair labels[CONFIG_LABELS_MAX];
    uint32_t n_labels;
    int target;                             /* index, or -2 = drop */
    bool stop;
    int64_t window_ms;
    const char *window_keys[CONFIG_WINDOW_KEYS_MAX];
    uint32_t n_window_keys;
};

struct config {
    struct {
        const char *brokers, *group, *instance_id;
        struct config_pair properties[CONFIG_PROPERTIES_MAX];
        uint32_t n_properties;
    } kafka;
    struct {
        const char *url, *prefix, *password_file, *sentinel_password_file, *ca_file;
        int64_t timeout_ms;
        uint64_t journal_max_len;
        int64_t journal_max_age_ms;
    } redis;
    struct config_source sources[CONFIG_LIST_MAX];
    uint32_t n_sources;
    struct config_target targets[CONFIG_LIST_MAX];
    uint32_t n_targets;
    struct config_route routes[CONFIG_LIST_MAX];
    uint32_t n_routes;
    struct {
        const char *topic;
        double guard_share;
        uint32_t guard_min_records;
        int64_t guard_window_ms;
    } dead_letter;
    struct {
        const char *listen;                 /* "none" = no admin port */
        const char *control_socket;
    } admin;
    int64_t drain_ms;
    struct {
        uint32_t window_records;
        uint64_t window_bytes;
        uint32_t record_bytes;
    } limits;
    struct {
        int level;                          /* enum log_level */
        int format;                         /* enum log_format */
        bool payload_digest;
    } log;
    struct {
        int64_t after_ms;
        bool exit;                          /* stall.action: exit */
    } stall;
    struct {
        bool kafka, redis, progress, backend;
    } readiness;
    struct {
        double assumed_rate_per_s;
        int64_t target_backlog_ms;
    } scaling;
    bool metrics_per_partition;
    void *memory;                           /* the parser's; config_free gives it back */
};

/* One problem, ready to print: "bridge.yaml:14:5: routes[1].to: unknown target ...", the source line, the caret. */
struct config_problem {
    const char *file;           /* or "environment", "--set" */
    int line, column;           /* from 1; 0 = no place */
    const char *path;           /* "routes[1].to" */
    const char *text;           /* the fact */
    const char *remedy;         /* what to do */
    bool warning;
    const char *source_line;    /* NULL = none */
};

struct config_report {
    struct config_problem *problems;
    uint32_t n, errors, warnings;
    void *memory;
};

/* Loads `files` in order, then ALERTBRIDGE_* variables, then `sets` ("kafka.brokers=..."). All problems come at once. Returns
 * NULL when there is an error; warnings alone do not stop it. Secret files are looked at (present, not empty), not kept.
 * librdkafka's properties are checked by `check_kafka` when given (it returns false and fills error; `property` names the
 * offender or NULL). */
struct config_load {
    const char *const *files;
    uint32_t n_files;
    const char *const *sets;
    uint32_t n_sets;
    char *const *environment;           /* environ */
    bool (*check_kafka)(const struct config *, const char **property, char *error, size_t error_size);
};
struct config *config_load(const struct config_load *, struct config_report *);
void config_free(struct config *);
void config_report_free(struct config_report *);
void config_report_text(struct buf *, const struct config_report *);
void config_report_json(struct buf *, const struct config_report *);
void config_problem_line(struct buf *, const struct config_problem *);     /* place, fact and remedy, without a newline */

void config_example(struct buf *);      /* YAML that `check` accepts */
void config_docs(struct buf *);         /* docs/config.md */
void config_schema(struct buf *);       /* JSON Schema 2020-12 */

#endif
