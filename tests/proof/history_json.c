/* history_json.c: a history as JSON lines: what a run on real parts hands to the checker, and what a failed one leaves behind. */
#include "tests/proof/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

static void
put_text(FILE *file, const char *name, const char *text)
{
    fprintf(file, ",\"%s\":\"", name);
    for (; *text; text++)
        fprintf(file, *text == '"' || *text == '\\' ? "\\%c" : (unsigned char)*text < ' ' ? "\\u%04x" : "%c", *text);
    fputc('"', file);
}

static void
put_number(FILE *file, const char *name, int64_t number)
{
    if (number != 0)
        fprintf(file, ",\"%s\":%ld", name, (long)number);
}

static void
write_fact(const struct history *history, const struct fact *fact, FILE *file)
{
    fprintf(file, "{\"fact\":\"%s\",\"at\":%ld", fact_name(fact->kind), (long)fact->at);
    put_number(file, "worker", fact->worker);
    put_number(file, "target", fact->target);
    put_number(file, "partition", fact->partition);
    put_number(file, "offset", fact->offset);
    put_number(file, "index", fact->index);
    put_number(file, "epoch", fact->epoch);
    put_number(file, "content", fact->content);
    put_number(file, "targets", fact->targets);
    put_number(file, "windows", fact->windows);
    put_number(file, "flags", fact->flags);
    put_number(file, "number", fact->number);
    put_number(file, "limit", fact->limit);
    if (fact->hash)
        fprintf(file, ",\"hash\":\"%016lx\"", (unsigned long)fact->hash);
    const struct { const char *name; uint32_t text; } texts[] = {
        { "id", fact->id }, { "other", fact->other }, { "user", fact->user }, { "word", fact->word }, { "lane", fact->lane },
        { "keys", fact->keys },
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].text)
            put_text(file, texts[i].name, history_name(history, texts[i].text));
    fputs("}\n", file);
}

void
history_write(const struct history *history, FILE *file)
{
    for (size_t i = 0; i < history->n; i++)
        write_fact(history, &history->facts[i], file);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------- */

static bool
kind_of(const char *name, enum fact_kind *kind)
{
    for (int i = 0; name && i < FACT_KIND_COUNT; i++)
        if (strcmp(fact_name((enum fact_kind)i), name) == 0) {
            *kind = (enum fact_kind)i;
            return true;
        }
    return false;
}

/* A line as it is read; `good` becomes false at the first member of a wrong kind. */
struct line {
    struct history *history;
    yyjson_val *object;
    bool good;
};

static int64_t
number_within(struct line *line, const char *name, int64_t least, int64_t most)
{
    yyjson_val *value = yyjson_obj_get(line->object, name);
    bool is_huge = yyjson_is_uint(value) && yyjson_get_uint(value) > INT64_MAX;
    int64_t number = yyjson_get_sint(value);
    line->good &= !value || (yyjson_is_int(value) && !is_huge && number >= least && number <= most);
    return number;
}

static int64_t
number(struct line *line, const char *name)
{
    return number_within(line, name, INT64_MIN, INT64_MAX);
}

static uint32_t
small(struct line *line, const char *name)
{
    return (uint32_t)number_within(line, name, 0, UINT32_MAX);
}

static uint32_t
text(struct line *line, const char *name)
{
    yyjson_val *value = yyjson_obj_get(line->object, name);
    line->good &= !value || yyjson_is_str(value);
    return value && line->good ? history_text(line->history, yyjson_get_str(value), yyjson_get_len(value)) : 0;
}

static uint64_t
hash(struct line *line)
{
    yyjson_val *value = yyjson_obj_get(line->object, "hash");
    const char *digits = yyjson_get_str(value);
    char *end = NULL;
    uint64_t hash = digits ? strtoull(digits, &end, 16) : 0;
    line->good &= !value || (digits && *digits && *end == '\0');
    return hash;
}

static bool
read_fact(struct history *history, yyjson_val *object, struct fact *fact)
{
    struct line line = { history, object, true };
    *fact = (struct fact){ 0 };
    if (!kind_of(yyjson_get_str(yyjson_obj_get(object, "fact")), &fact->kind))
        return false;
    fact->at = number(&line, "at");
    fact->worker = small(&line, "worker");
    fact->target = (int32_t)number_within(&line, "target", INT32_MIN, INT32_MAX);
    fact->partition = (int32_t)number_within(&line, "partition", INT32_MIN, INT32_MAX);
    fact->offset = number(&line, "offset");
    fact->index = small(&line, "index");
    fact->epoch = small(&line, "epoch");
    fact->content = small(&line, "content");
    fact->targets = small(&line, "targets");
    fact->windows = small(&line, "windows");
    fact->flags = small(&line, "flags");
    fact->number = number(&line, "number");
    fact->limit = number(&line, "limit");
    fact->hash = hash(&line);
    fact->id = text(&line, "id");
    fact->other = text(&line, "other");
    fact->user = text(&line, "user");
    fact->word = text(&line, "word");
    fact->lane = text(&line, "lane");
    fact->keys = text(&line, "keys");
    return line.good && fact_is_sound(fact);
}

bool
history_read(struct history *history, FILE *file, char *error, size_t error_size)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    for (size_t n = 1; (size = getline(&line, &room, file)) >= 0; n++) {
        struct fact fact;
        yyjson_doc *document = yyjson_read(line, (size_t)size, 0);
        bool good = document && read_fact(history, yyjson_doc_get_root(document), &fact);
        yyjson_doc_free(document);
        if (!good) {
            snprintf(error, error_size, "line %zu is no fact", n);
            free(line);
            return false;
        }
        history_add(history, &fact);
    }
    free(line);
    if (ferror(file)) {
        snprintf(error, error_size, "cannot be read: %s", strerror(errno));
        return false;
    }
    history_sort(history);
    return true;
}
