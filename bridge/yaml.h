/* yaml.h: YAML text to a tree that knows where each value stands. The only file pair that knows libyaml.
 *
 * A plain subset: one document, maps, lists, scalars. No anchors, aliases or tags, no key twice, keys are texts. Everything lives
 * in the pool. */
#ifndef BRIDGE_YAML_H
#define BRIDGE_YAML_H

#include "bridge/pool.h"

#include <stdint.h>

enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };

/* Where a value was written. */
struct place {
    const char *file;               /* or "environment", "--set" */
    int line, column;               /* from 1; 0 = no place */
    const struct yaml_text *text;   /* of the whole file, for the source line; NULL = none */
};

struct yaml_text {
    const char *at;
    size_t size;
};

struct node {
    enum node_kind kind;
    const char *text;           /* of a scalar */
    bool quoted;                /* '...', "...", | or > */
    bool substituted;           /* a ${} was replaced */
    bool from_file;             /* the whole text came from one ${file:...} */
    bool broken;                /* reported already */
    bool literal;               /* from the environment or --set: no ${} in it */
    const char *key;            /* within a map */
    struct place key_place, place;
    struct node *first, *last, *next;
    uint32_t n;                 /* children */
};

enum { YAML_BYTES_MAX = 1024 * 1024, YAML_DEPTH_MAX = 16, YAML_NODES_MAX = 10000 };

/* Called for each problem; path is "" for what concerns the document. */
struct yaml_errors {
    void *owner;
    void (*problem)(void *owner, const struct place *, const char *path, const char *text, const char *remedy);
};

/* The tree of `text`, always a map; an empty document is an empty map. NULL when the text is no YAML. Double keys are reported
 * and the first kept. */
struct node *yaml_read(struct pool *, const char *file, struct slice text, const struct yaml_errors *);

struct node *node_new(struct pool *, enum node_kind, const struct place *);
void node_append(struct node *parent, struct node *child);
struct node *node_child(const struct node *map, const char *key);           /* NULL = none */
struct node *node_item(const struct node *list, uint32_t index);

/* Lays `over` on `under`: maps merge, everything else replaces. Both are maps; `under` is changed, `over` is used up. */
void node_merge(struct node *under, struct node *over);

#endif
