/* dedup.c: picks the store by its url and hands each order to it. */
#include "bridge/io/dedup_store.h"

#include "codecs/check.h"

#include <stdio.h>
#include <stdlib.h>

bool
dedup_is_memory(const char *url)
{
    return strcmp(url, "memory:") == 0;
}

struct dedup *
dedup_new(const struct dedup_config *config, struct event_base *base, const struct dedup_handler *handler, char *error,
          size_t error_size)
{
    check(config->orders > 0);
    if (dedup_is_memory(config->url))
        return memory_new(config, base, handler, error, error_size);
    if (config->degrade)
        return degrade_new(config, base, handler, error, error_size);
    return redis_new(config, base, handler, error, error_size);
}

void
dedup_free(struct dedup *dedup)
{
    if (dedup)
        dedup->kind->free(dedup);
}

/* What no store could write is broken code, not a broken world. */
static void
check_order(const struct dedup *dedup, const struct claim_order *order)
{
    check(order->target < dedup->names.n_targets);
    check(order->id.size > 0 && order->ttl_ms > 0 && order->lease_ms >= 0);
    check(!order->window || (order->window->route < dedup->names.n_routes && order->window->window_ms > 0));
}

void
dedup_claim(struct dedup *dedup, const struct claim_order *order)
{
    check_order(dedup, order);
    dedup->kind->order(dedup, order, DEDUP_CLAIM);
}

void
dedup_settle(struct dedup *dedup, const struct claim_order *order)
{
    check_order(dedup, order);
    check(order->end != CLAIM_STATE_NONE);
    dedup->kind->order(dedup, order, DEDUP_SETTLE);
}

void
dedup_renew(struct dedup *dedup, const struct claim_order *order)
{
    check_order(dedup, order);
    struct claim_order renewal = *order;
    renewal.end = CLAIM_STATE_CLAIMED;
    dedup->kind->order(dedup, &renewal, DEDUP_RENEW);
}

void
dedup_journal(struct dedup *dedup, const struct journal_entry *entry)
{
    if (dedup->kind->journal)
        dedup->kind->journal(dedup, entry);
}

void
dedup_flush(struct dedup *dedup)
{
    dedup->kind->flush(dedup);
}

void
dedup_poke(struct dedup *dedup)
{
    dedup->kind->poke(dedup);
}

void
dedup_stats(const struct dedup *dedup, struct dedup_stats *stats)
{
    dedup->kind->stats(dedup, stats);
}

/* A copy of the names; `what` is their place in the configuration. NULL with `error`. */
static struct dedup_name *
names_copy(const char *const *names, uint32_t n, const char *what, char *error, size_t error_size)
{
    struct dedup_name *copy = calloc(n ? n : 1, sizeof(*copy));
    if (!copy) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (strlen(names[i]) > NAME_BYTES_MAX) {
            snprintf(error, error_size, "%s[%u].name: longer than %d bytes", what, i, NAME_BYTES_MAX);
            free(copy);
            return NULL;
        }
        snprintf(copy[i].text, sizeof(copy[i].text), "%s", names[i]);
    }
    return copy;
}

static bool
names_init(struct dedup_names *names, const struct dedup_config *config, char *error, size_t error_size)
{
    names->hash_key = config->hash_key;
    names->n_targets = config->n_targets;
    if (strlen(config->prefix) > DEDUP_PREFIX_BYTES_MAX) {
        snprintf(error, error_size, "redis.prefix: longer than %d bytes", DEDUP_PREFIX_BYTES_MAX);
        return false;
    }
    snprintf(names->prefix, sizeof(names->prefix), "%s", config->prefix);
    names->n_routes = config->n_routes;
    names->targets = names_copy(config->targets, config->n_targets, "targets", error, error_size);
    if (names->targets)
        names->routes = names_copy(config->routes, config->n_routes, "routes", error, error_size);
    return names->routes != NULL;
}

bool
dedup_init(struct dedup *dedup, const struct dedup_kind *kind, const struct dedup_config *config,
           const struct dedup_handler *handler, char *error, size_t error_size)
{
    dedup->kind = kind;
    dedup->handler = *handler;
    dedup->own = config->owner;
    return names_init(&dedup->names, config, error, error_size);
}

void
dedup_release(struct dedup *dedup)
{
    free(dedup->names.targets);
    free(dedup->names.routes);
    dedup->names.targets = NULL;
    dedup->names.routes = NULL;
}

void
dedup_key_of(const struct dedup *dedup, const struct claim_order *order, struct buf *buf)
{
    dedup_key_of_leader(dedup, order, order->id, buf);
}

void
dedup_key_of_leader(const struct dedup *dedup, const struct claim_order *order, struct slice leader, struct buf *buf)
{
    const struct dedup_names *names = &dedup->names;
    dedup_key(buf, names->prefix, names->targets[order->target].text, leader, &names->hash_key);
}

struct hash128
dedup_hash_of(const struct dedup *dedup, const struct claim_order *order)
{
    char text[DEDUP_KEY_BYTES_MAX];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    dedup_key_of(dedup, order, &buf);
    check(!buf.overflow);
    return siphash128(&dedup->names.hash_key, buf.at, buf.size);
}

void
dedup_window_key_of(const struct dedup *dedup, const struct claim_window *window, struct buf *buf)
{
    const struct dedup_names *names = &dedup->names;
    dedup_window_key(buf, names->prefix, names->routes[window->route].text, window->hash);
}
