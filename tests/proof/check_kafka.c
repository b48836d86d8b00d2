/* check_kafka.c: commits by epoch and assignment, and what is read again after a drain. */
#include "tests/proof/checked.h"

#include <stdlib.h>
#include <string.h>

/* One partition as its owners see it. */
struct owner {
    uint32_t worker, epoch;
    bool assigned, committed_any;
    size_t since;               /* its assignment, as a place */
    int64_t committed, polled;
    int64_t gone_at;            /* given back or lost; ms; -1 = it was not */
};

struct place {
    struct owner *owners;       /* the latest of each worker's life that ever had it */
    uint32_t n, room;
    int64_t floor;              /* after a complete drain: the next record to be read; -1 = none */
    size_t floor_since;         /* that drain, as a place */
    uint32_t given_back_by;     /* the worker that gave it back last */
    int64_t given_back_at, given_back_polled;
};

static struct owner *
owner_of(struct place *place, uint32_t worker)
{
    for (uint32_t i = place->n; i-- > 0;)
        if (place->owners[i].worker == worker)
            return &place->owners[i];
    if (place->n == place->room) {
        place->room = place->room ? 2 * place->room : 8;
        place->owners = realloc(place->owners, place->room * sizeof(*place->owners));
    }
    place->owners[place->n] = (struct owner){ .worker = worker, .polled = -1, .gone_at = -1 };
    return &place->owners[place->n++];
}

static void
assigned(struct place *place, size_t at, const struct fact *fact)
{
    struct owner *owner = owner_of(place, fact->worker);
    *owner = (struct owner){ .worker = fact->worker, .epoch = fact->epoch, .assigned = true, .since = at, .polled = -1,
                             .gone_at = -1 };
}

static void
given_back(struct place *place, const struct fact *fact)
{
    struct owner *owner = owner_of(place, fact->worker);
    owner->assigned = false;
    owner->gone_at = fact->at;
    place->given_back_by = fact->worker;
    place->given_back_at = fact->at;
    place->given_back_polled = fact->kind == FACT_REVOKED ? owner->polled : -1;
}

/* A commit that was sent in time may be taken a moment after the partition was given back: until the next one has it, the group
 * is the one that it was sent to; who had it before, and has not heard yet that it lost it, is not the next one. So after a loss
 * that the worker told by its own clock: the coordinator may not know of it. */
static bool
was_sent_in_time(const struct place *place, const struct owner *owner, const struct fact *fact)
{
    for (uint32_t i = 0; i < place->n; i++)
        if (place->owners[i].assigned && place->owners[i].since > owner->since)
            return false;
    return owner->epoch == fact->epoch && owner->gone_at >= 0 && fact->at - fact->number <= owner->gone_at;
}

static void
committed(struct checked *checked, struct place *place, size_t at, const struct fact *fact)
{
    struct owner *owner = owner_of(place, fact->worker);
    judged(checked, 4);
    bool own = owner->assigned && owner->epoch == fact->epoch;
    if (!own && !was_sent_in_time(place, owner, fact)) {
        violated(checked, 4, at, "worker %u commits %d/%ld of epoch %u, which is not its own", fact->worker, fact->partition,
                 (long)fact->offset, fact->epoch);
        return;
    }
    judged(checked, 3);
    if (owner->committed_any && fact->offset < owner->committed)
        violated(checked, 3, at, "the commit of %d goes back from %ld to %ld", fact->partition, (long)owner->committed,
                 (long)fact->offset);
    owner->committed_any = true;
    owner->committed = fact->offset;
}

/* Who had the partition before that drain, and was put out of the group while it stood still, reads on until it hears of it. */
static void
polled(struct checked *checked, struct place *place, size_t at, const struct fact *fact)
{
    struct owner *owner = owner_of(place, fact->worker);
    owner->polled = fact->offset > owner->polled ? fact->offset : owner->polled;
    if (place->floor < 0 || (owner->assigned && owner->since < place->floor_since))
        return;
    judged(checked, 18);
    if (fact->offset < place->floor)
        violated(checked, 18, at, "%d/%ld is read again after a complete drain", fact->partition, (long)fact->offset);
    place->floor = -1;
}

/* Whoever left with nothing open leaves nothing to be read again in what it gave back with its last word. */
static void
stopped(struct checked *checked, struct place *places, size_t at, const struct fact *fact)
{
    if (!(fact->flags & 1) || fact->number != 0)
        return;
    for (int32_t i = 0; i < checked->n_partitions; i++)
        if (places[i].given_back_by == fact->worker && places[i].given_back_at == fact->at && places[i].given_back_polled >= 0) {
            places[i].floor = places[i].given_back_polled + 1;
            places[i].floor_since = at;
        }
}

static void
look_at(struct checked *checked, struct place *places, size_t at)
{
    const struct fact *fact = &checked->history->facts[at];
    bool has_place = fact->partition >= 0 && fact->partition < checked->n_partitions;
    struct place *place = has_place ? &places[fact->partition] : NULL;
    if (fact->kind == FACT_STOPPED)
        stopped(checked, places, at, fact);
    else if (!place)
        return;
    else if (fact->kind == FACT_ASSIGNED)
        assigned(place, at, fact);
    else if (fact->kind == FACT_REVOKED || fact->kind == FACT_LOST)
        given_back(place, fact);
    else if (fact->kind == FACT_COMMITTED)
        committed(checked, place, at, fact);
    else if (fact->kind == FACT_POLLED)
        polled(checked, place, at, fact);
}

void
check_kafka(struct checked *checked)
{
    struct place *places = calloc((size_t)checked->n_partitions + 1, sizeof(*places));
    for (int32_t i = 0; i < checked->n_partitions; i++)
        places[i].floor = places[i].given_back_polled = -1;
    for (size_t i = 0; i < checked->history->n; i++)
        look_at(checked, places, i);
    for (int32_t i = 0; i < checked->n_partitions; i++)
        free(places[i].owners);
    free(places);
}
