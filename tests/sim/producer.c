/* producer.c: the events of a run: ids that come again, contents that differ, twins, batches, and what nobody can read.
 *
 * The content of an event is written into its names and title as `<id>~<content>`, so that whoever carries it out shows what it
 * was. What should become of it is stated here, apart from the product's own routing: alerts go to SOAR, notices to the portal,
 * incidents to both, updates nowhere; what is muted is dropped. */
#include "tests/sim/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENT_BYTES = 700, SEVERAL_MAX = 6, DEEP = 200, EXPIRES_MS = 30000 };

static const char *const kinds[] = { "incident.generated", "alert.generated", "notice" };
enum { KIND_ALERT = 1, PORTAL_BIT = 1 << TARGET_PORTAL, SOAR_BIT = 1 << TARGET_SOAR_PROD };
static const uint32_t targets_of[] = { PORTAL_BIT | SOAR_BIT, SOAR_BIT, PORTAL_BIT };

/* Where repeats are looked for: at SOAR over incidents and alerts, at the portal over notices. */
static const struct { const char *route; uint32_t targets; } windows_of[] = {
    { "soar", SOAR_BIT }, { "soar", SOAR_BIT }, { "portal", PORTAL_BIT },
};

/* One id: its kind and key never change, for a producer that is in its right mind changes neither. */
struct made {
    uint32_t id, kind, key, content, twins;     /* twins: number of its dedupKey, 0 = none */
    bool no_route, dropped, again;
    int64_t expires_at;                         /* of the world's clock; 0 = never */
};

struct producer {
    uint32_t left, ids;
};

static struct producer *
producer_of(struct happening *happening)
{
    return happening->more;
}

static void
draw_one(struct world *world, struct producer *producer, struct made *made)
{
    bool again = producer->ids > 0 && world_fires(world, SWARM_again);
    bool conflict = !again && producer->ids > 0 && world_fires(world, SWARM_conflict);
    uint32_t id = again || conflict ? world_draw(world, producer->ids) : producer->ids++;
    *made = (struct made){ .id = id, .kind = id * 7 % 11 % 3, .key = id * 5 % (uint32_t)world_of(world, SWARM_keys),
                           .content = conflict ? 1 + world_draw(world, 2) : 0 };
    made->again = again;
    made->no_route = world_of(world, SWARM_no_route) > 0 && (id * 13 + 5) % 1000 < (uint64_t)world_of(world, SWARM_no_route);
    if (made->no_route)
        world->fired[SWARM_no_route]++;
    made->dropped = world_of(world, SWARM_dropped) > 0 && (id * 17 + 3) % 1000 < (uint64_t)world_of(world, SWARM_dropped);
    if (made->dropped)
        world->fired[SWARM_dropped]++;
    /* which twins an id belongs to is a property of the id */
    if (world_of(world, SWARM_twin) > 0 && (id * 31 + 7) % 1000 < (uint64_t)world_of(world, SWARM_twin)) {
        made->twins = 1 + id % 5;
        world->fired[SWARM_twin]++;
    }
}

static size_t
write_one(const struct world *world, const struct made *made, char *text, size_t size)
{
    char twins[48] = "", end[64] = "";
    const char *labels = made->dropped ? "\"labels\":{\"muted\":\"yes\"}," : "";
    if (made->twins)
        snprintf(twins, sizeof(twins), "\"dedupKey\":\"k%u\",", made->twins);
    if (made->expires_at)
        snprintf(end, sizeof(end), "\"expiresAt\":%ld,", (long)(world_wall_ms(world) - world->now + made->expires_at));
    return (size_t)snprintf(text, size,
        "{\"v\":1,\"id\":\"e%u\",\"kind\":\"%s\",%s%s%s\"aliyunUID\":\"1467890000733152\",\"incidentName\":\"e%u~%u\","
        "\"alertName\":\"e%u~%u\",\"incidentID\":\"k%u\",\"alertID\":\"k%u\",\"startTime\":\"2026-01-02 03:04:05\","
        "\"endTime\":\"2026-01-02 03:04:06\",\"status\":\"s\",\"level\":\"3\",\"title\":\"e%u~%u\",\"body\":\"b\"}",
        made->id, made->no_route ? "incident.updated" : kinds[made->kind], twins, end, labels, made->id, made->content, made->id,
        made->content, made->key, made->key, made->id, made->content);
}

static void
tell_window(struct world *world, const struct made *made, struct fact *fact)
{
    char text[64];
    fact->limit = world_of(world, SWARM_window_ms);
    if (!made->twins || fact->limit == 0)
        return;
    snprintf(text, sizeof(text), "%s/k%u", windows_of[made->kind].route, made->twins);
    fact->keys = world_text(world, text);
    fact->windows = windows_of[made->kind].targets;
}

static void
tell(struct world *world, uint32_t partition, const struct log_record *record, uint32_t index, const struct made *made,
     uint32_t flags)
{
    struct fact fact = { .kind = FACT_PRODUCED, .target = -1, .partition = (int32_t)partition, .offset = record->offset,
                         .index = index, .hash = record->hash, .flags = flags };
    char text[64];
    if (made) {
        snprintf(text, sizeof(text), "e%u", made->id);
        fact.id = world_text(world, text);
        snprintf(text, sizeof(text), "k%u", made->key);
        fact.lane = world_text(world, text);
        fact.content = made->content;
        fact.targets = made->no_route || made->dropped ? 0 : targets_of[made->kind];
        fact.flags |= made->dropped ? PRODUCED_DROPPED : made->no_route ? PRODUCED_NO_ROUTE : 0;
        fact.flags |= made->expires_at ? PRODUCED_EXPIRES : 0;
        fact.number = made->expires_at;
        tell_window(world, made, &fact);
    }
    world_fact(world, &fact);
}

