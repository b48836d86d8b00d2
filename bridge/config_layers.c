/* config_layers.c: files in order, then ALERTBRIDGE_* variables, then --set, laid over each other as one tree. */
#include "bridge/config_load.h"
#include "bridge/suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void
yaml_problem(void *owner, const struct place *place, const char *path, const char *text, const char *remedy)
{
    load_problem_at(owner, SEVERITY_ERROR, place, path, text, remedy);
}

static bool
read_whole(int fd, char *bytes, size_t room, size_t *size)
{
    ssize_t n;
    *size = 0;
    while (*size < room && (n = read(fd, bytes + *size, room - *size)) != 0) {
        if (n < 0 && errno != EINTR)
            return false;
        *size += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static struct node *
read_file(struct load *load, const char *file)
{
    struct yaml_errors errors = { load, yaml_problem };
    struct place place = { .file = file };
    struct stat status;
    size_t size = 0;
    struct node *root = NULL;
    bool is_stdin = strcmp(file, "-") == 0;
    char *bytes = pool_take(load->scratch, YAML_BYTES_MAX + 1);
    int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        load_problem_at(load, SEVERITY_ERROR, &place, "", pool_format(load->scratch, "cannot be opened: %s", strerror(errno)),
                        "correct --config");
    else if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
        load_problem_at(load, SEVERITY_ERROR, &place, "", "is a directory", "name a file");
    else if (!read_whole(fd, bytes, YAML_BYTES_MAX + 1, &size))
        load_problem_at(load, SEVERITY_ERROR, &place, "", pool_format(load->scratch, "cannot be read: %s", strerror(errno)),
                        NULL);
    else if (size > YAML_BYTES_MAX)
        load_problem_at(load, SEVERITY_ERROR, &place, "", "is over 1 MiB", "shorten it");
    else
        root = yaml_read(load->scratch, file, (struct slice){ bytes, size }, &errors);
    if (fd >= 0 && !is_stdin)
        close(fd);
    return root;
}

/* A value from outside of the files: a list or map in brackets is YAML, everything else is the text as it is. */
static struct node *
outside_value(struct load *load, const char *text, const struct place *place)
{
    struct yaml_errors errors = { load, yaml_problem };
    struct node *node = node_new(load->scratch, NODE_SCALAR, place);
    node->text = pool_text(load->scratch, text);
    node->literal = true;
    if (text[0] != '[' && text[0] != '{')
        return node;
    const char *wrapped = pool_format(load->scratch, "value: %s", text);
    struct node *root = yaml_read(load->scratch, place->file, slice_of(wrapped), &errors);
    return root == NULL ? NULL : node_child(root, "value");
}

static void
forget_places(struct node *node, const struct place *place)
{
    node->place = node->key_place = *place;
    node->literal = true;
    for (struct node *child = node->first; child != NULL; child = child->next)
        forget_places(child, place);
}

/* Goes down `path`, makes what is missing, and lays the value there. False: the path cannot be followed. */
static bool
tree_set(struct load *load, const char *path, struct node *value, const struct place *place)
{
    struct path_walk walk;
    struct node *node = load->root, *parent = NULL;
    path_begin(&walk, path);
    while (path_step(&walk)) {
        bool keyed = walk.key[0] != '\0';
        enum node_kind wanted = keyed ? NODE_MAP : NODE_LIST;
        if (node->kind != wanted && (node->kind == NODE_SCALAR || node->n == 0)) {
            node->kind = wanted;
            node->text = NULL;
        }
        if (node->kind != wanted || (!keyed && walk.index > node->n))
            return false;
        parent = node;
        node = keyed ? node_child(parent, walk.key) : node_item(parent, walk.index);
        if (node == NULL) {
            node = node_new(load->scratch, NODE_SCALAR, place);
            node->key = keyed ? pool_text(load->scratch, walk.key) : NULL;
            node->text = "";
            node_append(parent, node);
        }
    }
    if (walk.rest[0] != '\0' || parent == NULL)
        return false;
    struct node *next = node->next;
    const char *key = node->key;
    *node = *value;
    node->next = next;
    node->key = key;
    forget_places(node, place);
    return true;
}

static void
lay_sets(struct load *load)
{
    const struct place place = { .file = "--set" };
    for (uint32_t i = 0; i < load->given->n_sets; i++) {
        const char *set = load->given->sets[i], *equals = strchr(set, '=');
        if (equals == NULL || equals == set) {
            load_problem_at(load, SEVERITY_ERROR, &place, set, "no value",
                            "write --set path=value, such as --set log.level=debug");
            continue;
        }
        const char *path = pool_slice(load->scratch, (struct slice){ set, (size_t)(equals - set) });
        struct node *value = outside_value(load, equals + 1, &place);
        if (value != NULL && !tree_set(load, path, value, &place))
            load_problem_at(load, SEVERITY_ERROR, &place, path, "names no place in the configuration",
                            "write keys with dots and elements with [0], such as targets[0].rate_limit");
    }
}

static void
lay_variable(struct load *load, const char *name, const char *text)
{
    const struct place place = { .file = "environment" };
    struct suggest suggest;
    char known[128];
    suggest_begin(&suggest, name);
    for (uint32_t i = 0; i < n_options; i++) {
        if (!option_variable(&options[i], known, sizeof known))
            continue;
        if (strcmp(name, known) == 0) {
            struct node *value = outside_value(load, text, &place);
            if (value != NULL)
                tree_set(load, options[i].path, value, &place);
            return;
        }
        if (suggest_distance(name, known) < suggest.distance)
            suggest_offer(&suggest, pool_text(load->scratch, known));
    }
    if (suggest.best != NULL)
        load_problem_at(load, SEVERITY_WARNING, &place, name, "names no option and is not used",
                        load_meant(load, suggest.best, NULL));
}

/* A name that is no option is passed over unless it is near to one: a cluster puts ALERTBRIDGE_SERVICE_HOST and its like there by
 * itself. */
static void
lay_environment(struct load *load)
{
    for (char *const *entry = load->given->environment; entry != NULL && *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');
        if (equals == NULL || strncmp(*entry, "ALERTBRIDGE_", 12) != 0)
            continue;
        const char *name = pool_slice(load->scratch, (struct slice){ *entry, (size_t)(equals - *entry) });
        lay_variable(load, name, equals + 1);
    }
}

bool
load_layers(struct load *load)
{
    const char *first = load->given->n_files > 0 ? load->given->files[0] : "configuration";
    const struct place top = { .file = first };
    bool all = true;
    load->root = node_new(load->scratch, NODE_MAP, &top);
    for (uint32_t i = 0; i < load->given->n_files; i++) {
        struct node *root = read_file(load, load->given->files[i]);
        all = all && root != NULL;
        if (root != NULL)
            node_merge(load->root, root);
    }
    lay_environment(load);
    lay_sets(load);
    return all;
}
