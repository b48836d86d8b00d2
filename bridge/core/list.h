/* list.h: intrusive doubly linked list. A node is in at most one list; a zeroed node is in none.
 * Header only, for the hot path. */
#ifndef BRIDGE_CORE_LIST_H
#define BRIDGE_CORE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node {
    struct node *prev, *next;
};

struct list {
    struct node head;       /* circular: head.next is the first */
    uint32_t size;
};

#define LIST_ENTRY(pointer, type, field) ((type *)(void *)((char *)(pointer) - offsetof(type, field)))

static inline void
list_init(struct list *list)
{
    list->head.prev = list->head.next = &list->head;
    list->size = 0;
}

static inline struct node *
list_first(const struct list *list)
{
    return list->head.next == &list->head ? NULL : list->head.next;
}

static inline struct node *
list_next(const struct list *list, const struct node *node)
{
    return node->next == &list->head ? NULL : node->next;
}

static inline void
list_insert(struct list *list, struct node *before, struct node *node)
{
    node->next = before;
    node->prev = before->prev;
    before->prev->next = node;
    before->prev = node;
    list->size++;
}

static inline void
list_append(struct list *list, struct node *node)
{
    list_insert(list, &list->head, node);
}

static inline void
list_prepend(struct list *list, struct node *node)
{
    list_insert(list, list->head.next, node);
}

static inline void
list_remove(struct list *list, struct node *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = node->next = NULL;
    list->size--;
}

static inline struct node *
list_pop(struct list *list)
{
    struct node *first = list_first(list);
    if (first)
        list_remove(list, first);
    return first;
}

#endif
