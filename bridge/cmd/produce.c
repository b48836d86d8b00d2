/* produce.c: alertbridge produce: sample or given events to a topic, and a line about what was written. */
#include "bridge/cmd/produce.h"

#include "codecs/buf.h"
#include "codecs/siphash.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { ERROR_BYTES = 512, FLUSH_MS = 65000, PROGRESS_MS = 10000, LOOK_EVERY = 256, SEEN_AT_START = 1 << 12 };

/* Ids of a file's events by their hash; a made-up event knows itself whether it is a repeat. */
struct seen {
    uint64_t *slots;        /* 0 = free */
    size_t capacity, n;     /* a power of two */
};

struct produce {
    struct produce_options options;
    struct sampler *sampler;
    struct produce_file *file;
    struct kafka_sender *sender;
    FILE *ids;
    struct seen seen;
    struct siphash hash;    /* of the distinct ids in their order, each with a newline */
    char first_id[2 * ID_BYTES_MAX + 32];
    uint64_t produced, distinct, repeats, bad;
    int64_t start_ms, told_ms;
    bool quiet;
};

static volatile sig_atomic_t stopped;

static void
on_signal(int signal)
{
    (void)signal;
    stopped = 1;
}

static int64_t
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what was seen --------------------------------------------------------------------------------------------------------- */

static bool
seen_put(struct seen *seen, uint64_t hash)
{
    size_t at = hash & (seen->capacity - 1);
    while (seen->slots[at] != 0 && seen->slots[at] != hash)
        at = (at + 1) & (seen->capacity - 1);
    bool is_new = seen->slots[at] == 0;
    seen->slots[at] = hash;
    seen->n += is_new;
    return is_new;
}

static bool
seen_grow(struct seen *seen)
{
    struct seen larger = { .capacity = seen->capacity ? 2 * seen->capacity : SEEN_AT_START };
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < seen->capacity; i++)
        if (seen->slots[i] != 0)
            seen_put(&larger, seen->slots[i]);
    free(seen->slots);
    *seen = larger;
    return true;
}

static bool
is_new_id(struct produce *p, struct slice id)
{
    const struct sipkey key = { 1, 2 };
    if (p->seen.n * 2 >= p->seen.capacity && !seen_grow(&p->seen) && p->seen.n + 1 >= p->seen.capacity)
        return true;
    return seen_put(&p->seen, siphash64(&key, id.at, id.size) | 1);
}

static void
note(struct produce *p, const struct sample *sample)
{
    p->produced++;
    if (sample->bad) {
        p->bad++;
        return;
    }
    if (sample->repeat || (p->file && !is_new_id(p, sample->id))) {
        p->repeats++;
        return;
    }
    if (p->distinct++ == 0)
        snprintf(p->first_id, sizeof p->first_id, "%.*s", (int)sample->id.size, sample->id.at);
    siphash_update(&p->hash, sample->id.at, sample->id.size);
    siphash_update(&p->hash, "\n", 1);
    if (p->ids)
        fprintf(p->ids, "%.*s\t%s\n", (int)sample->id.size, sample->id.at, event_kind_name(sample->kind));
}

/* ---- the run --------------------------------------------------------------------------------------------------------------- */

static bool
next(struct produce *p, struct sample *sample)
{
    if (p->file)
        return produce_file_next(p->file, sample);
    if (p->produced == p->options.sample.records)
        return false;
    sampler_next(p->sampler, sample);
    return true;
}

/* Waits until the next record is due; what was missed is not made up in a burst. */
static void
keep_rate(struct produce *p, int64_t *due_ns)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    int64_t step_ns = (int64_t)(UINT64_C(3600000000000) / p->options.per_hour);
    if (*due_ns < now_ns - 1000000000)
        *due_ns = now_ns;
    if (*due_ns > now_ns) {
        struct timespec due = { (time_t)(*due_ns / 1000000000), (long)(*due_ns % 1000000000) };
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    *due_ns += step_ns;
}

static void
tell_progress(struct produce *p)
{
    int64_t now = now_ms();
    if (p->quiet || now - p->told_ms < PROGRESS_MS)
        return;
    fprintf(stderr, "produce  %lu", (unsigned long)p->produced);
    if (!p->file)
        fprintf(stderr, "/%lu", (unsigned long)p->options.sample.records);
    fprintf(stderr, "  %.1fk/s\n", (double)p->produced / (double)(now - p->start_ms));
    p->told_ms = now;
}

