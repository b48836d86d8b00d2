/* produce.h: what `produce` was asked for, and the two ways to get events: made up, or from a file. */
#ifndef BRIDGE_CMD_PRODUCE_H
#define BRIDGE_CMD_PRODUCE_H

#include "bridge/cmd/cmd.h"
#include "bridge/cmd/sample.h"
#include "bridge/io/kafka_sender.h"

#include <stdio.h>

enum { PRODUCE_PROPERTIES_MAX = 32 };

struct produce_options {
    const char *brokers, *topic;
    const char *file;                   /* NULL = made-up events */
    const char *ids;                    /* NULL = none: a file for "id<TAB>kind" of each distinct event */
    struct sample_config sample;
    uint64_t per_hour;                  /* 0 = as fast as it goes */
    uint32_t linger_ms;
    struct kafka_property properties[PRODUCE_PROPERTIES_MAX];
    uint32_t n_properties;
};

/* Reads the command's words. EXIT_DONE, or EXIT_USAGE after saying why on stderr. */
int produce_options_read(struct produce_options *, int argc, char **argv);

/* Where events come from. next: true and a sample, or false at the end; lines that are no event are said and counted. */
struct produce_file;
struct produce_file *produce_file_new(const char *path, enum format);   /* NULL with errno; "-" is stdin */
bool produce_file_next(struct produce_file *, struct sample *);
uint64_t produce_file_refused(const struct produce_file *);
bool produce_file_failed(const struct produce_file *);                  /* reading itself failed */
void produce_file_free(struct produce_file *);

#endif
