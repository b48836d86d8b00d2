/* config_report.c: collects problems with their source lines, and prints them. */
#include "bridge/config_load.h"
#include "codecs/buf.h"
#include "codecs/check.h"
#include "codecs/utf8.h"

#include <ctype.h>
#include <stdlib.h>

enum { PROBLEMS_MAX = 256, SOURCE_LINE_BYTES = 200, QUOTE_BYTES = 60 };

/* One printable line of valid UTF-8, at most `bytes_max`: nothing that was read can move a terminal's cursor. */
static const char *
printable(struct pool *pool, struct slice text, size_t bytes_max)
{
    size_t size = text.size < bytes_max ? text.size : bytes_max;
    while (size > 0 && size < text.size && ((unsigned char)text.at[size] & 0xc0) == 0x80)
        size--;
    char *copy = pool_take(pool, size + 1);
    memcpy(copy, text.at, size);
    bool valid = utf8_valid((struct slice){ copy, size });
    for (char *c = copy; c < copy + size; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f || (!valid && (unsigned char)*c >= 0x80))
            *c = *c == '\t' ? ' ' : '?';
    return copy;
}

/* scheme://user:password@host */
static bool
line_has_userinfo(struct slice line)
{
    const char *scheme = memmem(line.at, line.size, "://", 3);
    return scheme != NULL && memchr(scheme, '@', line.size - (size_t)(scheme - line.at)) != NULL;
}

/* A line that gives a secret under its own name ("sasl.password: ...") is not shown; names that end in _file are. */
static bool
line_hides_secret(struct slice line)
{
    static const char *const words[] = { "password", "passphrase", "secret", "pem", "token" };
    for (size_t i = 0; i < line.size; i++) {
        if (line.at[i] != ':')
            continue;
        size_t end = i;
        while (end > 0 && (line.at[end - 1] == ' ' || line.at[end - 1] == '"' || line.at[end - 1] == '\''))
            end--;
        size_t start = end;
        while (start > 0 && (isalnum((unsigned char)line.at[start - 1]) || strchr("_.-", line.at[start - 1]) != NULL))
            start--;
        struct slice key = { line.at + start, end - start };
        if (key.size >= 5 && memcmp(key.at + key.size - 5, "_file", 5) == 0)
            continue;
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
            if (memmem(key.at, key.size, words[w], strlen(words[w])) != NULL)
                return true;
    }
    return line_has_userinfo(line) || memmem(line.at, line.size, "-----", 5) != NULL;
}

static const char *
source_line(struct pool *pool, const struct place *place)
{
    if (place->text == NULL || place->line <= 0)
        return NULL;
    struct slice rest = { place->text->at, place->text->size }, line = rest;
    for (int number = 1; number <= place->line; number++) {
        const char *end = memchr(rest.at, '\n', rest.size);
        line = (struct slice){ rest.at, end ? (size_t)(end - rest.at) : rest.size };
        size_t used = end ? line.size + 1 : line.size;
        rest = (struct slice){ rest.at + used, rest.size - used };
    }
    bool nothing = line.size == 0 || line_hides_secret(line);
    return nothing ? NULL : printable(pool, line, SOURCE_LINE_BYTES);
}

static struct pool *
report_pool(struct config_report *report)
{
    if (report->memory == NULL) {
        report->memory = pool_new();
        report->problems = pool_take(report->memory, PROBLEMS_MAX * sizeof *report->problems);
    }
    return report->memory;
}

void
load_problem_at(struct load *load, enum severity severity, const struct place *place, const char *path, const char *text,
                const char *remedy)
{
    struct config_report *report = load->report;
    struct pool *pool = report_pool(report);
    if (severity == SEVERITY_WARNING)
        report->warnings++;
    else
        report->errors++;
    if (report->n == PROBLEMS_MAX)
        return;
    report->problems[report->n++] = (struct config_problem){
        .file = printable(pool, slice_of(place->file ? place->file : "configuration"), 4096),
        .line = place->line,
        .column = place->column,
        .path = printable(pool, slice_of(path), PATH_BYTES_MAX),
        .text = printable(pool, slice_of(text), 1024),
        .remedy = remedy ? printable(pool, slice_of(remedy), 1024) : NULL,
        .warning = severity == SEVERITY_WARNING,
        .source_line = source_line(pool, place),
    };
}

static void
problem_near(struct load *load, enum severity severity, const char *path, const char *text, const char *remedy)
{
    const struct node *node = load_nearest(load, path);
    struct place place = node->place;
    bool whole_file = node == load->root;
    if (whole_file)
        place.line = place.column = 0;
    else if (node->kind != NODE_SCALAR && node->key != NULL)
        place = node->key_place;
    load_problem_at(load, severity, &place, path, text, remedy);
}

