/* yaml.c: libyaml's events to a tree of nodes, with every place kept. */
#include "bridge/yaml.h"

#include <string.h>
#include <yaml.h>

struct reader {
    struct pool *pool;
    const struct yaml_errors *errors;
    const char *file;
    const struct yaml_text *text;
    yaml_parser_t parser;
    uint32_t nodes;
    bool failed;
};

static struct place
place_of(const struct reader *reader, yaml_mark_t mark)
{
    return (struct place){ reader->file, (int)mark.line + 1, (int)mark.column + 1, reader->text };
}

static void
fail_at(struct reader *reader, yaml_mark_t mark, const char *text, const char *remedy)
{
    struct place place = place_of(reader, mark);
    if (!reader->failed)
        reader->errors->problem(reader->errors->owner, &place, "", text, remedy);
    reader->failed = true;
}

static bool
next_event(struct reader *reader, yaml_event_t *event)
{
    if (reader->failed)
        return false;
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    const yaml_parser_t *parser = &reader->parser;
    const char *what = parser->problem ? parser->problem : "cannot be read";
    if (parser->error == YAML_READER_ERROR)
        fail_at(reader, parser->mark, pool_format(reader->pool, "not YAML: %s", what), "save the file as UTF-8 text");
    else
        fail_at(reader, parser->problem_mark, pool_format(reader->pool, "not YAML: %s", what),
                "check quotes, brackets and indentation");
    return false;
}

/* What this subset leaves out, said once with its place. */
static bool
refused(struct reader *reader, const yaml_event_t *event, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL)
        fail_at(reader, event->start_mark, "anchors and aliases are not read here", "write the value out");
    else if (tag != NULL)
        fail_at(reader, event->start_mark, "tags are not read here", "write the plain value");
    return anchor != NULL || tag != NULL;
}

static struct node *
new_node(struct reader *reader, enum node_kind kind, yaml_mark_t mark)
{
    struct place place = place_of(reader, mark);
    if (++reader->nodes > YAML_NODES_MAX)
        fail_at(reader, mark, "more values than a configuration can have", "split or shorten the file");
    return node_new(reader->pool, kind, &place);
}

static struct node *read_value(struct reader *, yaml_event_t *, int depth);

static struct node *
read_scalar(struct reader *reader, yaml_event_t *event)
{
    struct slice text = { (const char *)event->data.scalar.value, event->data.scalar.length };
    if (refused(reader, event, event->data.scalar.anchor, event->data.scalar.tag))
        return NULL;
    if (memchr(text.at, '\0', text.size) != NULL) {
        fail_at(reader, event->start_mark, "a text holds the character U+0000", "take it out");
        return NULL;
    }
    struct node *node = new_node(reader, NODE_SCALAR, event->start_mark);
    node->text = pool_slice(reader->pool, text);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node;
}

static struct node *
read_list(struct reader *reader, yaml_event_t *begin, int depth)
{
    if (refused(reader, begin, begin->data.sequence_start.anchor, begin->data.sequence_start.tag))
        return NULL;
    struct node *list = new_node(reader, NODE_LIST, begin->start_mark);
    yaml_event_t event;
    while (next_event(reader, &event)) {
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        struct node *item = end ? NULL : read_value(reader, &event, depth + 1);
        yaml_event_delete(&event);
        if (end)
            return list;
        if (item != NULL)
            node_append(list, item);
    }
    return NULL;
}

static void
add_member(struct reader *reader, struct node *map, struct node *key, struct node *value)
{
    const struct node *twin = node_child(map, key->text);
    if (twin != NULL) {
        reader->errors->problem(reader->errors->owner, &key->place, key->text,
                                pool_format(reader->pool, "key \"%s\" stands twice", key->text),
                                pool_format(reader->pool, "remove one; the first is in line %d", twin->key_place.line));
        return;
    }
    value->key = key->text;
    value->key_place = key->place;
    node_append(map, value);
}

