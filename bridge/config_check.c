/* config_check.c: what no single row can say: options that belong together. */
#include "bridge/config_load.h"

#include <stdio.h>

static const char *
target_path(struct load *load, uint32_t index, const char *name)
{
    return pool_format(load->scratch, "targets[%u].%s", index, name);
}

static const char *
duration_text(struct load *load, int64_t ms)
{
    return ms % 1000 == 0 ? pool_format(load->scratch, "%llds", (long long)(ms / 1000))
                          : pool_format(load->scratch, "%lldms", (long long)ms);
}

/* ---- targets */

/* A call must end well within its claims' lease: twice the call, and the margin after which no call begins. */
static void
check_lease(struct load *load, uint32_t index)
{
    const struct config_target *target = &load->config->targets[index];
    int64_t fifth = target->claim_lease_ms / 5, margin = fifth < 2000 ? fifth : 2000;
    int64_t least = 2 * target->call_timeout_ms + margin;
    if (target->claim_lease_ms < least)
        load_error(load, target_path(load, index, "claim_lease"),
                   pool_format(load->scratch, "%s is below 2 x call_timeout + min(2s, claim_lease / 5) = %s",
                               duration_text(load, target->claim_lease_ms), duration_text(load, least)),
                   "raise claim_lease, or lower call_timeout");
}

static void
check_order_of(struct load *load, uint32_t index, const char *low_name, int64_t low, const char *high_name, int64_t high)
{
    if (low > high)
        load_error(
            load, target_path(load, index, low_name),
            pool_format(load->scratch, "%s is above %s (%s)", duration_text(load, low), high_name, duration_text(load, high)),
            pool_format(load->scratch, "lower %s, or raise %s", low_name, high_name));
}

static void
check_notice(struct load *load, uint32_t index)
{
    struct config_target *target = &load->config->targets[index];
    const struct backend_settings *settings = &target->settings;
    bool has_id = settings->app_id[0] != '\0', has_name = settings->app_name.n > 0;
    if (settings->path[0] != '/' || strpbrk(settings->path, "?#\\ ") != NULL)
        load_error(load, target_path(load, index, "path"), "is no plain path", "begin with / and leave out ? and #");
    if (!has_id && !has_name)
        load_error(load, target_path(load, index, "app_id"), "is required, or app_name", "add one of them");
    if (has_id && has_name)
        load_error(load, target_path(load, index, "app_id"), "stands beside app_name", "keep one of the two");
    if (strlen(settings->message_id_prefix) > 64)
        load_error(load, target_path(load, index, "message_id_prefix"), "is over 64 bytes", "shorten it");
    target->settings.allow_http_urls = target->allow_http_urls;
}

static void
check_soar(struct load *load, uint32_t index)
{
    struct config_target *target = &load->config->targets[index];
    target->settings.path = "/";
    target->batch_messages = 1;
    target->batch_linger_ms = 0;
    if (target->on_redis_down == 1)
        load_warning(load, target_path(load, index, "on_redis_down"), "degrade may notify twice: SOAR does not filter repeats",
                     "use pause unless a second message is welcome");
    if (target->settings.role_type == 1 && target->settings.role_for[0] == '\0')
        load_error(load, target_path(load, index, "role_for"), "is required with role_type: 1", "add the member's account id");
}

void
load_check_target(struct load *load, uint32_t index)
{
    struct config *config = load->config;
    struct config_target *target = &config->targets[index];
    const struct node *kind = load_find(load, target_path(load, index, "kind"));
    if (strcmp(target->name, "drop") == 0)
        load_error(load, target_path(load, index, "name"), "\"drop\" is reserved for routes", "choose another name");
    for (uint32_t i = 0; i < index; i++)
        if (target->name[0] != '\0' && strcmp(target->name, config->targets[i].name) == 0)
            load_error(load, target_path(load, index, "name"),
                       pool_format(load->scratch, "\"%s\" is the name of targets[%u] too", target->name, i), "names are unique");
    check_lease(load, index);
    check_order_of(load, index, "connect_timeout", target->connect_timeout_ms, "call_timeout", target->call_timeout_ms);
    check_order_of(load, index, "retry.base", target->retry_base_ms, "retry.max", target->retry_max_ms);
    check_order_of(load, index, "claim_lease", target->claim_lease_ms, "dedup_ttl", target->dedup_ttl_ms);
    load_check_files(load, index);
    if (kind == NULL || kind->kind != NODE_SCALAR || choice_find(option_find("targets[].kind")->detail, kind->text) < 0)
        return;
    load_check_endpoint(load, index);
    if (target->settings.kind == TARGET_NOTICE)
        check_notice(load, index);
    else
        check_soar(load, index);
}

