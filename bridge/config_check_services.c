/* config_check_services.c: Kafka and Redis: what the worker keeps for itself, secrets in the wrong place, addresses. */
#include "bridge/config_load.h"
#include "bridge/redis_url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Properties that are not the user's, and what to use instead. A name that ends in . stands for all that begin so. */
static const struct {
    const char *name, *remedy;
} owned[] = {
    { "group.id", "use kafka.group" },
    { "group.instance.id", "use kafka.instance_id" },
    { "bootstrap.servers", "use kafka.brokers" },
    { "metadata.broker.list", "use kafka.brokers" },
    { "enable.auto.", "remove it: offsets are committed by the worker, after the backend's acknowledgement" },
    { "auto.offset.reset", "use sources[].start" },
    { "isolation.level", "remove it: the worker reads committed records only" },
};

/* Properties whose values are secrets: from a file only. */
static const char *const secret_properties[] = {
    "sasl.password",
    "ssl.key.password",
    "ssl.keystore.password",
    "ssl.key.pem",
    "ssl_key",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
};

static const char *
owner_remedy(const char *name)
{
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) {
        size_t size = strlen(owned[i].name);
        bool prefix = owned[i].name[size - 1] == '.';
        if (strncmp(name, owned[i].name, size) == 0 && (prefix || name[size] == '\0'))
            return owned[i].remedy;
    }
    return NULL;
}

static bool
is_secret_property(const char *name)
{
    for (size_t i = 0; i < sizeof secret_properties / sizeof secret_properties[0]; i++)
        if (strcmp(secret_properties[i], name) == 0)
            return true;
    return false;
}

static bool
assignor_is_eager(const char *value)
{
    return strcmp(value, "range") == 0 || strcmp(value, "roundrobin") == 0;
}

static void
check_property(struct load *load, const struct config_pair *pair)
{
    const char *path = pool_format(load->scratch, "kafka.properties.%s", pair->name), *remedy = owner_remedy(pair->name);
    const struct node *node = load_find(load, path);
    struct place place = node ? node->place : (struct place){ .file = pair->file, .line = pair->line, .column = pair->column };
    if (remedy != NULL)
        load_problem_at(load, SEVERITY_ERROR, &place, path, "belongs to the worker", remedy);
    if (strcmp(pair->name, "partition.assignment.strategy") == 0 && !assignor_is_eager(pair->value))
        load_problem_at(load, SEVERITY_ERROR, &place, path,
                        pool_format(load->scratch, "%s is not taken", load_quote(load, pair->value)),
                        "use range or roundrobin, the same in the whole group");
    place.text = NULL;
    if (is_secret_property(pair->name) && node != NULL && !node->from_file)
        load_problem_at(load, SEVERITY_ERROR, &place, path,
                        "is a secret and is not written into the configuration, variables or arguments",
                        "put it into a file and write ${file:/path}");
}

static bool
brokers_are_valid(struct pool *scratch, const char *brokers)
{
    const char *at = brokers, *port;
    for (;;) {
        size_t size = strcspn(at, ",");
        const char *one = pool_slice(scratch, (struct slice){ at, size });
        const char *scheme = strstr(one, "://");
        if (!load_host_port(scheme ? scheme + 3 : one, false, &port))
            return false;
        if (at[size] == '\0')
            return true;
        at += size + 1;
    }
}

static void
ask_librdkafka(struct load *load)
{
    const struct config *config = load->config;
    const char *property = NULL;
    char error[512] = "";
    if (load->given->check_kafka == NULL || config->kafka.brokers[0] == '\0' || config->kafka.group[0] == '\0')
        return;
    if (load->given->check_kafka(config, &property, error, sizeof error))
        return;
    const char *path = property ? pool_format(load->scratch, "kafka.properties.%s", property) : "kafka";
    load_error(load, path, pool_format(load->scratch, "librdkafka refuses it: %s", error),
               "see https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md");
}

void
load_check_kafka(struct load *load)
{
    const struct config *config = load->config;
    uint32_t errors = load->report->errors;
    for (uint32_t i = 0; i < config->kafka.n_properties; i++)
        check_property(load, &config->kafka.properties[i]);
    if (config->kafka.brokers[0] != '\0' && !brokers_are_valid(load->scratch, config->kafka.brokers))
        load_error(load, "kafka.brokers",
                   pool_format(load->scratch, "%s is no list of host:port", load_quote(load, config->kafka.brokers)),
                   "write host:port, more of them after commas");
    if (load->report->errors == errors)
        ask_librdkafka(load);
}

/* A secret or a certificate that is never used lets a configuration seem safer than it is. */
static void
warn_of_idle_files(struct load *load, const struct redis_url *url)
{
    const struct config *config = load->config;
    if (!url->tls && config->redis.ca_file[0] != '\0')
        load_warning(load, "redis.ca_file", "has no effect: redis.url asks for no TLS", "write rediss:// there, or remove it");
    if (url->way != REDIS_BY_SENTINEL && config->redis.sentinel_password_file[0] != '\0')
        load_warning(load, "redis.sentinel_password_file", "has no effect: redis.url names no sentinels",
                     "use redis.password_file, or redis+sentinel://");
    if (url->user[0] != '\0' && config->redis.password_file[0] == '\0')
        load_warning(load, "redis.url", "names a user, who is not logged in without a password",
                     "name its file with redis.password_file");
}

static void
check_redis_url(struct load *load, const char *text)
{
    struct redis_url url;
    struct redis_url_fault fault;
    if (text[0] == '\0' || strcmp(text, "memory:") == 0)
        return;
    if (redis_url_parse(text, &url, &fault)) {
        warn_of_idle_files(load, &url);
        return;
    }
    struct place place = load_nearest(load, "redis.url")->place;
    if (fault.holds_secret)
        place.text = NULL;
    load_problem_at(load, SEVERITY_ERROR, &place, "redis.url", fault.what, fault.remedy);
}

void
load_check_redis(struct load *load)
{
    const struct config *config = load->config;
    check_redis_url(load, config->redis.url);
    load_check_secret(load, "redis.password_file", config->redis.password_file);
    load_check_secret(load, "redis.sentinel_password_file", config->redis.sentinel_password_file);
    if (config->redis.ca_file[0] != '\0' && access(config->redis.ca_file, R_OK) != 0)
        load_error(load, "redis.ca_file",
                   pool_format(load->scratch, "%s cannot be read: %s", config->redis.ca_file, strerror(errno)),
                   "name a file of PEM certificates");
    if (strcmp(config->redis.url, "memory:") == 0)
        load_warning(load, "redis.url", "memory: forgets at every restart and is seen by one process only",
                     "use Redis outside of trials");
}
