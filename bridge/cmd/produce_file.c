/* produce_file.c: given events, one JSON object a line. */
#include "bridge/cmd/produce.h"

#include "codecs/buf.h"
#include "codecs/json.h"

#include <errno.h>
#include <stdlib.h>

enum { REFUSALS_SAID = 20 };

struct produce_file {
    FILE *file;
    char *line;
    size_t line_capacity;
    enum format format;
    uint64_t line_number, events, refused;
    struct arena arena;
    struct buf out;
    struct sample_written written;
};

struct produce_file *
produce_file_new(const char *path, enum format format)
{
    struct produce_file *from = calloc(1, sizeof *from);
    if (!from)
        return NULL;
    from->format = format;
    from->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    size_t arena_bytes = json_arena_bytes(RECORD_BYTES_MAX), out_bytes = 2 * RECORD_BYTES_MAX;
    void *arena = malloc(arena_bytes), *out = malloc(out_bytes);
    arena_init(&from->arena, arena, arena_bytes);
    buf_init(&from->out, out, out_bytes);
    if (from->file && arena && out)
        return from;
    int why = from->file ? ENOMEM : errno;
    produce_file_free(from);
    errno = why;
    return NULL;
}

void
produce_file_free(struct produce_file *from)
{
    if (!from)
        return;
    if (from->file && from->file != stdin)
        fclose(from->file);
    free(from->line);
    free(from->arena.at);
    free(from->out.at);
    free(from);
}

static void
refuse(struct produce_file *from, enum fault fault, struct slice detail)
{
    if (from->refused++ < REFUSALS_SAID)
        fprintf(stderr, "line %lu: %s%s%.*s\n", (unsigned long)from->line_number, fault_text(fault), detail.size ? ": " : "",
                (int)(detail.size < 120 ? detail.size : 120), detail.at ? detail.at : "");
}

static enum fault
take(struct produce_file *from, struct slice line, struct sample *sample, struct slice *detail)
{
    const struct value *object;
    struct event event;
    const struct event_defaults nothing = { .version_optional = false };
    arena_reset(&from->arena);
    buf_reset(&from->out);
    if (line.size > RECORD_BYTES_MAX)
        return FAULT_TOO_BIG;
    enum fault fault = json_read(line, &from->arena, &object);
    if (!fault && object->type != VALUE_OBJECT)
        fault = FAULT_SCHEMA;
    if (!fault)
        fault = event_read(&event, object, false, &nothing, detail);
    if (fault)
        return fault;
    enum sample_form form = sample_form_of(from->format, from->events);
    if (!sample_write(form, object, &from->out, &from->written))
        return FAULT_TOO_BIG;
    if (form == SAMPLE_JSON)
        from->written.value = line;     /* its own bytes, not ours */
    *sample = (struct sample){ .kind = event.kind, .id = from->written.id, .number = from->events++ };
    sample->record = (struct record_view){
        event_record_key(&event), from->written.value, from->written.headers, from->written.n_headers, -1
    };
    return FAULT_NONE;
}

bool
produce_file_next(struct produce_file *from, struct sample *sample)
{
    ssize_t size;
    while ((size = getline(&from->line, &from->line_capacity, from->file)) >= 0) {
        from->line_number++;
        struct slice line = { from->line, (size_t)size }, detail = { NULL, 0 };
        while (line.size > 0 && strchr(" \t\r\n", line.at[line.size - 1]))
            line.size--;
        if (line.size == 0)
            continue;
        enum fault fault = take(from, line, sample, &detail);
        if (!fault)
            return true;
        refuse(from, fault, detail);
    }
    return false;
}

uint64_t
produce_file_refused(const struct produce_file *from)
{
    return from->refused;
}

bool
produce_file_failed(const struct produce_file *from)
{
    return ferror(from->file) != 0;
}