static void
run(struct produce *p)
{
    struct sample sample;
    int64_t due_ns = 0;
    p->start_ms = p->told_ms = now_ms();
    while (!stopped && next(p, &sample)) {
        if (p->options.per_hour)
            keep_rate(p, &due_ns);
        kafka_sender_put(p->sender, &sample.record, -1);
        note(p, &sample);
        if (p->options.per_hour || p->produced % LOOK_EVERY == 0)
            tell_progress(p);
    }
}

static void
summary(struct produce *p, const struct kafka_sender_result *result)
{
    char line[1024];
    struct buf out;
    buf_init(&out, line, sizeof line);
    struct hash128 hash = siphash_end128(&p->hash);
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {
        { "produced", p->produced }, { "distinct", p->distinct },     { "duplicates", p->repeats },
        { "bad", p->bad },           { "written", result->written }, { "failed", result->failed },
    };
    buf_char(&out, '{');
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        buf_format(&out, "\"%s\":%lu,", counts[i].name, (unsigned long)counts[i].count);
    buf_text(&out, "\"first_id\":");
    buf_json_string(&out, slice_of(p->first_id));
    buf_text(&out, ",\"ids_hash\":\"");
    buf_hex64(&out, hash.high);
    buf_hex64(&out, hash.low);
    buf_format(&out, "\",\"seconds\":%.3f}\n", (double)(now_ms() - p->start_ms) / 1000.0);
    fputs(buf_cstr(&out), stdout);
}

static int
finish(struct produce *p)
{
    struct kafka_sender_result result;
    kafka_sender_finish(p->sender, FLUSH_MS, &result);
    summary(p, &result);
    bool is_io = (p->ids && (fflush(p->ids) != 0 || ferror(p->ids))) || fflush(stdout) != 0;
    if (result.failed > 0)
        fprintf(stderr, "alertbridge produce: %lu records were not written: %s\n", (unsigned long)result.failed, result.error);
    if (is_io || (p->file && produce_file_failed(p->file))) {
        fprintf(stderr, "alertbridge produce: %s\n", strerror(errno));
        return EXIT_IO;
    }
    if (result.failed > 0)
        return EXIT_UNAVAILABLE;
    if (p->file && produce_file_refused(p->file) > 0) {
        fprintf(stderr, "alertbridge produce: %lu lines were no event and were left out\n",
                (unsigned long)produce_file_refused(p->file));
        return EXIT_DATA;
    }
    return stopped ? EXIT_TEMPORARY : EXIT_DONE;
}

static int
open_all(struct produce *p)
{
    char error[ERROR_BYTES];
    const struct produce_options *o = &p->options;
    if (o->file)
        p->file = produce_file_new(o->file, o->sample.format);
    else
        p->sampler = sampler_new(&o->sample);
    if (!p->file && !p->sampler) {
        fprintf(stderr, "alertbridge produce: %s: %s\n", o->file ? o->file : "events", strerror(errno));
        return EXIT_NO_INPUT;
    }
    if (o->ids && !(p->ids = fopen(o->ids, "we"))) {
        fprintf(stderr, "alertbridge produce: %s: %s\n", o->ids, strerror(errno));
        return EXIT_IO;
    }
    const struct kafka_sender_config config = {
        .brokers = o->brokers, .topic = o->topic, .linger_ms = o->linger_ms,
        .properties = o->properties, .n_properties = o->n_properties,
    };
    p->sender = kafka_sender_new(&config, error, sizeof error);
    if (!p->sender)
        fprintf(stderr, "alertbridge produce: %s\n", error);
    return p->sender ? EXIT_DONE : EXIT_USAGE;
}

int
cmd_produce(struct cmd_context *context)
{
    struct produce p = { .quiet = context->quiet };
    const struct sipkey key = { 0, 0 };
    siphash_init128(&p.hash, &key);
    int code = produce_options_read(&p.options, context->argc, context->argv);
    if (code == EXIT_DONE)
        code = open_all(&p);
    if (code == EXIT_DONE) {
        const struct sigaction action = { .sa_handler = on_signal };
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        run(&p);
        code = finish(&p);
    }
    kafka_sender_free(p.sender);
    sampler_free(p.sampler);
    produce_file_free(p.file);
    if (p.ids)
        fclose(p.ids);
    free(p.seen.slots);
    return code;
}
