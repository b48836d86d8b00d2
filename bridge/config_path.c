/* config_path.c: walks a path such as targets[0].retry.max, with the pattern of options.def beside it. */
#include "bridge/config_load.h"
#include "bridge/forms.h"

#include <stdio.h>

static const char event_kinds[] = "incident.generated|alert.generated|incident.updated|notice";

bool
path_kind(const char *key, int *kind)
{
    *kind = choice_find(event_kinds, key);
    return *kind >= 0;
}

void
path_begin(struct path_walk *walk, const char *path)
{
    *walk = (struct path_walk){ .rest = path };
}

static void
grow_pattern(struct path_walk *walk, const char *dot, const char *text)
{
    size_t n = strlen(walk->pattern);
    snprintf(walk->pattern + n, sizeof walk->pattern - n, "%s%s", n == 0 ? "" : dot, text);
}

static bool
step_index(struct path_walk *walk)
{
    char number[16];
    size_t n = strspn(walk->rest + 1, "0123456789");
    uint64_t index;
    snprintf(number, sizeof number, "%.*s", (int)(n < 10 ? n : 0), walk->rest + 1);
    if (!form_count(number, &index) || walk->rest[n + 1] != ']')
        return false;
    walk->index = (uint32_t)index;
    walk->key[0] = '\0';
    walk->rest += n + 2;
    grow_pattern(walk, "", "[]");
    return true;
}

/* Names with dots in them: kinds of event, and whatever stands below a free map. */
static size_t
key_bytes(const struct path_walk *walk, bool *is_kind)
{
    char below[64], kind[64];
    uint32_t first = 0;
    const struct option *option = option_find(walk->pattern);
    *is_kind = false;
    if (option != NULL)
        return strlen(walk->rest);
    *is_kind = option_child(walk->pattern, &first, below, sizeof below) && strcmp(below, "<kind>") == 0;
    for (int i = 0; *is_kind && choice_nth(event_kinds, i, kind, sizeof kind); i++)
        if (strncmp(walk->rest, kind, strlen(kind)) == 0)
            return strlen(kind);
    return strcspn(walk->rest, ".[");
}

bool
path_step(struct path_walk *walk)
{
    if (walk->rest[0] == '\0')
        return false;
    if (walk->rest[0] == '[')
        return step_index(walk);
    if (walk->pattern[0] != '\0') {
        if (walk->rest[0] != '.')
            return false;
        walk->rest++;
    }
    bool is_kind;
    size_t n = key_bytes(walk, &is_kind);
    if (n == 0 || n >= sizeof walk->key) {
        walk->rest = n == 0 ? "." : walk->rest;
        return false;
    }
    memcpy(walk->key, walk->rest, n);
    walk->key[n] = '\0';
    walk->rest += n;
    grow_pattern(walk, ".", is_kind ? "<kind>" : walk->key);
    return true;
}

static const struct node *
load_walk(const struct load *load, const char *path, bool nearest)
{
    struct path_walk walk;
    const struct node *node = load->root;
    path_begin(&walk, path);
    while (path_step(&walk)) {
        const struct node *child = walk.key[0] != '\0' ? node_child(node, walk.key) : node_item(node, walk.index);
        if (child == NULL)
            return nearest ? node : NULL;
        node = child;
    }
    return node;
}

const struct node *
load_find(const struct load *load, const char *path)
{
    return load_walk(load, path, false);
}

const struct node *
load_nearest(const struct load *load, const char *path)
{
    return load_walk(load, path, true);
}
