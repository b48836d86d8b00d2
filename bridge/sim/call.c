/* call.c: reads parts of a received request: headers, query pairs, JSON, times; and small tools of the calls. */
#include "bridge/sim/world.h"

#include "codecs/check.h"
#include "codecs/event.h"
#include "codecs/json.h"
#include "codecs/request.h"

#include <stdlib.h>
#include <strings.h>

struct slice
call_header(const struct sim_call *call, const char *name)
{
    size_t size = strlen(name);
    for (uint32_t i = 0; i < call->request->n_headers; i++) {
        const struct sim_header *header = &call->request->headers[i];
        if (header->name.size == size && strncasecmp(header->name.at, name, size) == 0)
            return header->value;
    }
    return (struct slice){ 0 };
}

struct slice
call_parameter(const struct sim_call *call, const char *name)
{
    for (uint32_t i = 0; i < call->n_pairs; i++)
        if (slice_is(call->pairs[i].name, name))
            return call->pairs[i].value;
    return (struct slice){ 0 };
}

static bool
decode(struct slice text, struct buf *out, struct slice *decoded)
{
    size_t before = out->size;
    if (!percent_decode(out, text, true) || out->overflow)
        return false;
    *decoded = (struct slice){ out->at + before, out->size - before };
    return true;
}

bool
pairs_read(struct slice text, struct buf *decoded, struct pair *pairs, uint32_t *n)
{
    *n = 0;
    while (text.size > 0) {
        const char *ampersand = memchr(text.at, '&', text.size);
        size_t size = ampersand ? (size_t)(ampersand - text.at) : text.size;
        const char *equals = memchr(text.at, '=', size);
        size_t name = equals ? (size_t)(equals - text.at) : size;
        struct slice value = equals ? (struct slice){ equals + 1, size - name - 1 } : SLICE("");
        if (size > 0) {
            if (*n == PAIRS_MAX || !decode((struct slice){ text.at, name }, decoded, &pairs[*n].name)
                || !decode(value, decoded, &pairs[*n].value))
                return false;
            ++*n;
        }
        size += ampersand ? 1 : 0;
        text = (struct slice){ text.at + size, text.size - size };
    }
    return true;
}

/* The arena grows to what the largest text so far needs, so that most simulators stay small. */
const struct value *
call_json(struct sim_call *call, struct slice text)
{
    struct sim *sim = call->sim;
    const struct value *root = NULL;
    size_t needed = json_arena_bytes(text.size);
    if (needed > sim->arena_capacity) {
        free(sim->arena.at);
        void *memory = aligned_alloc(16, (needed + 15) / 16 * 16);
        check(memory != NULL);
        arena_init(&sim->arena, memory, needed);
        sim->arena_capacity = needed;
    }
    arena_reset(&sim->arena);
    if (!text.at || text.size == 0 || json_read(text, &sim->arena, &root) != FAULT_NONE)
        return NULL;
    return root;
}

int64_t
time_read(struct slice iso)
{
    struct event_time time = { .text = iso };
    int64_t ms;
    bool form = iso.size == sizeof("0000-00-00T00:00:00Z") - 1 && iso.at[10] == 'T' && iso.at[19] == 'Z';
    return form && event_time_ms(&time, &ms) ? ms : -1;
}

bool
bucket_take(struct bucket *bucket, const struct knob_value *rate, int64_t burst, int64_t now_ms, int64_t *wait_ms)
{
    double per_ms = (double)rate->number / (double)rate->per_ms;
    if (bucket->at_ms == 0)
        bucket->level = (double)burst;
    else if (now_ms > bucket->at_ms)
        bucket->level += (double)(now_ms - bucket->at_ms) * per_ms;
    if (bucket->level > (double)burst)
        bucket->level = (double)burst;
    bucket->at_ms = now_ms;
    if (bucket->level >= 1) {
        bucket->level -= 1;
        return true;
    }
    *wait_ms = (int64_t)((1 - bucket->level) / per_ms) + 1;
    return false;
}

void
random_hex(struct sim *sim, char *text, size_t digits)
{
    for (size_t i = 0; i < digits; i++)
        text[i] = "0123456789abcdef"[fault_random(&sim->random) & 15];
    text[digits] = '\0';
}
