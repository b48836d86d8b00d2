/* park.c: one PARK effect becomes a dead letter: the record as it came, with the alertbridge-*
 * headers that say why it is here. */
#include "bridge/worker/parts.h"

#include "codecs/event.h"

enum { OWN_HEADERS_MAX = 14, TEXT_BYTES = 2048 };

/* The worker's own headers of one dead letter; texts are built in `text`. */
struct letter {
    struct header headers[OWN_HEADERS_MAX];
    uint32_t n;
    struct buf text;
    char memory[TEXT_BYTES];
};

static void
add(struct letter *letter, const char *name, size_t start)
{
    check(letter->n < OWN_HEADERS_MAX);
    letter->headers[letter->n].name = slice_of(name);
    letter->headers[letter->n].value = (struct slice){ letter->text.at + start, letter->text.size - start };
    letter->n++;
}

static void
add_text(struct letter *letter, const char *name, struct slice text)
{
    size_t start = letter->text.size;
    buf_slice(&letter->text, text);
    add(letter, name, start);
}

static void
add_number(struct letter *letter, const char *name, int64_t number)
{
    size_t start = letter->text.size;
    buf_i64(&letter->text, number);
    add(letter, name, start);
}

/* RFC 3339 with milliseconds, UTC. */
static void
add_time(struct letter *letter, const char *name, int64_t wall_ms)
{
    size_t start = letter->text.size;
    if (wall_ms <= 0)
        return;
    buf_rfc3339_ms(&letter->text, wall_ms);
    add(letter, name, start);
}

static void
add_reason(struct letter *letter, const struct effect *effect)
{
    size_t start = letter->text.size;
    journal_put_reason(&letter->text, effect->park.reason, effect->park.fault);
    add(letter, "alertbridge-reason", start);
}

static const char *
target_of(const struct worker *worker, int target)
{
    return target >= 0 ? worker->settings->targets[target].name : "_none";
}

static void
add_own(struct letter *letter, const struct worker *worker, const struct effect *effect)
{
    add_reason(letter, effect);
    add_text(letter, "alertbridge-code", slice_of(effect->park.code));
    add_text(letter, "alertbridge-message", slice_of(effect->park.message));
    add_number(letter, "alertbridge-attempts", effect->park.attempts);
    add_text(letter, "alertbridge-target", slice_of(target_of(worker, effect->park.target)));
    if (effect->park.id.at)
        add_text(letter, "alertbridge-id", effect->park.id);
    add_number(letter, "alertbridge-index", effect->park.index);
    add_text(letter, "alertbridge-topic", slice_of(effect->park.topic));
    add_number(letter, "alertbridge-partition", effect->park.partition);
    add_number(letter, "alertbridge-offset", effect->park.offset);
    add_time(letter, "alertbridge-first", effect->park.first_ms);
    add_time(letter, "alertbridge-last", effect->park.last_ms);
}

void
perform_park(struct worker *worker, const struct effect *effect)
{
    const struct record_view *view = slab_view(worker->slab, effect->park.handle);
    struct letter letter = { .n = 0 };
    buf_init(&letter.text, letter.memory, sizeof(letter.memory));
    add_own(&letter, worker, effect);
    kafka_park(worker->kafka, &(struct dead_letter){
        .tag = effect->park.tag, .key = view->key, .value = view->value,
        .headers = view->headers, .n_headers = view->n_headers, .own = letter.headers, .n_own = letter.n,
        .timestamp_ms = view->timestamp_ms,
    });
}
