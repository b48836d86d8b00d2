/* demo_book.c: the demo's books: each event by number, and how often it was carried out or parked. */
#include "bridge/cmd/demo.h"
#include "bridge/sim/ledger.h"
#include "codecs/check.h"
#include "codecs/soar.h"

#include <stdlib.h>

bool
demo_book_init(struct demo_book *book, uint64_t records)
{
    *book = (struct demo_book){ .capacity = records };
    book->events = calloc(records, sizeof(*book->events));
    book->decoder = decoder_new();
    return book->events && book->decoder;
}

void
demo_book_release(struct demo_book *book)
{
    free(book->events);
    decoder_free(book->decoder);
    table_release(&book->numbers);
    *book = (struct demo_book){ 0 };
}

static struct hash128
id_key(struct slice id)
{
    return table_key(&id, 1);
}

/* What the gateway sees of an event, and with it the simulator's ledger. */
static struct hash128
soar_key(const struct event *event)
{
    char memory[8192];
    struct buf params;
    buf_init(&params, memory, sizeof(memory));
    soar_params(&params, event);
    struct slice parts[] = { event->aliyun_uid, slice_of(soar_event_id(event->kind)), buf_view(&params) };
    return table_key(parts, 3);
}

void
demo_book_produced(struct demo_book *book, const struct sample *sample)
{
    const struct decode_rules rules = { .record_bytes_max = RECORD_BYTES_DEFAULT };
    struct decoded decoded;
    book->records++;
    book->bad += sample->bad;
    if (sample->bad)
        return;
    check(sample->number < book->capacity);
    struct demo_event *event = &book->events[sample->number];
    if (event->records++ > 0)
        return;
    book->distinct++;
    event->is_notice = sample->kind == EVENT_NOTICE;
    *table_put(&book->numbers, id_key(sample->id)) = (int64_t)sample->number + 1;
    enum fault fault = decode(book->decoder, &rules, &sample->record, &decoded);
    check(fault == FAULT_NONE && decoded.n == 1);
    if (!event->is_notice)
        *table_put(&book->numbers, soar_key(decoded.events)) = (int64_t)sample->number + 1;
}

static struct demo_event *
find(struct demo_book *book, struct hash128 key)
{
    const int64_t *number = table_find(&book->numbers, key);
    if (number && *number > 0)
        return &book->events[*number - 1];
    book->strangers++;
    return NULL;
}

void
demo_book_executed(void *owner, const struct execution *execution)
{
    struct demo_book *book = owner;
    static const size_t prefix = sizeof(DEMO_MESSAGE_PREFIX) - 1;
    struct demo_event *event = NULL;
    if (execution->api == API_SOAR)
        event = find(book, execution->content);
    else if (execution->api == API_NOTICE && execution->id.size > prefix)
        event = find(book, id_key((struct slice){ execution->id.at + prefix, execution->id.size - prefix }));
    if (event)
        event->executions++;
}

static enum reason
reason_of(struct slice text)
{
    const char *dot = memchr(text.at, '.', text.size);
    struct slice name = { text.at, dot ? (size_t)(dot - text.at) : text.size };
    enum reason reason = 0;
    while (reason < REASON_COUNT && !slice_is(name, reason_name(reason)))
        reason++;
    return reason;
}

void
demo_book_dead_letter(void *owner, const struct record_view *record)
{
    struct demo_book *book = owner;
    struct slice id = { 0 };
    enum reason reason = REASON_COUNT;
    book->dead_letters++;
    for (uint32_t i = 0; i < record->n_headers; i++) {
        const struct header *header = &record->headers[i];
        if (slice_is(header->name, "alertbridge-id"))
            id = header->value;
        if (slice_is(header->name, "alertbridge-reason") && header->value.at)
            reason = reason_of(header->value);
    }
    if (reason < REASON_COUNT)
        book->reasons[reason]++;
    else
        book->strangers++;
    struct demo_event *event = id.at ? find(book, id_key(id)) : NULL;
    if (event)
        event->parked++;
}

static void
close_event(const struct demo_event *event, uint64_t number, struct demo_balance *balance)
{
    if (event->executions == 0 && event->parked == 0) {
        balance->lost++;
        if (balance->n_lost_numbers < DEMO_LOST_MAX)
            balance->lost_numbers[balance->n_lost_numbers++] = number;
        return;
    }
    if (event->parked == 0)
        balance->delivered[event->is_notice]++;
    uint64_t more = event->executions > 1 ? event->executions - 1 : 0;
    if (event->is_notice)
        balance->shown_twice += more;
    else
        balance->again += more;
}

void
demo_book_close(const struct demo_book *book, struct demo_balance *balance)
{
    *balance = (struct demo_balance){ 0 };
    for (uint64_t i = 0; i < book->capacity; i++)
        if (book->events[i].records > 0)
            close_event(&book->events[i], i, balance);
    if (book->reasons[REASON_BAD_INPUT] < book->bad)
        balance->lost += book->bad - book->reasons[REASON_BAD_INPUT];
}
