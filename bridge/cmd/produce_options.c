/* produce_options.c: the words of `produce`. */
#include "bridge/cmd/produce.h"
#include "bridge/forms.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_DEFAULT = 1000, EVENTS_MAX = 1000000000, LINGER_MS = 5 };

enum option_code {
    OPTION_BROKERS = 1000, OPTION_TOPIC, OPTION_EVENTS, OPTION_FORMAT, OPTION_KINDS, OPTION_DUPLICATES, OPTION_RATE, OPTION_SEED,
    OPTION_FILE, OPTION_BAD, OPTION_SIZE, OPTION_GROUP_KEYS, OPTION_LINGER, OPTION_IDS, OPTION_PROPERTY,
};

static const struct option options[] = {
    { "brokers", required_argument, NULL, OPTION_BROKERS },       { "topic", required_argument, NULL, OPTION_TOPIC },
    { "events", required_argument, NULL, OPTION_EVENTS },         { "format", required_argument, NULL, OPTION_FORMAT },
    { "kinds", required_argument, NULL, OPTION_KINDS },           { "duplicates", required_argument, NULL, OPTION_DUPLICATES },
    { "rate", required_argument, NULL, OPTION_RATE },             { "seed", required_argument, NULL, OPTION_SEED },
    { "file", required_argument, NULL, OPTION_FILE },             { "bad", required_argument, NULL, OPTION_BAD },
    { "size", required_argument, NULL, OPTION_SIZE },             { "group-keys", required_argument, NULL, OPTION_GROUP_KEYS },
    { "linger", required_argument, NULL, OPTION_LINGER },         { "ids", required_argument, NULL, OPTION_IDS },
    { "property", required_argument, NULL, OPTION_PROPERTY },     { NULL, 0, NULL, 0 },
};

static bool
is_number(const char *text, char **end, uint64_t *number)
{
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *number = strtoull(text, end, 10);
    return errno == 0;
}

static bool
read_number(const char *text, uint64_t max, uint64_t *number)
{
    char *end;
    return is_number(text, &end, number) && *end == '\0' && *number <= max;
}

/* "480", "480B", "2KiB" */
static bool
read_size(const char *text, uint32_t *bytes)
{
    char *end;
    uint64_t number;
    if (!is_number(text, &end, &number) || number > SAMPLE_BYTES_MAX)
        return false;
    if (strcmp(end, "KiB") == 0)
        number *= 1024;
    else if (*end != '\0' && strcmp(end, "B") != 0)
        return false;
    *bytes = (uint32_t)number;
    return number >= 1 && number <= SAMPLE_BYTES_MAX;
}

/* "50ms", "1s", or a bare number of milliseconds */
static bool
read_linger(const char *text, uint32_t *ms)
{
    char *end;
    uint64_t number;
    if (!is_number(text, &end, &number) || number > 60000)
        return false;
    if (strcmp(end, "s") == 0)
        number *= 1000;
    else if (*end != '\0' && strcmp(end, "ms") != 0)
        return false;
    *ms = (uint32_t)number;
    return number <= 60000;
}

/* "10%" or "2.5%" */
static bool
read_share(const char *text, uint32_t *ppm)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    double percent = strtod(text, &end);
    if (strcmp(end, "%") != 0 || !(percent >= 0 && percent <= 90))
        return false;
    *ppm = (uint32_t)(percent * (SAMPLE_PPM / 100) + 0.5);
    return true;
}

/* "100/s", "10/m", "1/h"; at most a million in a second */
static bool
read_rate(const char *text, uint64_t *per_hour)
{
    return form_rate(text, per_hour) && *per_hour <= 1000000ull * 3600;
}

static bool
read_kinds(const char *list, uint32_t *kinds)
{
    *kinds = 0;
    for (const char *at = list; *at;) {
        size_t size = strcspn(at, ",");
        enum event_kind kind;
        if (!event_kind_of((struct slice){ at, size }, &kind))
            return false;
        *kinds |= 1u << kind;
        at += size + (at[size] == ',');
    }
    return *kinds != 0;
}

static bool
read_format(const char *name, enum format *format)
{
    if (strcmp(name, "mixed") == 0) {
        *format = FORMAT_AUTO;
        return true;
    }
    return format_of(slice_of(name), format) && *format != FORMAT_AUTO;
}

/* NAME=VALUE; the word is cut in place. */
static bool
read_property(char *word, struct produce_options *o)
{
    char *equals = strchr(word, '=');
    if (!equals || equals == word || o->n_properties == PRODUCE_PROPERTIES_MAX)
        return false;
    *equals = '\0';
    o->properties[o->n_properties++] = (struct kafka_property){ word, equals + 1 };
    return true;
}

static bool
take(struct produce_options *o, int code, char *value)
{
    struct sample_config *sample = &o->sample;
    switch ((enum option_code)code) {
    case OPTION_BROKERS:
        o->brokers = value;
        return *value != '\0';
    case OPTION_TOPIC:
        o->topic = value;
        return *value != '\0';
    case OPTION_FILE:
        o->file = value;
        return true;
    case OPTION_IDS:
        o->ids = value;
        return true;
    case OPTION_EVENTS:
        return read_number(value, EVENTS_MAX, &sample->records);
    case OPTION_BAD:
        return read_number(value, EVENTS_MAX, &sample->bad);
    case OPTION_GROUP_KEYS:
        return read_number(value, EVENTS_MAX, &sample->group_keys);
    case OPTION_SEED:
        return read_number(value, UINT64_MAX, &sample->seed);
    case OPTION_SIZE:
        return read_size(value, &sample->bytes);
    case OPTION_FORMAT:
        return read_format(value, &sample->format);
    case OPTION_KINDS:
        return read_kinds(value, &sample->kinds);
    case OPTION_DUPLICATES:
        return read_share(value, &sample->repeats_ppm);
    case OPTION_RATE:
        return read_rate(value, &o->per_hour);
    case OPTION_LINGER:
        return read_linger(value, &o->linger_ms);
    case OPTION_PROPERTY:
        return read_property(value, o);
    }
    return false;
}

static int
complete(const struct produce_options *o)
{
    const char *wrong = NULL;
    if (!o->brokers || !o->topic)
        wrong = "--brokers and --topic are needed";
    else if (o->sample.bad > o->sample.records)
        wrong = "--bad is above --events";
    else if (o->file && (o->sample.bad || o->sample.repeats_ppm))
        wrong = "--bad and --duplicates are for made-up events, not for --file";
    if (wrong)
        fprintf(stderr, "alertbridge produce: %s; see --help\n", wrong);
    return wrong ? EXIT_USAGE : EXIT_DONE;
}

int
produce_options_read(struct produce_options *o, int argc, char **argv)
{
    *o = (struct produce_options){
        .sample = { .seed = 1, .format = FORMAT_JSON, .records = EVENTS_DEFAULT }, .linger_ms = LINGER_MS
    };
    int code, which = -1;
    optind = 0;     /* a fresh start for getopt, which keeps its place between calls */
    opterr = 0;
    while ((code = getopt_long(argc, argv, "", options, &which)) != -1) {
        if (code == '?') {
            fprintf(stderr, "alertbridge produce: unknown option, or no value: %s; see --help\n", argv[optind - 1]);
            return EXIT_USAGE;
        }
        if (!take(o, code, optarg)) {
            fprintf(stderr, "alertbridge produce: --%s: \"%s\" is not possible; see --help\n", options[which].name, optarg);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "alertbridge produce: \"%s\" is no option; see --help\n", argv[optind]);
        return EXIT_USAGE;
    }
    return complete(o);
}