void
load_error(struct load *load, const char *path, const char *text, const char *remedy)
{
    problem_near(load, SEVERITY_ERROR, path, text, remedy);
}

void
load_warning(struct load *load, const char *path, const char *text, const char *remedy)
{
    problem_near(load, SEVERITY_WARNING, path, text, remedy);
}

const char *
load_quote(struct load *load, const char *value)
{
    struct slice text = slice_of(value);
    return pool_format(load->scratch, "\"%s%s\"", printable(load->scratch, text, QUOTE_BYTES),
                       text.size > QUOTE_BYTES ? "..." : "");
}

const char *
load_meant(struct load *load, const char *best, const char *otherwise)
{
    return best ? pool_format(load->scratch, "did you mean \"%s\"?", best) : otherwise;
}

/* By file in the order met, then by place; what has no place comes last in its file. */
static int
file_rank(const struct config_report *report, const char *file)
{
    for (uint32_t i = 0; i < report->n; i++)
        if (strcmp(report->problems[i].file, file) == 0)
            return (int)i;
    return (int)report->n;
}

static bool
comes_before(const struct config_problem *a, int rank_a, const struct config_problem *b, int rank_b)
{
    if (rank_a != rank_b)
        return rank_a < rank_b;
    int line_a = a->line > 0 ? a->line : INT32_MAX, line_b = b->line > 0 ? b->line : INT32_MAX;
    return line_a != line_b ? line_a < line_b : a->column < b->column;
}

void
config_report_sort(struct config_report *report)
{
    int ranks[PROBLEMS_MAX];
    for (uint32_t i = 0; i < report->n; i++)
        ranks[i] = file_rank(report, report->problems[i].file);
    for (uint32_t i = 1; i < report->n; i++) {
        struct config_problem problem = report->problems[i];
        int rank = ranks[i];
        uint32_t at = i;
        for (; at > 0 && comes_before(&problem, rank, &report->problems[at - 1], ranks[at - 1]); at--) {
            report->problems[at] = report->problems[at - 1];
            ranks[at] = ranks[at - 1];
        }
        report->problems[at] = problem;
        ranks[at] = rank;
    }
}

void
config_report_free(struct config_report *report)
{
    pool_free(report->memory);
    *report = (struct config_report){ 0 };
}

static size_t
characters(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void
put_source_line(struct buf *out, const struct config_problem *problem)
{
    buf_format(out, "%5d | %s\n", problem->line, problem->source_line);
    if (problem->column > 0 && (size_t)problem->column <= characters(problem->source_line) + 1)
        buf_format(out, "      | %*s^\n", problem->column - 1, "");
}

static void
put_fact(struct buf *out, const struct config_problem *problem, const char *severity)
{
    buf_text(out, problem->file);
    if (problem->line > 0)
        buf_format(out, ":%d:%d", problem->line, problem->column);
    buf_format(out, ": %s", severity);
    if (problem->path[0] != '\0')
        buf_format(out, "%s: ", problem->path);
    buf_text(out, problem->text);
    if (problem->remedy != NULL)
        buf_format(out, "; %s", problem->remedy);
}

void
config_problem_line(struct buf *out, const struct config_problem *problem)
{
    put_fact(out, problem, "");
}

static void
put_problem(struct buf *out, const struct config_problem *problem)
{
    put_fact(out, problem, problem->warning ? "warning: " : "");
    buf_char(out, '\n');
    if (problem->source_line != NULL)
        put_source_line(out, problem);
}

void
config_report_text(struct buf *out, const struct config_report *report)
{
    for (uint32_t i = 0; i < report->n; i++)
        put_problem(out, &report->problems[i]);
    if (report->errors + report->warnings > report->n)
        buf_format(out, "and %u more\n", report->errors + report->warnings - report->n);
}

static void
put_member(struct buf *out, const char *name, const char *text)
{
    buf_format(out, "\"%s\":", name);
    buf_json_string(out, slice_of(text));
    buf_char(out, ',');
}

void
config_report_json(struct buf *out, const struct config_report *report)
{
    buf_text(out, "{\"problems\":[");
    for (uint32_t i = 0; i < report->n; i++) {
        const struct config_problem *problem = &report->problems[i];
        buf_text(out, i == 0 ? "{" : ",{");
        put_member(out, "severity", problem->warning ? "warning" : "error");
        put_member(out, "file", problem->file);
        put_member(out, "path", problem->path);
        put_member(out, "text", problem->text);
        if (problem->remedy != NULL)
            put_member(out, "remedy", problem->remedy);
        buf_format(out, "\"line\":%d,\"column\":%d}", problem->line, problem->column);
    }
    buf_format(out, "],\"errors\":%u,\"warnings\":%u}\n", report->errors, report->warnings);
}
