/* settings.c: the configuration, said again in the terms of engine and adapters. */
#include "bridge/worker/parts.h"

#include "bridge/io/clock.h"

#include <string.h>

static void
target_policy(const struct config_target *from, struct target_policy *to)
{
    *to = (struct target_policy){
        .name = from->name,
        .backend = backend_of(from->settings.kind),
        .settings = &from->settings,
        .batch_messages = from->batch_messages,
        .batch_bytes = from->batch_bytes,
        .linger_ms = from->batch_linger_ms,
        .concurrency = from->concurrency,
        .rate_per_hour = from->rate_per_hour,
        .order = (enum order)from->order,
        .max_attempts = from->retry_max_attempts,
        .max_elapsed_ms = from->retry_max_elapsed_ms,
        .retry_base_ms = from->retry_base_ms,
        .retry_max_ms = from->retry_max_ms,
        .retry_after_max_ms = from->retry_after_max_ms,
        .connect_timeout_ms = from->connect_timeout_ms,
        .call_timeout_ms = from->call_timeout_ms,
        .claim_lease_ms = from->claim_lease_ms,
        .dedup_ttl_ms = from->dedup_ttl_ms,
        .max_age_ms = from->max_age_ms,
        .on_ambiguous = (enum on_ambiguous)from->on_ambiguous,
        .max_ambiguous = from->max_ambiguous,
        .on_conflict = (enum on_conflict)from->on_conflict,
        .on_redis_down = (enum on_redis_down)from->on_redis_down,
        .on_amnesia = (enum on_amnesia)from->on_amnesia,
        .breaker_failures = from->breaker_failures,
        .breaker_every_ms = from->breaker_every_ms,
    };
    if (to->batch_messages > to->backend->batch_max)
        to->batch_messages = to->backend->batch_max;
}

static void
route_rule(const struct config_route *from, struct route *to)
{
    *to = (struct route){
        .name = from->name,
        .kinds = from->kinds,
        .severity_below = from->severity_below,
        .severity_at_least = from->severity_at_least,
        .sources = from->sources,
        .target = from->target,
        .stop = from->stop,
        .window_ms = from->window_ms,
        .n_topics = from->n_topics,
        .n_labels = from->n_labels,
        .n_window_keys = from->n_window_keys,
    };
    for (uint32_t i = 0; i < from->n_topics; i++)
        to->topics[i] = from->topics[i];
    for (uint32_t i = 0; i < from->n_labels; i++)
        to->labels[i] = (struct route_label){ from->labels[i].name, from->labels[i].value };
    for (uint32_t i = 0; i < from->n_window_keys; i++)
        to->window_keys[i] = from->window_keys[i];
}

void
worker_engine_config(const struct config *config, struct engine_config *engine)
{
    memset(engine, 0, sizeof(*engine));
    engine->n_targets = config->n_targets;
    for (uint32_t i = 0; i < config->n_targets; i++)
        target_policy(&config->targets[i], &engine->targets[i]);
    engine->guard = (struct guard_policy){
        .share_permille = (uint32_t)(config->dead_letter.guard_share * 1000 + 0.5),
        .min_records = config->dead_letter.guard_min_records,
        .window_ms = config->dead_letter.guard_window_ms,
    };
    engine->n_sources = config->n_sources;
    for (uint32_t i = 0; i < config->n_sources; i++) {
        const struct config_source *source = &config->sources[i];
        engine->sources[i].name = source->name;
        engine->sources[i].rules = (struct decode_rules){ source->format, source->strict, source->ce_identity_id,
                                                          config->limits.record_bytes };
    }
    engine->n_routes = config->n_routes;
    for (uint32_t i = 0; i < config->n_routes; i++)
        route_rule(&config->routes[i], &engine->routes[i]);
    engine->window_records = config->limits.window_records;
    engine->window_bytes = config->limits.window_bytes;
    engine->drain_ms = config->drain_ms;
    engine->revoke_drain_ms = 5000;
    engine->commit_every_ms = 1000;
    engine->commit_every_records = 1000;
}

bool
worker_degrades(const struct engine_config *settings)
{
    for (uint32_t i = 0; i < settings->n_targets; i++)
        if (settings->targets[i].on_redis_down == REDIS_DOWN_DEGRADE)
            return true;
    return false;
}

void
worker_hash_key(struct crypto *crypto, const char *prefix, struct sipkey *key)
{
    uint8_t digest[SHA256_BYTES];
    struct slice parts[2] = { SLICE("alertbridge:"), slice_of(prefix) };
    crypto_sha256(crypto, parts, 2, digest);
    memcpy(&key->k0, digest, 8);
    memcpy(&key->k1, digest + 8, 8);
}

void
settings_kafka(const struct config *config, struct kafka_config *kafka, struct kafka_property *properties,
               struct kafka_topic *topics)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < config->kafka.n_properties; i++)
        properties[i] = (struct kafka_property){ config->kafka.properties[i].name, config->kafka.properties[i].value };
    for (uint32_t i = 0; i < config->n_sources; i++)
        for (uint32_t j = 0; j < config->sources[i].n_topics; j++)
            topics[n++] = (struct kafka_topic){ config->sources[i].topics[j], i, config->sources[i].start_at_end };
    *kafka = (struct kafka_config){
        .brokers = config->kafka.brokers,
        .group = config->kafka.group,
        .instance_id = config->kafka.instance_id,
        .properties = properties,
        .n_properties = config->kafka.n_properties,
        .topics = topics,
        .n_topics = n,
        .dead_letter_topic = config->dead_letter.topic,
    };
}

void
settings_endpoint(const struct config_target *target, struct http_endpoint *endpoint)
{
    *endpoint = (struct http_endpoint){
        .origin = target->endpoint,
        .connect_timeout_ms = target->connect_timeout_ms,
        .call_timeout_ms = target->call_timeout_ms,
        .proxy = target->proxy ? target->proxy : "",
        .ca_file = target->ca_file ? target->ca_file : "",
    };
}

static uint32_t
calls_of(const struct config *config)
{
    uint32_t calls = config->n_targets;     /* one token call each */
    for (uint32_t i = 0; i < config->n_targets; i++)
        calls += config->targets[i].concurrency;
    return calls;
}

size_t
worker_memory(const struct config *config)
{
    static struct engine_config engine;     /* large; used at start only */
    worker_engine_config(config, &engine);
    return engine_size(&engine) + slab_size(2 * config->limits.window_bytes, 2 * engine_records_max(&engine)) +
           (size_t)calls_of(config) * REPLY_BYTES_MAX + (worker_degrades(&engine) ? dedup_degrade_size() : 0);
}
