/* finding.c: the list of findings, and its two forms. */
#include "bridge/cmd/finding.h"

#include "codecs/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const status_names[] = { "pass", "warn", "fail" };

/* Texts of servers may stand in them. */
static void
make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
            *text = '?';
}

__attribute__((format(printf, 3, 0)))
static void
put(char *field, size_t size, const char *format, va_list arguments)
{
    vsnprintf(field, size, format, arguments);
    make_printable(field);
}

static struct finding *
add(struct findings *findings, enum finding_status status, enum exit_code code, const char *check, const char *target)
{
    if (findings->n == findings->capacity) {
        findings->capacity = findings->capacity ? findings->capacity * 2 : 32;
        findings->at = reallocarray(findings->at, findings->capacity, sizeof *findings->at);
        check(findings->at != NULL);
    }
    struct finding *finding = &findings->at[findings->n++];
    *finding = (struct finding){ .status = status, .code = code, .check = check };
    snprintf(finding->target, sizeof finding->target, "%s", target);
    make_printable(finding->target);
    return finding;
}

struct finding *
finding_pass(struct findings *findings, const char *check, const char *target, const char *detail, ...)
{
    struct finding *finding = add(findings, FINDING_PASS, EXIT_DONE, check, target);
    va_list arguments;
    va_start(arguments, detail);
    put(finding->detail, sizeof finding->detail, detail, arguments);
    va_end(arguments);
    return finding;
}

struct finding *
finding_warn(struct findings *findings, const char *check, const char *target, const char *detail, ...)
{
    struct finding *finding = add(findings, FINDING_WARN, EXIT_DONE, check, target);
    va_list arguments;
    va_start(arguments, detail);
    put(finding->detail, sizeof finding->detail, detail, arguments);
    va_end(arguments);
    return finding;
}

struct finding *
finding_fail(struct findings *findings, enum exit_code code, const char *check, const char *target, const char *detail, ...)
{
    struct finding *finding = add(findings, FINDING_FAIL, code, check, target);
    va_list arguments;
    va_start(arguments, detail);
    put(finding->detail, sizeof finding->detail, detail, arguments);
    va_end(arguments);
    return finding;
}

void
finding_remedy(struct finding *finding, const char *remedy, ...)
{
    va_list arguments;
    va_start(arguments, remedy);
    put(finding->remedy, sizeof finding->remedy, remedy, arguments);
    va_end(arguments);
}

void
findings_free(struct findings *findings)
{
    free(findings->at);
    *findings = (struct findings){ 0 };
}

enum exit_code
findings_code(const struct findings *findings)
{
    static const enum exit_code order[] = { EXIT_NO_PERMISSION, EXIT_CONFIG, EXIT_UNAVAILABLE };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        for (uint32_t f = 0; f < findings->n; f++)
            if (findings->at[f].status == FINDING_FAIL && findings->at[f].code == order[i])
                return order[i];
    return EXIT_DONE;
}

static enum finding_status
worst(const struct findings *findings)
{
    enum finding_status status = FINDING_PASS;
    for (uint32_t i = 0; i < findings->n; i++)
        status = findings->at[i].status > status ? findings->at[i].status : status;
    return status;
}

void
findings_text(struct buf *out, const struct findings *findings)
{
    uint32_t n[3] = { 0 };
    for (uint32_t i = 0; i < findings->n; i++) {
        const struct finding *finding = &findings->at[i];
        n[finding->status]++;
        buf_format(out, "%s  %-18s %s%s%s\n", status_names[finding->status], finding->check, finding->target,
                   finding->target[0] ? ": " : "", finding->detail);
        if (finding->remedy[0])
            buf_format(out, "      %-18s remedy: %s\n", "", finding->remedy);
    }
    buf_format(out, "connect: %u pass, %u warn, %u fail\n", n[FINDING_PASS], n[FINDING_WARN], n[FINDING_FAIL]);
}

static void
put_member(struct buf *out, const char *before, const char *text)
{
    buf_text(out, before);
    buf_json_string(out, slice_of(text));
}

void
findings_json(struct buf *out, const struct findings *findings)
{
    buf_format(out, "{\"status\":\"%s\",\"exit\":%d,\"checks\":[", status_names[worst(findings)], (int)findings_code(findings));
    for (uint32_t i = 0; i < findings->n; i++) {
        const struct finding *finding = &findings->at[i];
        put_member(out, i ? ",{\"check\":" : "{\"check\":", finding->check);
        put_member(out, ",\"target\":", finding->target);
        put_member(out, ",\"status\":", status_names[finding->status]);
        put_member(out, ",\"detail\":", finding->detail);
        put_member(out, ",\"remedy\":", finding->remedy);
        buf_char(out, '}');
    }
    buf_text(out, "]}\n");
}

const char *
duration_text(int64_t ms, char out[24])
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" } };
    size_t i = 0;
    if (ms < 0) {
        snprintf(out, 24, "for ever");
        return out;
    }
    while (ms % units[i].ms != 0)
        i++;
    snprintf(out, 24, "%lld%s", (long long)(ms / units[i].ms), units[i].name);
    return out;
}
