/* explain.c: `alertbridge explain`: one record's way through the worker, without sending anything. */
#include "bridge/cmd/explain.h"

#include "bridge/io/clock.h"
#include "bridge/worker/worker.h"        /* worker_hash_key: the claim keys must be the worker's */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

struct explain_command {
    const char *source, *topic, *key, *format, *time, *path;
    const char *headers[HEADERS_MAX];
    uint32_t n_headers;
};

static const struct option options[] = {
    { "source", required_argument, NULL, 's' }, { "topic", required_argument, NULL, 't' },
    { "key", required_argument, NULL, 'k' },    { "format", required_argument, NULL, 'f' },
    { "header", required_argument, NULL, 'e' }, { "time", required_argument, NULL, 'w' },
    { NULL, 0, NULL, 0 },
};

static int
complain(const char *text, const char *about)
{
    fprintf(stderr, "alertbridge explain: %s: %.200s\n", text, about);
    return EXIT_USAGE;
}

static bool
take_option(struct explain_command *command, int option)
{
    switch (option) {
    case 's': command->source = optarg; return true;
    case 't': command->topic = optarg; return true;
    case 'k': command->key = optarg; return true;
    case 'f': command->format = optarg; return true;
    case 'w': command->time = optarg; return true;
    case 'e':
        if (command->n_headers == HEADERS_MAX || !strchr(optarg, '='))
            return false;
        command->headers[command->n_headers++] = optarg;
        return true;
    default: return false;
    }
}

static int
read_command(struct cmd_context *context, struct explain_command *command)
{
    int option;
    optind = 0;
    while ((option = getopt_long(context->argc, context->argv, "", options, NULL)) != -1)
        if (!take_option(command, option))
            return option == '?' ? EXIT_USAGE : complain("not NAME=VALUE, or one header too many", optarg);
    command->path = optind < context->argc ? context->argv[optind] : "-";
    return optind + 1 < context->argc ? complain("one event at a time, unexpected", context->argv[optind + 1]) : EXIT_DONE;
}

static const char *
plain_topic(const struct config_source *source)
{
    for (uint32_t i = 0; i < source->n_topics; i++)
        if (source->topics[i][0] != '^')
            return source->topics[i];
    return NULL;
}

/* By --topic, else by --source, else the first source; a pattern alone names no topic. */
static int
find_source(struct explain *explain, const struct explain_command *command)
{
    const struct config *config = explain->config;
    for (uint32_t i = 0; command->source && strcmp(config->sources[i].name, command->source) != 0; explain->source = i)
        if (++i == config->n_sources)
            return complain("no such source", command->source);
    uint32_t found = explain->source;
    explain->topic = command->topic ? command->topic : plain_topic(&config->sources[explain->source]);
    if (!explain->topic)
        return complain("add --topic TOPIC: the source has patterns only", config->sources[explain->source].name);
    if (!explain_source_of(config, explain->topic, &found))
        return complain("no source reads the topic", explain->topic);
    if (command->source && found != explain->source)
        return complain("the topic belongs to another source", config->sources[found].name);
    explain->source = found;
    return EXIT_DONE;
}

static int
apply_command(struct explain *explain, const struct explain_command *command)
{
    int code = find_source(explain, command);
    struct event_time time = { .text = slice_of(command->time) };
    if (code != EXIT_DONE)
        return code;
    explain->wall_ms = clock_wall_ms();
    if (command->time && !event_time_ms(&time, &explain->wall_ms))
        return complain("--time wants RFC 3339, such as 2026-03-01T08:00:00Z, not", command->time);
    if (command->format && !format_of(slice_of(command->format), &explain->settings.sources[explain->source].rules.format))
        return complain("--format wants auto, json, msgpack or cloudevents, not", command->format);
    for (uint32_t i = 0; i < command->n_headers; i++) {
        const char *equals = strchr(command->headers[i], '=');
        explain->headers[i].name = (struct slice){ command->headers[i], (size_t)(equals - command->headers[i]) };
        explain->headers[i].value = slice_of(equals + 1);
    }
    explain->record.key = slice_of(command->key);
    explain->record.headers = explain->headers;
    explain->record.n_headers = command->n_headers;
    explain->record.timestamp_ms = explain->wall_ms;
    return EXIT_DONE;
}

static void
put_bad_input(struct outline *out, const struct explain *explain, enum fault fault)
{
    outline_texts(out, "fault", fault_name(fault));
    outline_texts(out, "text", fault_text(fault));
    if (explain->decoded.detail.size)
        outline_text(out, "detail", explain->decoded.detail);
    outline_format(out, "parked", "%s.%s", reason_name(REASON_BAD_INPUT), fault_name(fault));
}

static int
explain_all(struct explain *explain, enum outline_form form)
{
    struct outline out;
    const struct source_policy *source = &explain->settings.sources[explain->source];
    if (!outline_init(&out, form))
        return EXIT_INTERNAL;
    enum fault fault = decode(explain->decoder, &source->rules, &explain->record, &explain->decoded);
    outline_texts(&out, "source", source->name);
    outline_texts(&out, "topic", explain->topic);
    outline_texts(&out, "format", explain->decoded.format == FORMAT_AUTO ? "unknown" : format_name(explain->decoded.format));
    if (fault == FAULT_NONE)
        explain_record(&out, explain);
    else
        put_bad_input(&out, explain, fault);
    int code = !outline_print(&out) ? EXIT_IO : fault == FAULT_NONE ? EXIT_DONE : EXIT_DATA;
    outline_release(&out);
    return code;
}

static int
explain_file(struct explain *explain, const char *path, enum outline_form form)
{
    size_t size;
    char *bytes = explain_read(path, &size);
    if (!bytes) {
        fprintf(stderr, "alertbridge explain: %s: %s\n", path, strerror(errno));
        return EXIT_NO_INPUT;
    }
    explain->record.value = (struct slice){ bytes, size };
    explain->crypto = crypto_new();
    explain->decoder = decoder_new();
    int code = EXIT_INTERNAL;
    if (explain->crypto && explain->decoder) {
        worker_hash_key(explain->crypto, explain->config->redis.prefix, &explain->settings.hash_key);
        code = explain_all(explain, form);
    }
    decoder_free(explain->decoder);
    crypto_free(explain->crypto);
    free(bytes);
    return code;
}

int
cmd_explain(struct cmd_context *context)
{
    static struct explain explain;      /* large */
    struct explain_command command = { 0 };
    int code = read_command(context, &command);
    if (code != EXIT_DONE)
        return code;
    struct config *config = cmd_load(context, &code);
    if (!config)
        return code;
    explain = (struct explain){ .config = config };
    worker_engine_config(config, &explain.settings);
    code = apply_command(&explain, &command);
    if (code == EXIT_DONE)
        code = explain_file(&explain, command.path, context->json ? OUTLINE_JSON : OUTLINE_TEXT);
    config_free(config);
    return code;
}