/* ---- sources and topics */

static bool
topic_is_valid(const char *topic)
{
    size_t size = strspn(topic, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    return size > 0 && size <= 249 && topic[size] == '\0' && strcmp(topic, ".") != 0 && strcmp(topic, "..") != 0;
}

static void
check_topic_is_alone(struct load *load, uint32_t source, uint32_t nth, const char *path)
{
    const struct config *config = load->config;
    const char *topic = config->sources[source].topics[nth];
    for (uint32_t s = 0; s <= source; s++)
        for (uint32_t t = 0; t < config->sources[s].n_topics && (s < source || t < nth); t++)
            if (strcmp(config->sources[s].topics[t], topic) == 0)
                load_error(load, path, pool_format(load->scratch, "topic \"%s\" belongs to sources[%u] already", topic, s),
                           "a topic has one source");
}

static void
check_source(struct load *load, uint32_t index)
{
    const struct config *config = load->config;
    const struct config_source *source = &config->sources[index];
    for (uint32_t i = 0; i < index; i++)
        if (source->name[0] != '\0' && strcmp(source->name, config->sources[i].name) == 0)
            load_error(load, pool_format(load->scratch, "sources[%u].name", index),
                       pool_format(load->scratch, "\"%s\" is the name of sources[%u] too", source->name, i), "names are unique");
    for (uint32_t t = 0; t < source->n_topics; t++) {
        const char *path = pool_format(load->scratch, "sources[%u].topics[%u]", index, t);
        if (source->topics[t][0] != '^' && !topic_is_valid(source->topics[t]))
            load_error(load, path, pool_format(load->scratch, "%s is no topic", load_quote(load, source->topics[t])),
                       "use letters, digits, . _ and -, or ^ and a pattern");
        if (strcmp(source->topics[t], config->dead_letter.topic) == 0)
            load_error(load, path, "is the dead-letter topic",
                       "read it with a group of its own, or name another dead_letter.topic");
        check_topic_is_alone(load, index, t, path);
    }
}

/* ---- the rest */

static void
check_process(struct load *load)
{
    const struct config *config = load->config;
    const char *port, *listen = config->admin.listen;
    int64_t longest = 0;
    for (uint32_t i = 0; i < config->n_targets; i++)
        longest = config->targets[i].call_timeout_ms > longest ? config->targets[i].call_timeout_ms : longest;
    if (config->drain_ms < longest + config->redis.timeout_ms)
        load_warning(load, "shutdown.drain",
                     pool_format(load->scratch, "%s is below the longest call_timeout and redis.timeout together (%s)",
                                 duration_text(load, config->drain_ms), duration_text(load, longest + config->redis.timeout_ms)),
                     "raise it, or stops will cut calls short");
    if (listen[0] != '\0' && strcmp(listen, "none") != 0 && !load_host_port(listen, true, &port))
        load_error(load, "admin.listen", pool_format(load->scratch, "%s is no address:port", load_quote(load, listen)),
                   "write 127.0.0.1:9464, [::1]:9464 or none");
    if (strlen(config->admin.control_socket) > 107)
        load_error(load, "admin.control_socket", "is over 107 bytes, the system's limit for a socket's path", "shorten it");
    if (config->limits.window_bytes < config->limits.record_bytes)
        load_error(load, "limits.window_bytes", "is below limits.record_bytes", "raise it");
    if (config->dead_letter.topic[0] != '\0' && !topic_is_valid(config->dead_letter.topic))
        load_error(load, "dead_letter.topic",
                   pool_format(load->scratch, "%s is no topic", load_quote(load, config->dead_letter.topic)),
                   "use letters, digits, . _ and -");
}

void
load_check(struct load *load)
{
    const struct config *config = load->config;
    for (uint32_t i = 0; i < config->n_sources; i++)
        check_source(load, i);
    for (uint32_t i = 0; i < config->n_targets; i++)
        load_check_target(load, i);
    load_check_routes(load);
    load_check_redis(load);
    check_process(load);
    load_check_kafka(load);
    load_check_later(load);
}
