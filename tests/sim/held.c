/* held.c: the records that a worker holds, each in memory of its own from when it came until the engine gives it back: what
 * bridge/io/slab.c does for a real one. */
#include "tests/sim/worker.h"

#include <stdlib.h>
#include <string.h>

static uint32_t
free_place(const struct worker *worker)
{
    uint32_t at = 0;
    while (at < worker->held_room && worker->held[at].used)
        at++;
    return at;
}

static size_t
size_of(const struct record_view *view)
{
    size_t size = view->key.size + view->value.size;
    for (uint32_t i = 0; i < view->n_headers; i++)
        size += view->headers[i].name.size + view->headers[i].value.size;
    return size;
}

/* What is absent stays so. */
static struct slice
copied(char **at, struct slice from)
{
    if (!from.at)
        return from;
    struct slice to = { *at, from.size };
    memcpy(*at, from.at, from.size);
    *at += from.size;
    return to;
}

static void
copy(struct held *held, const struct record_view *view)
{
    check(view->n_headers <= RECORD_HEADERS_MAX);
    *held = (struct held){ .used = true, .view = *view, .bytes_size = size_of(view) };
    char *at = held->bytes = malloc(held->bytes_size + 1);
    held->view.key = copied(&at, view->key);
    held->view.value = copied(&at, view->value);
    held->view.headers = held->headers;
    for (uint32_t i = 0; i < view->n_headers; i++)
        held->headers[i] = (struct header){ copied(&at, view->headers[i].name), copied(&at, view->headers[i].value) };
}

uint32_t
held_take(struct worker *worker, const struct record_view *view)
{
    uint32_t handle = free_place(worker);
    if (handle == worker->held_room)
        return handle;
    worker->held_top = handle < worker->held_top ? worker->held_top : handle + 1;
    copy(&worker->held[handle], view);
    return handle;
}

void
held_keep_messages(struct held *held, const struct buf *messages)
{
    held->messages_size = messages->size;
    held->messages = messages->size ? malloc(messages->size) : NULL;
    if (held->messages)
        memcpy(held->messages, messages->at, messages->size);
}

void
held_free(struct worker *worker, uint32_t handle)
{
    struct held *held = &worker->held[handle];
    check(held->used);
    explicit_bzero(held->bytes, held->bytes_size);
    free(held->bytes);
    free(held->messages);
    *held = (struct held){ 0 };
}

void
held_release(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->held_top; i++)
        if (worker->held[i].used)
            held_free(worker, i);
    free(worker->held);
}
