/* slab.c: pages of one size class each, handed out newest first.
 *
 * The memory is one reserved range, cut into pages of 64 KiB. A page serves one size class while a record lies in it and goes
 * back to the shared stack of pages when the last has left, so classes never starve each other. Pages and chunks are taken
 * newest first: what is resident follows what is in work, not what once was. */
#include "bridge/io/slab.h"

#include "bridge/space.h"
#include "codecs/check.h"

#include <stdlib.h>

enum {
    PAGE_BYTES = 64 * 1024,
    NO_PAGE = UINT16_MAX,
    NO_CHUNK = UINT16_MAX,
    CLASS_COUNT = 17,
};

/* Fine steps where records are usual (0.5 to 1.5 KiB), coarser elsewhere; no class leaves more than 3 % of a page unused. */
static const uint32_t class_bytes[CLASS_COUNT] = {
    128, 256, 384, 512, 640, 768, 1024, 1280, 1536, 2048, 2560, 3072, 4096, 6528, 8192, 10880, 16384,
};

struct page {
    uint16_t size_class;
    uint16_t used;              /* chunks in use */
    uint16_t touched;           /* chunks ever handed out since it serves this class; the rest is untouched memory */
    uint16_t free_chunk;        /* top of the stack of free chunks, linked through their first bytes */
    uint16_t next, previous;    /* in the class's list of pages with room, or `next` in the stack of free pages */
};

struct entry {
    struct record_view view;
    char *memory;
    uint32_t bytes;             /* 0 = free */
    union {
        uint32_t page;          /* in use: NO_PAGE = memory of its own */
        uint32_t next;          /* free: the handle below in the stack */
    };
};

struct slab {
    char *memory;
    struct page *pages;
    struct entry *entries;
    size_t mapped_bytes;
    size_t used_bytes;
    uint32_t n_pages, fresh_pages;          /* pages from fresh_pages on were never used */
    uint32_t n_entries, fresh_entries;
    uint32_t free_entry;                    /* UINT32_MAX = none */
    uint16_t free_page;
    uint16_t with_room[CLASS_COUNT];        /* first page of each class that has a free chunk */
};

