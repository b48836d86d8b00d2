/* route.h: which targets an event goes to. Every matching route gives it to its target, in order, until one says stop; a target
 * gets an event once, by its first matching route. */
#ifndef BRIDGE_CORE_ROUTE_H
#define BRIDGE_CORE_ROUTE_H

#include "bridge/core/types.h"
#include "codecs/event.h"

enum { ROUTE_LABELS_MAX = 16, ROUTE_TOPICS_MAX = 32, WINDOW_KEYS_MAX = 8 };

struct route_label {
    const char *name, *value;
};

/* One rule of the configuration; texts are owned by it. */
struct route {
    const char *name;
    uint32_t kinds;             /* bits 1 << enum event_kind; 0 = any */
    int severity_below;         /* 0 = no test; an event of unknown severity (0) matches no severity test */
    int severity_at_least;
    uint64_t sources;           /* bits of source indexes; 0 = any */
    const char *topics[ROUTE_TOPICS_MAX];
    uint32_t n_topics;          /* 0 = any */
    struct route_label labels[ROUTE_LABELS_MAX];
    uint32_t n_labels;
    int target;                 /* index of a target, or TARGET_DROP */
    bool stop;
    ms_t window_ms;             /* repeats within a window are suppressed; 0 = off */
    const char *window_keys[WINDOW_KEYS_MAX];   /* event fields; none = the event's dedupKey */
    uint32_t n_window_keys;
};

struct routed {
    int target;                 /* index, or TARGET_DROP */
    uint32_t route;             /* index of the route that decided */
};

bool route_matches(const struct route *, const struct event *, uint32_t source, struct slice topic);

/* Fills `out` (room for n_routes) and returns how many; 0 = no route. A drop appears as one entry with TARGET_DROP, only when
 * nothing else matched before it said stop or at all. */
uint32_t route_event(const struct route *, uint32_t n_routes, const struct event *, uint32_t source, struct slice topic,
                     struct routed *out);

/* What repeats within the route's window have in common: a hash over the values of its window_keys, each with its name and its
 * length before it. False when there is no window, or the event has none of the fields. */
bool route_window(const struct route *, const struct event *, const struct sipkey *, struct hash128 *);

#endif
