/* spill.c: planted secrets are looked for in all that a worker says. Facts: SEARCHED, SPILT. */
#include "tests/sim/spill.h"

#include "tests/sim/gateway.h"

#include <string.h>

enum { ENOUGH_BYTES = 16 };     /* so much of a secret gives it away */

static const char *const places[SPILL_PLACES] = { "a trace", "the journal", "a dead letter" };

static void
look_for(struct world *world, const struct worker *worker, enum spill_place place, struct slice text, const char *name,
         struct slice secret)
{
    size_t size = secret.size < ENOUGH_BYTES ? secret.size : ENOUGH_BYTES;
    if (size == 0 || size > text.size || !memmem(text.at, text.size, secret.at, size))
        return;
    world_fact(world, &(struct fact){ .kind = FACT_SPILT, .worker = worker->life, .target = -1, .word = world_text(world, name),
                                      .other = world_text(world, places[place]) });
}

void
spill_look(struct world *world, const struct worker *worker, enum spill_place place, struct slice text)
{
    if (!text.at)
        return;
    world->searched[place] += text.size;
    for (uint32_t target = 0; worker->keyring && target < TARGETS; target++) {
        struct credential credential;
        keyring_view(worker, target, &credential);
        look_for(world, worker, place, text, "a key's secret", credential.secret);
        look_for(world, worker, place, text, "a token", credential.token);
    }
}

static void
look_at_text(struct world *world, const struct worker *worker, enum spill_place place, const char *text)
{
    if (text)
        spill_look(world, worker, place, slice_of(text));
}

void
spill_look_at_journal(struct world *world, const struct worker *worker, const struct journal_entry *entry)
{
    spill_look(world, worker, SPILL_JOURNAL, entry->id);
    spill_look(world, worker, SPILL_JOURNAL, entry->suppressed_by);
    look_at_text(world, worker, SPILL_JOURNAL, entry->code);
    look_at_text(world, worker, SPILL_JOURNAL, entry->request_id);
}

void
spill_look_at_letter(struct world *world, const struct worker *worker, const struct effect *effect,
                     const struct record_view *view)
{
    look_at_text(world, worker, SPILL_LETTER, effect->park.code);
    look_at_text(world, worker, SPILL_LETTER, effect->park.message);
    spill_look(world, worker, SPILL_LETTER, effect->park.id);
    spill_look(world, worker, SPILL_LETTER, view->value);
    for (uint32_t i = 0; i < view->n_headers; i++)
        spill_look(world, worker, SPILL_LETTER, view->headers[i].value);
}

void
spill_end(struct world *world)
{
    for (int place = 0; place < SPILL_PLACES; place++)
        world_fact(world, &(struct fact){ .kind = FACT_SEARCHED, .target = -1, .word = world_text(world, places[place]),
                                          .number = (int64_t)world->searched[place] });
}
