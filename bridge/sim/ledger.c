/* ledger.c: entries in blocks, their texts in pages behind them. */
#include "bridge/sim/ledger.h"

#include "codecs/check.h"

#include <stdlib.h>

enum { BLOCK_ENTRIES = 4096, PAGE_BYTES = 1024 * 1024 };

struct page {
    struct page *next;
    size_t used, size;
    char bytes[];
};

struct ledger {
    struct execution **blocks;
    size_t n_blocks;
    uint64_t kept, count, limit;
    struct page *pages;                 /* newest first */
    void (*heard)(void *owner, const struct execution *);
    void *owner;
};

struct ledger *
ledger_new(uint64_t entries_max)
{
    struct ledger *ledger = calloc(1, sizeof(*ledger));
    check(ledger != NULL);
    ledger->limit = entries_max;
    return ledger;
}

void
ledger_clear(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->n_blocks; i++)
        free(ledger->blocks[i]);
    free(ledger->blocks);
    for (struct page *page = ledger->pages, *next; page; page = next) {
        next = page->next;
        free(page);
    }
    ledger->blocks = NULL;
    ledger->n_blocks = 0;
    ledger->pages = NULL;
    ledger->kept = ledger->count = 0;
}

void
ledger_free(struct ledger *ledger)
{
    if (!ledger)
        return;
    ledger_clear(ledger);
    free(ledger);
}

void
ledger_limit(struct ledger *ledger, uint64_t entries_max)
{
    ledger->limit = entries_max;
}

void
ledger_listen(struct ledger *ledger, void (*heard)(void *owner, const struct execution *), void *owner)
{
    ledger->heard = heard;
    ledger->owner = owner;
}

static struct slice
keep_text(struct ledger *ledger, struct slice text)
{
    if (!text.at || text.size == 0)
        return text.at ? SLICE("") : text;
    if (!ledger->pages || ledger->pages->size - ledger->pages->used < text.size) {
        size_t size = text.size > PAGE_BYTES ? text.size : PAGE_BYTES;
        struct page *page = malloc(sizeof(*page) + size);
        check(page != NULL);
        *page = (struct page){ .next = ledger->pages, .size = size };
        ledger->pages = page;
    }
    char *at = ledger->pages->bytes + ledger->pages->used;
    memcpy(at, text.at, text.size);
    ledger->pages->used += text.size;
    return (struct slice){ at, text.size };
}

static struct execution *
new_entry(struct ledger *ledger)
{
    if (ledger->kept == (uint64_t)ledger->n_blocks * BLOCK_ENTRIES) {
        ledger->blocks = realloc(ledger->blocks, (ledger->n_blocks + 1) * sizeof(ledger->blocks[0]));
        check(ledger->blocks != NULL);
        ledger->blocks[ledger->n_blocks] = malloc(BLOCK_ENTRIES * sizeof(struct execution));
        check(ledger->blocks[ledger->n_blocks] != NULL);
        ledger->n_blocks++;
    }
    uint64_t i = ledger->kept++;
    return &ledger->blocks[i / BLOCK_ENTRIES][i % BLOCK_ENTRIES];
}

void
ledger_add(struct ledger *ledger, const struct execution *execution)
{
    ledger->count++;
    if (ledger->heard)
        ledger->heard(ledger->owner, execution);
    if (ledger->kept >= ledger->limit)
        return;
    struct execution *entry = new_entry(ledger);
    *entry = *execution;
    entry->id = keep_text(ledger, execution->id);
    entry->subject = keep_text(ledger, execution->subject);
    entry->name = keep_text(ledger, execution->name);
    entry->scope = keep_text(ledger, execution->scope);
    entry->user = keep_text(ledger, execution->user);
    entry->nonce = keep_text(ledger, execution->nonce);
    entry->params = keep_text(ledger, execution->params);
}

uint64_t
ledger_count(const struct ledger *ledger)
{
    return ledger->count;
}

const struct execution *
ledger_at(const struct ledger *ledger, uint64_t i)
{
    return i < ledger->kept ? &ledger->blocks[i / BLOCK_ENTRIES][i % BLOCK_ENTRIES] : NULL;
}

static void
put_member(struct buf *out, const char *name, struct slice value)
{
    if (!value.at)
        return;
    buf_format(out, ",\"%s\":", name);
    buf_json_string(out, value);
}

void
execution_json(const struct execution *execution, struct buf *out)
{
    buf_format(out, "{\"api\":\"%s\"", sim_api_name(execution->api));
    put_member(out, "id", execution->id);
    put_member(out, "subject", execution->subject);
    put_member(out, "name", execution->name);
    put_member(out, execution->api == API_SOAR ? "event_id" : "org", execution->scope);
    put_member(out, "user", execution->user);
    buf_text(out, ",\"hash\":\"");
    buf_hex64(out, execution->content.high);
    buf_hex64(out, execution->content.low);
    buf_format(out, "\",\"time\":%lld,\"attempt\":%u", (long long)execution->wall_ms, execution->attempt);
    if (execution->api == API_NOTICE)
        buf_format(out, ",\"users\":%u", execution->users);
    put_member(out, "nonce", execution->nonce);
    put_member(out, "params", execution->params);
    buf_char(out, '}');
}
