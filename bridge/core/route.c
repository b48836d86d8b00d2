/* route.c: the tests of one rule, the walk over all of them, and the key of its window. */
#include "bridge/core/route.h"

#include "codecs/check.h"
#include "codecs/mutant.h"

static bool
severity_fits(const struct route *route, int severity)
{
    if (route->severity_below == 0 && route->severity_at_least == 0)
        return true;
    if (severity == 0)      /* unknown: neither test may claim to know better */
        return false;
    if (route->severity_below != 0 && severity >= route->severity_below)
        return false;
    return severity >= route->severity_at_least;
}

static bool
topic_fits(const struct route *route, struct slice topic)
{
    for (uint32_t i = 0; i < route->n_topics; i++)
        if (slice_is(topic, route->topics[i]))
            return true;
    return route->n_topics == 0;
}

static bool
labels_fit(const struct route *route, const struct event *event)
{
    for (uint32_t i = 0; i < route->n_labels; i++) {
        const struct value *label = event->labels ? value_member(event->labels, route->labels[i].name) : NULL;
        if (!label || label->type != VALUE_STRING || !slice_is(label->text, route->labels[i].value))
            return false;
    }
    return true;
}

bool
route_matches(const struct route *route, const struct event *event, uint32_t source, struct slice topic)
{
    check(source < SOURCES_MAX && (unsigned)event->kind < EVENT_KIND_COUNT);
    if (route->kinds != 0 && (route->kinds & UINT32_C(1) << event->kind) == 0)
        return false;
    if (route->sources != 0 && (route->sources & UINT64_C(1) << source) == 0)
        return false;
    return severity_fits(route, event->severity) && topic_fits(route, topic) && labels_fit(route, event);
}

uint32_t
route_event(const struct route *routes, uint32_t n_routes, const struct event *event, uint32_t source, struct slice topic,
            struct routed *out)
{
    uint64_t seen = 0;              /* bits of target indexes */
    uint32_t n = 0;
    uint32_t drop = n_routes;       /* the first one that matched; n_routes = none */
    for (uint32_t i = 0; i < n_routes; i++) {
        if (!route_matches(&routes[i], event, source, topic))
            continue;
        if (routes[i].target == TARGET_DROP) {
            drop = i < drop ? i : drop;
        } else {
            check(routes[i].target >= 0 && routes[i].target < TARGETS_MAX);
            uint64_t bit = UINT64_C(1) << routes[i].target;
            if ((seen & bit) == 0)
                out[n++] = (struct routed){ .target = routes[i].target, .route = i };
            seen |= bit;
        }
        if (routes[i].stop)
            break;
    }
    if (MUTATED(drop_wins) && drop < n_routes)
        n = 0;
    if (n == 0 && drop < n_routes && !MUTATED(dropped_parked))
        out[n++] = (struct routed){ .target = TARGET_DROP, .route = drop };
    return n;
}

static void
put_size(struct siphash *hash, uint64_t size)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(size >> (8 * i));
    siphash_update(hash, bytes, sizeof(bytes));
}

/* An absent field has a length that no text has. */
static void
put_field(struct siphash *hash, const char *name, struct slice text)
{
    siphash_update(hash, name, strlen(name) + 1);
    put_size(hash, text.at ? text.size : UINT64_MAX);
    siphash_update(hash, text.at, text.size);
}

bool
route_window(const struct route *route, const struct event *event, const struct sipkey *key, struct hash128 *hash)
{
    static const char *const dedup_key[] = { "dedupKey" };
    const char *const *names = route->n_window_keys ? route->window_keys : dedup_key;
    uint32_t n = route->n_window_keys ? route->n_window_keys : 1;
    bool any = false;
    struct siphash state;
    if (route->window_ms == 0)
        return false;
    siphash_init128(&state, key);
    for (uint32_t i = 0; i < n; i++) {
        struct slice text = event_field(event, names[i]);
        if (!MUTATED(window_of_all))
            put_field(&state, names[i], text);
        any |= text.at != NULL;
    }
    *hash = siphash_end128(&state);
    return any;
}
