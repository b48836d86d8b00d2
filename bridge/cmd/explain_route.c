/* explain_route.c: what each route says to an event, and why. */
#include "bridge/cmd/explain.h"

static void
refused_kind(const struct route *route, const struct event *event, struct buf *why)
{
    buf_format(why, "kind %s is none of:", event_kind_name(event->kind));
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++)
        if (route->kinds & 1u << kind)
            buf_format(why, " %s", event_kind_name((enum event_kind)kind));
}

static bool
refused_severity(const struct route *route, int severity, struct buf *why)
{
    if (route->severity_below == 0 && route->severity_at_least == 0)
        return false;
    if (severity == 0)
        buf_text(why, "severity is unknown, which fits no severity test");
    else if (route->severity_below != 0 && severity >= route->severity_below)
        buf_format(why, "severity %d is not below %d", severity, route->severity_below);
    else if (severity < route->severity_at_least)
        buf_format(why, "severity %d is less than %d", severity, route->severity_at_least);
    else
        return false;
    return true;
}

static bool
refused_topic(const struct route *route, const char *topic, struct buf *why)
{
    for (uint32_t i = 0; i < route->n_topics; i++)
        if (strcmp(route->topics[i], topic) == 0)
            return false;
    if (route->n_topics == 0)
        return false;
    buf_format(why, "topic %s is none of:", topic);
    for (uint32_t i = 0; i < route->n_topics; i++)
        buf_format(why, " %s", route->topics[i]);
    return true;
}

static void
refused_labels(const struct route *route, const struct event *event, struct buf *why)
{
    for (uint32_t i = 0; i < route->n_labels; i++) {
        const struct route_label *wanted = &route->labels[i];
        const struct value *label = event->labels ? value_member(event->labels, wanted->name) : NULL;
        if (label && label->type == VALUE_STRING && slice_is(label->text, wanted->value))
            continue;
        if (!label)
            buf_format(why, "label %s is absent, wanted \"%s\"", wanted->name, wanted->value);
        else
            buf_format(why, "label %s is \"%.*s\", wanted \"%s\"", wanted->name, (int)label->text.size, label->text.at,
                       wanted->value);
        return;
    }
}

void
explain_refusal(const struct route *route, const struct explain *explain, const struct event *event, struct buf *why)
{
    if (route_matches(route, event, explain->source, slice_of(explain->topic)))
        return;
    if (route->kinds != 0 && (route->kinds & 1u << event->kind) == 0)
        refused_kind(route, event, why);
    else if (route->sources != 0 && (route->sources & UINT64_C(1) << explain->source) == 0)
        buf_format(why, "source %s is not among its sources", explain->settings.sources[explain->source].name);
    else if (!refused_severity(route, event->severity, why) && !refused_topic(route, explain->topic, why))
        refused_labels(route, event, why);
}

static const char *
target_name(const struct explain *explain, int target)
{
    return target == TARGET_DROP ? "drop" : explain->settings.targets[target].name;
}

/* A route that matches decides nothing when its target has the event already, or when it drops what another delivers. */
static void
put_decision(struct outline *out, const struct explain *explain, uint32_t route, const struct routed *routed, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (routed[i].route == route) {
            outline_texts(out, "decides", routed[i].target == TARGET_DROP ? "dropped" : "delivered");
            return;
        }
    if (explain->settings.routes[route].target == TARGET_DROP)
        outline_texts(out, "decides", "nothing: another route delivers it, or dropped it before");
    else
        outline_texts(out, "decides", "nothing: the target has it by an earlier route");
}

void
explain_routes(struct outline *out, const struct explain *explain, const struct event *event)
{
    const struct engine_config *settings = &explain->settings;
    struct routed routed[ROUTES_MAX];
    uint32_t n = route_event(settings->routes, settings->n_routes, event, explain->source, slice_of(explain->topic), routed);
    const char *stopped_by = NULL;
    outline_list(out, "routes");
    for (uint32_t i = 0; i < settings->n_routes; i++) {
        const struct route *route = &settings->routes[i];
        bool matches = !stopped_by && route_matches(route, event, explain->source, slice_of(explain->topic));
        char memory[2048];
        struct buf why;
        buf_init(&why, memory, sizeof(memory));
        outline_object(out, NULL);
        outline_texts(out, "name", route->name);
        outline_texts(out, "to", target_name(explain, route->target));
        outline_texts(out, "matches", matches ? "yes" : stopped_by ? "not asked" : "no");
        if (stopped_by)
            outline_format(out, "why", "route %s matched and says stop", stopped_by);
        if (!stopped_by && !matches) {
            explain_refusal(route, explain, event, &why);
            outline_texts(out, "why", why.overflow ? "a test fails whose text is too long to show" : buf_cstr(&why));
        }
        if (matches)
            put_decision(out, explain, i, routed, n);
        outline_close(out);
        if (matches && route->stop)
            stopped_by = route->name;
    }
    outline_close(out);
}
