/* config_bind.c: walks the tree beside the table: unknown keys, wrong shapes, required options, defaults; values go to
 * config_value.c. */
#include "bridge/config_load.h"
#include "bridge/suggest.h"

#include <stdio.h>

/* Where the options of each scope are stored, and which of a target's count. */
struct binding {
    struct load *load;
    char *base;
    int kind;           /* enum target_kind, -1 = any or not known */
    int event_kind;     /* below <kind> */
};

static void bind_map(const struct binding *, struct node *map, const char *pattern, const char *path);

static const char *
shape(const struct node *node)
{
    static const char *const names[] = { [NODE_SCALAR] = "a single value", [NODE_MAP] = "a map", [NODE_LIST] = "a list" };
    return names[node->kind];
}

static void
wrong_shape(struct load *load, const struct node *node, const char *path, const char *wanted)
{
    load_problem_at(load, SEVERITY_ERROR, &node->place, path,
                    pool_format(load->scratch, "expects %s, not %s", wanted, shape(node)), NULL);
}

static void
unknown_key(const struct binding *binding, const struct node *node, const char *pattern, const char *path)
{
    struct load *load = binding->load;
    struct suggest suggest;
    char name[64], file_name[80];
    suggest_begin(&suggest, node->key);
    snprintf(file_name, sizeof file_name, "%.60s_file", node->key);
    for (uint32_t at = 0; option_child(pattern, &at, name, sizeof name);) {
        if (strcmp(name, file_name) == 0) {
            load_problem_at(load, SEVERITY_ERROR, &node->key_place, path, "a secret is not written into the configuration",
                            pool_format(load->scratch, "put it into a file and name that with %s", file_name));
            return;
        }
        suggest_offer(&suggest, pool_text(load->scratch, name));
    }
    load_problem_at(load, SEVERITY_ERROR, &node->key_place, path,
                    pool_format(load->scratch, "unknown key %s", load_quote(load, node->key)),
                    load_meant(load, suggest.best, "remove it; `alertbridge config docs` lists what there is"));
}

static bool
applies(const struct binding *binding, const struct option *option, const struct node *node, const char *path)
{
    if (binding->kind < 0 || option_is_for(option, binding->kind))
        return true;
    load_problem_at(
        binding->load, SEVERITY_ERROR, &node->key_place, path,
        pool_format(binding->load->scratch, "is an option of kind %s only", option->flags & FOR_SOAR ? "soar" : "notice"),
        "remove it, or correct kind");
    return false;
}

/* ---- elements of sources, targets, routes */

static size_t
scope_size(enum option_scope scope)
{
    static const size_t sizes[] = {
        [SCOPE_ROOT] = 0, [SCOPE_SOURCE] = sizeof(struct config_source), [SCOPE_TARGET] = sizeof(struct config_target),
        [SCOPE_ROUTE] = sizeof(struct config_route),
    };
    return sizes[scope];
}

static const char *
indexed(struct load *load, const char *path, uint32_t index)
{
    const char *brackets = strstr(path, "[]");
    return brackets == NULL ? path : pool_format(load->scratch, "%.*s[%u]%s", (int)(brackets - path), path, index, brackets + 2);
}

static void
bind_defaults(const struct binding *binding, enum option_scope scope)
{
    int kind = binding->kind < 0 ? TARGET_NOTICE : binding->kind;
    for (uint32_t i = 0; i < n_options; i++)
        if (option_scope(&options[i]) == scope)
            load_default(binding->load, &options[i], binding->base, options[i].at, kind);
}

static void
bind_required(const struct binding *binding, enum option_scope scope, uint32_t index)
{
    struct load *load = binding->load;
    for (uint32_t i = 0; i < n_options; i++) {
        const struct option *option = &options[i];
        bool kind_known = binding->kind >= 0 || (option->flags & (FOR_SOAR | FOR_NOTICE)) == 0;
        if (option_scope(option) != scope || !(option->flags & OPTION_REQUIRED) || !kind_known ||
            !option_is_for(option, binding->kind))
            continue;
        const char *path = indexed(load, option->path, index);
        if (load_find(load, path) == NULL)
            load_error(load, path, "is required",
                       pool_format(load->scratch, "add it: %s (such as %s)", option_type_text(option->type), option->example));
    }
}

static int
kind_of_target(const struct node *element)
{
    const struct node *kind = node_child(element, "kind");
    const struct option *option = option_find("targets[].kind");
    return kind == NULL || kind->kind != NODE_SCALAR ? -1 : choice_find(option->detail, kind->text);
}

