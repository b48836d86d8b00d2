/* config_substitute.c: ${VAR}, ${VAR:-default}, ${file:/path} and $$ in the scalars of files; once, after parsing, never in keys.
 */
#include "bridge/config_load.h"
#include "codecs/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEXT_BYTES_MAX = 256 * 1024, FILE_BYTES_MAX = 64 * 1024 };

struct substitution {
    struct load *load;
    struct node *node;
    const char *path;
    struct buf out;
};

static void
substitution_error(struct substitution *s, const char *text, const char *remedy)
{
    load_problem_at(s->load, SEVERITY_ERROR, &s->node->place, s->path, text, remedy);
    s->node->broken = true;
}

static const char *
variable(const struct config_load *given, const char *name)
{
    size_t n = strlen(name);
    for (char *const *entry = given->environment; entry != NULL && *entry != NULL; entry++)
        if (strncmp(*entry, name, n) == 0 && (*entry)[n] == '=')
            return *entry + n + 1;
    return NULL;
}

static void
put_file(struct substitution *s, const char *file)
{
    char *bytes = pool_take(s->load->scratch, FILE_BYTES_MAX + 1);
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t n = fd < 0 ? -1 : read(fd, bytes, FILE_BYTES_MAX + 1);
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0)
        substitution_error(s, pool_format(s->load->scratch, "file %s cannot be read: %s", file, strerror(error)),
                           "create it, or correct the path");
    else if (n > FILE_BYTES_MAX || memchr(bytes, '\0', (size_t)n) != NULL)
        substitution_error(s, pool_format(s->load->scratch, "file %s is no text of at most 64 KiB", file), "correct the path");
    else {
        while (n > 0 && (bytes[n - 1] == '\n' || bytes[n - 1] == '\r'))
            n--;
        buf_put(&s->out, bytes, (size_t)n);
    }
    explicit_bzero(bytes, FILE_BYTES_MAX + 1);
}

static void
put_variable(struct substitution *s, const char *inner)
{
    size_t n = strspn(inner, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
    bool has_default = strncmp(inner + n, ":-", 2) == 0;
    if (n == 0 || (inner[0] >= '0' && inner[0] <= '9') || (inner[n] != '\0' && !has_default)) {
        substitution_error(s, pool_format(s->load->scratch, "${%s} is no substitution", inner),
                           "write ${VAR}, ${VAR:-default} or ${file:/path}; $$ is a dollar sign");
        return;
    }
    const char *name = pool_slice(s->load->scratch, (struct slice){ inner, n });
    const char *value = variable(s->load->given, name);
    if (has_default && (value == NULL || value[0] == '\0'))
        value = inner + n + 2;
    if (value == NULL)
        substitution_error(s, pool_format(s->load->scratch, "variable %s is not set", name),
                           pool_format(s->load->scratch, "set it, or write ${%s:-default}", name));
    else
        buf_text(&s->out, value);
}

/* `at` stands behind "${"; returns what follows the brace. */
static const char *
put_braces(struct substitution *s, const char *at)
{
    const char *end = strchr(at, '}');
    if (end == NULL) {
        substitution_error(s, "a ${ without its }", "close it, or write $${ for a plain text");
        return "";
    }
    const char *inner = pool_slice(s->load->scratch, (struct slice){ at, (size_t)(end - at) });
    if (strncmp(inner, "file:", 5) == 0)
        put_file(s, inner + 5);
    else
        put_variable(s, inner);
    return end + 1;
}

static bool
is_one_file(const char *text)
{
    return strncmp(text, "${file:", 7) == 0 && strchr(text, '}') == text + strlen(text) - 1;
}

static void
substitute_scalar(struct load *load, struct node *node, const char *path)
{
    struct substitution s = { .load = load, .node = node, .path = path };
    char *room = malloc(TEXT_BYTES_MAX);
    if (room == NULL)
        return;
    buf_init(&s.out, room, TEXT_BYTES_MAX - 1);
    for (const char *at = node->text; *at != '\0';) {
        if (at[0] == '$' && at[1] == '$') {
            buf_char(&s.out, '$');
            at += 2;
        } else if (at[0] == '$' && at[1] == '{') {
            at = put_braces(&s, at + 2);
            node->substituted = true;
        } else {
            buf_char(&s.out, *at++);
        }
    }
    node->from_file = is_one_file(node->text);
    if (s.out.overflow)
        substitution_error(&s, "the text is over 256 KiB after substitution", "shorten it");
    else
        node->text = pool_slice(load->scratch, buf_view(&s.out));
    explicit_bzero(room, TEXT_BYTES_MAX);
    free(room);
}

static void
substitute_tree(struct load *load, struct node *node, const char *path)
{
    uint32_t i = 0;
    for (struct node *child = node->first; child != NULL; child = child->next, i++) {
        const char *below = node->kind == NODE_LIST ? pool_format(load->scratch, "%s[%u]", path, i)
                                                    : pool_format(load->scratch, "%s%s%s", path, path[0] ? "." : "", child->key);
        substitute_tree(load, child, below);
    }
    if (node->kind == NODE_SCALAR && !node->literal && strchr(node->text, '$') != NULL)
        substitute_scalar(load, node, path);
}

void
load_substitute(struct load *load)
{
    substitute_tree(load, load->root, "");
}