static uint32_t
pages_of(size_t bytes)
{
    size_t pages = (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    return pages < NO_PAGE ? (uint32_t)pages : NO_PAGE - 1;
}

static size_t
mapped_bytes_of(uint32_t pages, uint32_t records)
{
    return (size_t)pages * (PAGE_BYTES + sizeof(struct page)) + (size_t)records * sizeof(struct entry);
}

size_t
slab_size(size_t bytes, uint32_t records)
{
    return sizeof(struct slab) + mapped_bytes_of(pages_of(bytes), records);
}

struct slab *
slab_new(size_t bytes, uint32_t records)
{
    struct slab *slab = calloc(1, sizeof *slab);
    if (!slab)
        return NULL;
    slab->n_pages = pages_of(bytes);
    slab->n_entries = records;
    slab->mapped_bytes = mapped_bytes_of(slab->n_pages, records);
    if (slab->mapped_bytes == 0)
        slab->mapped_bytes = 1;
    slab->memory = space_map(slab->mapped_bytes);
    slab->entries = (struct entry *)(void *)(slab->memory + (size_t)slab->n_pages * PAGE_BYTES);
    slab->pages = (struct page *)(void *)(slab->entries + records);
    slab->free_entry = UINT32_MAX;
    slab->free_page = NO_PAGE;
    for (uint32_t i = 0; i < CLASS_COUNT; i++)
        slab->with_room[i] = NO_PAGE;
    return slab;
}

void
slab_free(struct slab *slab)
{
    if (!slab)
        return;
    for (uint32_t i = 0; i < slab->fresh_entries; i++)
        if (slab->entries[i].bytes != 0 && slab->entries[i].page == NO_PAGE)
            free(slab->entries[i].memory);
    space_unmap(slab->memory, slab->mapped_bytes);
    free(slab);
}

/* ---- pages and chunks ------------------------------------------------------------------------------------------------------ */

static void
page_link(struct slab *slab, uint16_t number)
{
    struct page *page = &slab->pages[number];
    page->previous = NO_PAGE;
    page->next = slab->with_room[page->size_class];
    if (page->next != NO_PAGE)
        slab->pages[page->next].previous = number;
    slab->with_room[page->size_class] = number;
}

static void
page_unlink(struct slab *slab, uint16_t number)
{
    struct page *page = &slab->pages[number];
    if (page->next != NO_PAGE)
        slab->pages[page->next].previous = page->previous;
    if (page->previous != NO_PAGE)
        slab->pages[page->previous].next = page->next;
    else
        slab->with_room[page->size_class] = page->next;
}

static uint16_t
page_take(struct slab *slab, uint32_t size_class)
{
    uint16_t number = slab->free_page;
    if (number != NO_PAGE)
        slab->free_page = slab->pages[number].next;
    else if (slab->fresh_pages < slab->n_pages)
        number = (uint16_t)slab->fresh_pages++;
    else
        return NO_PAGE;
    slab->pages[number] = (struct page){ .size_class = (uint16_t)size_class, .free_chunk = NO_CHUNK };
    page_link(slab, number);
    return number;
}

static uint16_t
page_chunks(const struct page *page)
{
    return (uint16_t)(PAGE_BYTES / class_bytes[page->size_class]);
}

static char *
chunk_at(const struct slab *slab, uint16_t page, uint16_t chunk)
{
    return slab->memory + (size_t)page * PAGE_BYTES + (size_t)chunk * class_bytes[slab->pages[page].size_class];
}

static char *
chunk_take(struct slab *slab, uint32_t size_class, uint32_t *page_number)
{
    uint16_t number = slab->with_room[size_class];
    if (number == NO_PAGE)
        number = page_take(slab, size_class);
    *page_number = number;
    if (number == NO_PAGE)
        return NULL;
    struct page *page = &slab->pages[number];
    uint16_t chunk = page->free_chunk;
    char *memory;
    if (chunk != NO_CHUNK) {
        memory = chunk_at(slab, number, chunk);
        memcpy(&page->free_chunk, memory, sizeof page->free_chunk);
    } else {
        memory = chunk_at(slab, number, page->touched++);
    }
    page->used++;
    if (page->used == page_chunks(page))
        page_unlink(slab, number);
    return memory;
}

static void
chunk_give(struct slab *slab, uint16_t number, char *memory)
{
    struct page *page = &slab->pages[number];
    check(page->used > 0);
    if (page->used == page_chunks(page))
        page_link(slab, number);
    page->used--;
    if (page->used == 0) {
        page_unlink(slab, number);
        page->next = slab->free_page;
        slab->free_page = number;
        return;
    }
    size_t offset = (size_t)(memory - chunk_at(slab, number, 0));
    memcpy(memory, &page->free_chunk, sizeof page->free_chunk);
    page->free_chunk = (uint16_t)(offset / class_bytes[page->size_class]);
}

/* ---- records --------------------------------------------------------------------------------------------------------------- */

static size_t
view_bytes(const struct record_view *view)
{
    size_t size = view->n_headers * sizeof(struct header) + view->key.size + view->value.size;
    for (uint32_t i = 0; i < view->n_headers; i++)
        size += view->headers[i].name.size + view->headers[i].value.size;
    return size ? size : 1;
}

static struct slice
copy(char **end, struct slice from)
{
    if (!from.at)
        return from;
    struct slice to = { *end, from.size };
    memcpy(*end, from.at, from.size);
    *end += from.size;
    return to;
}

static void
view_copy(struct record_view *to, const struct record_view *from, char *memory)
{
    struct header *headers = (struct header *)(void *)memory;
    char *end = memory + from->n_headers * sizeof *headers;
    *to = *from;
    to->headers = from->n_headers ? headers : NULL;
    to->key = copy(&end, from->key);
    to->value = copy(&end, from->value);
    for (uint32_t i = 0; i < from->n_headers; i++)
        headers[i] = (struct header){ copy(&end, from->headers[i].name), copy(&end, from->headers[i].value) };
}

static uint32_t
class_for(size_t bytes)
{
    uint32_t i = 0;
    while (i < CLASS_COUNT && class_bytes[i] < bytes)
        i++;
    return i;
}

static bool
memory_take(struct slab *slab, struct entry *entry, size_t bytes)
{
    uint32_t size_class = class_for(bytes);
    entry->memory = size_class < CLASS_COUNT ? chunk_take(slab, size_class, &entry->page) : NULL;
    entry->bytes = size_class < CLASS_COUNT ? class_bytes[size_class] : (uint32_t)bytes;
    if (!entry->memory) {
        entry->page = NO_PAGE;
        entry->bytes = (uint32_t)bytes;
        entry->memory = malloc(bytes);
    }
    return entry->memory != NULL;
}

uint32_t
slab_put(struct slab *slab, const struct record_view *view)
{
    size_t bytes = view_bytes(view);
    uint32_t handle = slab->free_entry;
    if (handle == UINT32_MAX)
        handle = slab->fresh_entries;
    if (handle == slab->n_entries || bytes > UINT32_MAX)
        return UINT32_MAX;

    struct entry *entry = &slab->entries[handle];
    uint32_t below = entry->next;
    if (!memory_take(slab, entry, bytes)) {
        entry->bytes = 0;
        entry->next = below;
        return UINT32_MAX;
    }
    if (handle == slab->free_entry)
        slab->free_entry = below;
    else
        slab->fresh_entries++;
    view_copy(&entry->view, view, entry->memory);
    slab->used_bytes += entry->bytes;
    return handle;
}

static struct entry *
entry_of(const struct slab *slab, uint32_t handle)
{
    check(handle < slab->fresh_entries && slab->entries[handle].bytes != 0);
    return &slab->entries[handle];
}

const struct record_view *
slab_view(const struct slab *slab, uint32_t handle)
{
    return &entry_of(slab, handle)->view;
}

uint32_t
slab_bytes(const struct slab *slab, uint32_t handle)
{
    return entry_of(slab, handle)->bytes;
}

void
slab_drop(struct slab *slab, uint32_t handle)
{
    struct entry *entry = entry_of(slab, handle);
    slab->used_bytes -= entry->bytes;
    if (entry->page == NO_PAGE)
        free(entry->memory);
    else
        chunk_give(slab, (uint16_t)entry->page, entry->memory);
    *entry = (struct entry){ .next = slab->free_entry };
    slab->free_entry = handle;
}

size_t
slab_used(const struct slab *slab)
{
    return slab->used_bytes;
}
