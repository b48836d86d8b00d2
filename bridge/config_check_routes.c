/* config_check_routes.c: resolves the names in routes, and warns of routes that cannot do what they say. */
#include "bridge/config_load.h"
#include "bridge/suggest.h"

enum { TO_DROP = -2 };     /* as config.h says */

static const char *
route_path(struct load *load, uint32_t index, const char *name)
{
    return pool_format(load->scratch, "routes[%u].%s", index, name);
}

static void
resolve_to(struct load *load, uint32_t index)
{
    struct config *config = load->config;
    const char *path = route_path(load, index, "to");
    const struct node *to = load_find(load, path);
    struct suggest suggest;
    config->routes[index].target = TO_DROP;
    if (to == NULL || to->kind != NODE_SCALAR || to->broken || strcmp(to->text, "drop") == 0)
        return;
    suggest_begin(&suggest, to->text);
    suggest_offer(&suggest, "drop");
    for (uint32_t i = 0; i < config->n_targets; i++) {
        config->routes[index].target = (int)i;
        if (strcmp(config->targets[i].name, to->text) == 0)
            return;
        suggest_offer(&suggest, config->targets[i].name);
    }
    config->routes[index].target = TO_DROP;
    load_error(load, path, pool_format(load->scratch, "unknown target %s", load_quote(load, to->text)),
               load_meant(load, suggest.best, "use the name of a target, or drop"));
}

static void
resolve_sources(struct load *load, uint32_t index)
{
    struct config *config = load->config;
    const struct node *list = load_find(load, route_path(load, index, "when.sources"));
    uint32_t nth = 0;
    for (const struct node *item = list == NULL ? NULL : list->first; item != NULL && list->kind == NODE_LIST;
         item = item->next, nth++) {
        struct suggest suggest;
        bool found = false;
        if (item->kind != NODE_SCALAR || item->broken)
            continue;
        suggest_begin(&suggest, item->text);
        for (uint32_t i = 0; i < config->n_sources; i++) {
            bool same = strcmp(config->sources[i].name, item->text) == 0;
            config->routes[index].sources |= same ? (uint64_t)1 << i : 0;
            found = found || same;
            suggest_offer(&suggest, config->sources[i].name);
        }
        if (!found)
            load_error(load, pool_format(load->scratch, "routes[%u].when.sources[%u]", index, nth),
                       pool_format(load->scratch, "unknown source %s", load_quote(load, item->text)),
                       load_meant(load, suggest.best, "use the name of a source"));
    }
}

static bool
topic_is_read(const struct config *config, const char *topic)
{
    for (uint32_t s = 0; s < config->n_sources; s++)
        for (uint32_t t = 0; t < config->sources[s].n_topics; t++)
            if (config->sources[s].topics[t][0] == '^' || strcmp(config->sources[s].topics[t], topic) == 0)
                return true;
    return false;
}

static bool
has_test(const struct config_route *route)
{
    return route->kinds != 0 || route->severity_below != 0 || route->severity_at_least != 0 || route->sources != 0 ||
           route->n_topics != 0 || route->n_labels != 0;
}

static void
warn_of_route(struct load *load, uint32_t index)
{
    const struct config *config = load->config;
    const struct config_route *route = &config->routes[index];
    bool notices = route->kinds == 0 || (route->kinds & 1u << EVENT_NOTICE) != 0;
    bool soar = route->target >= 0 && config->targets[route->target].settings.kind == TARGET_SOAR;
    if (notices && soar)
        load_warning(load, route_path(load, index, "to"),
                     "a notice that comes this way is parked: SOAR takes incidents and alerts only",
                     "add when: {kinds: [incident.generated, alert.generated, incident.updated]}");
    for (uint32_t t = 0; t < route->n_topics; t++)
        if (!topic_is_read(config, route->topics[t]))
            load_warning(load, pool_format(load->scratch, "routes[%u].when.topics[%u]", index, t),
                         pool_format(load->scratch, "no source reads topic %s", load_quote(load, route->topics[t])),
                         "correct it, or add it to a source");
    if (route->severity_below != 0 && route->severity_at_least >= route->severity_below)
        load_warning(load, route_path(load, index, "when"), "no severity is both below and at least these",
                     "correct one of the two");
    for (uint32_t i = 0; i < index; i++)
        if (config->routes[i].stop && !has_test(&config->routes[i])) {
            load_warning(load, route_path(load, index, "name"),
                         pool_format(load->scratch, "is never asked: routes[%u] takes every event and stops", i), "move it up");
            return;
        }
}

/* A configuration must never seem to suppress what it does not. */
static void
warn_of_window(struct load *load, uint32_t index)
{
    const struct config_route *route = &load->config->routes[index];
    const struct node *to = load_find(load, route_path(load, index, "to"));
    bool drops = to != NULL && to->kind == NODE_SCALAR && !to->broken && strcmp(to->text, "drop") == 0;
    if (route->window_ms == 0 && load_find(load, route_path(load, index, "dedup.key")) != NULL)
        load_warning(load, route_path(load, index, "dedup.key"), "has no effect without a window: no repeat is suppressed",
                     "set dedup.window, or remove it");
    if (route->window_ms > 0 && drops)
        load_warning(load, route_path(load, index, "dedup.window"), "has no effect: the route drops its events", "remove it");
}

/* The leader's done mark tells its twins that it was delivered: without it the next twin is sent once more. */
static void
check_window(struct load *load, uint32_t index)
{
    const struct config_route *route = &load->config->routes[index];
    const struct config_target *target = route->target >= 0 ? &load->config->targets[route->target] : NULL;
    if (!target || target->dedup_ttl_ms == 0 || route->window_ms <= target->dedup_ttl_ms)
        return;
    load_error(load, route_path(load, index, "dedup.window"),
               pool_format(load->scratch, "is longer than dedup_ttl of target %s, by which it would be forgotten", target->name),
               "set a longer dedup_ttl, or a shorter window");
}

static void
warn_of_idle_targets(struct load *load)
{
    const struct config *config = load->config;
    for (uint32_t t = 0; t < config->n_targets; t++) {
        bool used = false;
        for (uint32_t r = 0; r < config->n_routes; r++)
            used = used || config->routes[r].target == (int)t;
        if (!used)
            load_warning(load, pool_format(load->scratch, "targets[%u].name", t), "no route leads to this target",
                         "add a route, or remove it");
    }
}

void
load_check_routes(struct load *load)
{
    struct config *config = load->config;
    for (uint32_t i = 0; i < config->n_routes; i++) {
        resolve_to(load, i);
        resolve_sources(load, i);
    }
    for (uint32_t i = 0; i < config->n_routes; i++) {
        for (uint32_t k = 0; k < i; k++)
            if (config->routes[i].name[0] != '\0' && strcmp(config->routes[i].name, config->routes[k].name) == 0)
                load_error(load, route_path(load, i, "name"),
                           pool_format(load->scratch, "\"%s\" is the name of routes[%u] too", config->routes[i].name, k),
                           "names are unique");
        warn_of_route(load, i);
        check_window(load, i);
        warn_of_window(load, i);
    }
    if (config->n_routes > 0)
        warn_of_idle_targets(load);
}