static size_t
write_all(const struct world *world, struct producer *producer, const struct made *made, uint32_t n, char *text, size_t room)
{
    size_t size = 0;
    if (n > 1)
        text[size++] = '[';
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            text[size++] = ',';
        size += write_one(world, &made[i], text + size, room - size);
    }
    if (n > 1)
        text[size++] = ']';
    producer->left = producer->left > n ? producer->left - n : 0;
    return size;
}

/* Room for a few more bytes is there. */
static struct slice
spoil(struct world *world, char *bytes, size_t size)
{
    static const char twice[] = "{\"v\":1,\"v\":1}", nul[] = "{\"v\":1,\"id\":\"\\u0000\"}";
    switch (world_draw(world, 8)) {
    case 0:
        return (struct slice){ NULL, 0 };
    case 1:
        return (struct slice){ bytes, 0 };
    case 2:
        memset(bytes, '[', DEEP);
        return (struct slice){ bytes, DEEP };
    case 3:
        bytes[size / 2] = '\xff';
        return (struct slice){ bytes, size };
    case 4:
        bytes[size] = '}';
        return (struct slice){ bytes, size + 1 };
    case 5:
        memcpy(bytes, twice, sizeof(twice) - 1);
        return (struct slice){ bytes, sizeof(twice) - 1 };
    case 6:
        memcpy(bytes, nul, sizeof(nul) - 1);
        return (struct slice){ bytes, sizeof(nul) - 1 };
    default:
        return (struct slice){ bytes, size - 2 };
    }
}

static void
produce(struct world *world, struct producer *producer)
{
    struct made made[SEVERAL_MAX];
    uint32_t n = world_fires(world, SWARM_several) ? 2 + world_draw(world, SEVERAL_MAX - 1) : 1;
    bool unreadable = world_fires(world, SWARM_unreadable), expires = world_fires(world, SWARM_expires);
    bool replay = world_fires(world, SWARM_replayed);
    char *bytes = malloc(SEVERAL_MAX * EVENT_BYTES + 80);
    struct record_view view = { .timestamp_ms = world_wall_ms(world) };
    for (uint32_t i = 0; i < n; i++)
        draw_one(world, producer, &made[i]);
    for (uint32_t i = 0; i < n; i++)
        made[i].expires_at = expires ? world->now + EXPIRES_MS : 0;
    size_t size = write_all(world, producer, made, n, bytes, SEVERAL_MAX * EVENT_BYTES);
    view.value = unreadable ? spoil(world, bytes, size) : (struct slice){ bytes, size };
    view.key.at = bytes + size + 1;
    view.key.size = (size_t)snprintf(bytes + size + 1, 64, "k%u", made[0].key);
    struct header header = { SLICE("alertbridge-replay"), SLICE("1") };
    view.headers = &header;
    view.n_headers = replay;
    uint32_t partition = made[0].key % world->cluster->n_logs;
    if (n == 1 && made[0].again && world_fires(world, SWARM_astray))
        partition = world_draw(world, world->cluster->n_logs);
    struct log_record *record = cluster_append(world, partition, &view, bytes, unreadable ? 0 : n);
    uint32_t flags = replay ? PRODUCED_REPLAY : 0;
    if (unreadable)
        tell(world, partition, record, 0, NULL, flags | PRODUCED_UNREADABLE);
    for (uint32_t i = 0; i < n && !unreadable; i++)
        tell(world, partition, record, i, &made[i], flags);
}

static void
produce_some(struct world *world, struct happening *happening)
{
    struct producer *producer = producer_of(happening);
    produce(world, producer);
    world->produced = producer->left == 0;
    if (world->produced)
        return;
    ms_t gap = 2 * world_of(world, SWARM_span_ms) / world_of(world, SWARM_events);
    ms_t wait = world->calm ? 0 : world_draw(world, 5) ? 0 : world_draw(world, (uint32_t)(5 * gap + 1));
    world_later(world, wait, produce_some)->more = producer;
    happening->more = NULL;
}

void
producer_start(struct world *world)
{
    struct producer *producer = calloc(1, sizeof(*producer));
    producer->left = (uint32_t)world_of(world, SWARM_events);
    world_later(world, 0, produce_some)->more = producer;
}

bool
producer_is_done(const struct world *world)
{
    return world->produced;
}

/* ---- one by one ---------------------------------------------------------------------------------------------------------- */

void
producer_add(struct world *world, uint32_t id)
{
    struct made made = { .id = id, .kind = KIND_ALERT, .key = id };
    char *bytes = malloc(EVENT_BYTES + 80);
    size_t size = write_one(world, &made, bytes, EVENT_BYTES);
    struct record_view view = { .timestamp_ms = world_wall_ms(world), .value = { bytes, size } };
    uint32_t partition = id % world->cluster->n_logs;
    tell(world, partition, cluster_append(world, partition, &view, bytes, 1), 0, &made, 0);
}

uint32_t
producer_text(struct world *world, uint32_t id)
{
    char text[64];
    snprintf(text, sizeof(text), "e%u", id);
    return world_text(world, text);
}