static void
bind_element(struct load *load, enum option_scope scope, void *base, struct node *element, const char *pattern, const char *path,
             uint32_t index)
{
    int kind = scope == SCOPE_TARGET ? kind_of_target(element) : -1;
    struct binding binding = { .load = load, .base = base, .kind = kind };
    bind_defaults(&binding, scope);
    if (element->kind != NODE_MAP) {
        wrong_shape(load, element, path, "a map");
        return;
    }
    bind_map(&binding, element, pattern, path);
    bind_required(&binding, scope, index);
}

static void
bind_elements(struct load *load, struct node *list, const char *pattern)
{
    struct config *config = load->config;
    const struct { enum option_scope scope; void *at; uint32_t *n; } lists[] = {
        { SCOPE_SOURCE, config->sources, &config->n_sources },
        { SCOPE_TARGET, config->targets, &config->n_targets },
        { SCOPE_ROUTE, config->routes, &config->n_routes },
    };
    uint32_t which = strcmp(pattern, "sources") == 0 ? 0 : strcmp(pattern, "targets") == 0 ? 1 : 2;
    uint32_t index = 0;
    const char *below = pool_format(load->scratch, "%s[]", pattern);
    for (struct node *element = list->first; element != NULL; element = element->next, index++) {
        const char *path = pool_format(load->scratch, "%s[%u]", pattern, index);
        if (index == CONFIG_LIST_MAX) {
            load_problem_at(load, SEVERITY_ERROR, &element->place, path, "is one too many: at most 64",
                            "split the work over two groups of workers");
            return;
        }
        void *base = (char *)lists[which].at + index * scope_size(lists[which].scope);
        *lists[which].n = index + 1;
        bind_element(load, lists[which].scope, base, element, below, path, index);
    }
}

/* ---- maps */

static void
bind_group(const struct binding *binding, struct node *node, const char *pattern, const char *path, bool list)
{
    if (node->kind != (list ? NODE_LIST : NODE_MAP)) {
        bool nothing = node->kind == NODE_SCALAR && node->text[0] == '\0' && !node->quoted;
        if (nothing)
            load_problem_at(binding->load, SEVERITY_ERROR, &node->key_place, path, "is empty", "fill it, or remove the line");
        else
            wrong_shape(binding->load, node, path, list ? "a list" : "a map");
    } else if (list) {
        bind_elements(binding->load, node, pattern);
    } else {
        bind_map(binding, node, pattern, path);
    }
}

static void
bind_member(const struct binding *binding, struct node *node, const char *pattern, const char *path, const char *below)
{
    const struct option *option = option_find(below);
    bool list;
    if (option != NULL) {
        size_t at = option->at + (strstr(below, "<kind>") ? (size_t)binding->event_kind * option->size : 0);
        if (applies(binding, option, node, path))
            load_value(binding->load, option, binding->base, at, node, path);
    } else if (option_is_group(below, &list)) {
        bind_group(binding, node, below, path, list);
    } else {
        unknown_key(binding, node, pattern, path);
    }
}

static void
bind_map(const struct binding *binding, struct node *map, const char *pattern, const char *path)
{
    struct load *load = binding->load;
    char first[64];
    uint32_t at = 0;
    bool kinds = option_child(pattern, &at, first, sizeof first) && strcmp(first, "<kind>") == 0;
    for (struct node *node = map->first; node != NULL; node = node->next) {
        struct binding inner = *binding;
        const char *dot = pattern[0] ? "." : "";
        const char *node_path = pool_format(load->scratch, "%s%s%s", path, dot, node->key);
        bool known = kinds && path_kind(node->key, &inner.event_kind);
        const char *below = pool_format(load->scratch, "%s%s%s", pattern, dot, known ? "<kind>" : node->key);
        bool forged = strpbrk(node->key, "[]<>") != NULL;
        if (forged || (kinds && !known))
            unknown_key(binding, node, pattern, node_path);
        else
            bind_member(&inner, node, pattern, node_path, below);
    }
}

void
load_bind(struct load *load)
{
    static const char *const lists[] = { "sources", "targets", "routes" };
    struct binding binding = { .load = load, .base = (char *)load->config, .kind = -1 };
    bind_defaults(&binding, SCOPE_ROOT);
    bind_map(&binding, load->root, "", "");
    bind_required(&binding, SCOPE_ROOT, 0);
    for (size_t i = 0; i < 3; i++) {
        const struct node *list = load_find(load, lists[i]);
        if (list == NULL || (list->kind == NODE_LIST && list->n == 0))
            load_error(load, lists[i], pool_format(load->scratch, "at least one of %s is required", lists[i]), "add one");
    }
}
