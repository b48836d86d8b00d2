/* explain_event.c: each event of a record: who it is, where it goes, and under which claim. */
#include "bridge/cmd/explain.h"

#include "bridge/io/dedup.h"

static void
put_order_key(struct outline *out, const struct explain *explain, const struct event *event)
{
    struct slice key = event_order_key(event, explain->record.key);
    outline_text(out, "order_key", key.size ? key : (struct slice){ 0 });
}

static void
put_identity(struct outline *out, const struct explain *explain, const struct event *event)
{
    outline_text(out, "id", event->id);
    outline_texts(out, "kind", event_kind_name(event->kind));
    put_order_key(out, explain, event);
    outline_format(out, "fingerprint", "%016llx", (unsigned long long)event_fingerprint(event, &explain->settings.hash_key));
    if (event->dedup_key.at)
        outline_text(out, "dedup_key", event->dedup_key);
    if (event->severity)
        outline_number(out, "severity", event->severity);
    if (event->source.at)
        outline_text(out, "source", event->source);
    if (event->unknown_fields)
        outline_number(out, "unknown_fields", event->unknown_fields);
}

/* The engine hashes these four into the lane's number: equal ones wait for each other. */
static void
put_lane(struct outline *out, const struct explain *explain, const struct event *event, const struct target_policy *policy)
{
    struct slice key = event_order_key(event, explain->record.key);
    if (key.size == 0)
        outline_texts(out, "lane", "none: the event has no order key");
    else if (policy->order == ORDER_NONE)
        outline_texts(out, "lane", "none: the target says order: none");
    else
        outline_format(out, "lane", "%s/<partition>/%s/%.*s", explain->topic, policy->name, (int)key.size, key.at);
}

static void
put_window(struct outline *out, const struct explain *explain, const struct event *event, const struct route *route)
{
    char memory[512];
    struct buf key;
    struct hash128 hash;
    if (route->window_ms == 0)
        return;
    if (!route_window(route, event, &explain->settings.hash_key, &hash)) {
        outline_format(out, "window", "none: the event has no %s", route->n_window_keys ? "field of the key" : "dedupKey");
        return;
    }
    buf_init(&key, memory, sizeof(memory));
    dedup_window_key(&key, explain->config->redis.prefix, route->name, hash);
    outline_text(out, "window_key", buf_view(&key));
    outline_number(out, "window_ms", route->window_ms);
}

static void
put_delivery(struct outline *out, const struct explain *explain, const struct event *event, const struct routed *routed)
{
    const struct target_policy *policy = &explain->settings.targets[routed->target];
    char memory[512];
    struct buf key;
    int64_t expires;
    buf_init(&key, memory, sizeof(memory));
    dedup_key(&key, explain->config->redis.prefix, policy->name, event->id, &explain->settings.hash_key);
    outline_object(out, NULL);
    outline_texts(out, "target", policy->name);
    outline_text(out, "claim_key", buf_view(&key));
    put_window(out, explain, event, &explain->settings.routes[routed->route]);
    put_lane(out, explain, event, policy);
    if (event_time_ms(&event->expires_at, &expires) && expires <= explain->wall_ms)
        outline_format(out, "parked", "%s: %s", reason_name(REASON_EXPIRED), reason_text(REASON_EXPIRED));
    outline_close(out);
}

static void
put_deliveries(struct outline *out, const struct explain *explain, const struct event *event)
{
    const struct engine_config *settings = &explain->settings;
    struct routed routed[ROUTES_MAX];
    uint32_t n = route_event(settings->routes, settings->n_routes, event, explain->source, slice_of(explain->topic), routed);
    if (n == 0)
        outline_format(out, "parked", "%s: %s", reason_name(REASON_NO_ROUTE), reason_text(REASON_NO_ROUTE));
    if (n == 0 || routed[0].target == TARGET_DROP)
        return;
    outline_list(out, "deliveries");
    for (uint32_t i = 0; i < n; i++)
        if (routed[i].target >= 0)
            put_delivery(out, explain, event, &routed[i]);
    outline_close(out);
}

void
explain_record(struct outline *out, struct explain *explain)
{
    outline_list(out, "events");
    for (uint32_t i = 0; i < explain->decoded.n; i++) {
        const struct event *event = &explain->decoded.events[i];
        outline_object(out, NULL);
        put_identity(out, explain, event);
        explain_routes(out, explain, event);
        put_deliveries(out, explain, event);
        outline_close(out);
    }
    outline_close(out);
    explain_requests(out, explain);
}