static struct node *
read_map(struct reader *reader, yaml_event_t *begin, int depth)
{
    if (refused(reader, begin, begin->data.mapping_start.anchor, begin->data.mapping_start.tag))
        return NULL;
    struct node *map = new_node(reader, NODE_MAP, begin->start_mark), *key = NULL;
    yaml_event_t event;
    while (next_event(reader, &event)) {
        bool end = event.type == YAML_MAPPING_END_EVENT;
        struct node *node = NULL;
        if (!end && key == NULL && event.type != YAML_SCALAR_EVENT)
            fail_at(reader, event.start_mark, "a key must be a text", "check the indentation and the brackets");
        else if (!end)
            node = read_value(reader, &event, depth + 1);
        yaml_event_delete(&event);
        if (end)
            return map;
        if (node != NULL && key != NULL)
            add_member(reader, map, key, node);
        key = key == NULL ? node : NULL;
    }
    return NULL;
}

static struct node *
read_value(struct reader *reader, yaml_event_t *event, int depth)
{
    if (depth > YAML_DEPTH_MAX) {
        fail_at(reader, event->start_mark, "nested deeper than 16", "check the brackets");
        return NULL;
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        return read_list(reader, event, depth);
    case YAML_MAPPING_START_EVENT:
        return read_map(reader, event, depth);
    default:
        fail_at(reader, event->start_mark, "anchors and aliases are not read here", "write the value out");
        return NULL;
    }
}

static struct node *
read_document(struct reader *reader)
{
    struct node *root = NULL;
    bool more = true;
    yaml_event_t event;
    while (more && next_event(reader, &event)) {
        bool structure = event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_END_EVENT;
        if (event.type == YAML_STREAM_END_EVENT)
            more = false;
        else if (event.type == YAML_DOCUMENT_START_EVENT && root != NULL)
            fail_at(reader, event.start_mark, "a second document begins here", "give it a file of its own: -c may be repeated");
        else if (!structure && event.type != YAML_DOCUMENT_START_EVENT)
            root = read_value(reader, &event, 0);
        yaml_event_delete(&event);
    }
    return root;
}

struct node *
yaml_read(struct pool *pool, const char *file, struct slice text, const struct yaml_errors *errors)
{
    struct yaml_text *whole = pool_take(pool, sizeof *whole);
    whole->at = pool_slice(pool, text);
    whole->size = text.size;
    struct reader reader = { .pool = pool, .errors = errors, .file = pool_text(pool, file), .text = whole };
    if (!yaml_parser_initialize(&reader.parser))
        return NULL;
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)whole->at, whole->size);
    struct node *root = read_document(&reader);
    yaml_parser_delete(&reader.parser);
    yaml_mark_t start = { 0 };
    bool empty = root == NULL || (root->kind == NODE_SCALAR && root->text[0] == '\0' && !root->quoted);
    if (!reader.failed && empty)
        root = new_node(&reader, NODE_MAP, start);
    else if (!reader.failed && root->kind != NODE_MAP)
        fail_at(&reader, start, "the file is no map of options", "begin with a line such as \"kafka:\"");
    return reader.failed ? NULL : root;
}

struct node *
node_new(struct pool *pool, enum node_kind kind, const struct place *place)
{
    struct node *node = pool_take(pool, sizeof *node);
    node->kind = kind;
    node->place = *place;
    node->key_place = *place;
    return node;
}

void
node_append(struct node *parent, struct node *child)
{
    child->next = NULL;
    if (parent->last != NULL)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->n++;
}

struct node *
node_child(const struct node *map, const char *key)
{
    for (struct node *child = map->first; child != NULL && map->kind == NODE_MAP; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

struct node *
node_item(const struct node *list, uint32_t index)
{
    struct node *item = list->kind == NODE_LIST ? list->first : NULL;
    while (item != NULL && index-- > 0)
        item = item->next;
    return item;
}

static void
node_replace(struct node *old, const struct node *with)
{
    struct node *next = old->next;
    *old = *with;
    old->next = next;
}

void
node_merge(struct node *under, struct node *over)
{
    for (struct node *child = over->first, *next; child != NULL; child = next) {
        next = child->next;
        struct node *met = node_child(under, child->key);
        if (met == NULL)
            node_append(under, child);
        else if (met->kind == NODE_MAP && child->kind == NODE_MAP)
            node_merge(met, child);
        else
            node_replace(met, child);
    }
}
