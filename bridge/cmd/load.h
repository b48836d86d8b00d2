/* load.h: loading for commands that look at the report themselves. */
#ifndef BRIDGE_CMD_LOAD_H
#define BRIDGE_CMD_LOAD_H

#include "bridge/cmd/commands.h"
#include "bridge/config.h"
#include "bridge/io/kafka.h"

#include <stdio.h>

/* A configuration as the Kafka adapter wants it; borrows from the configuration. Large: not for the stack. */
struct load_kafka {
    struct kafka_config config;
    struct kafka_property properties[CONFIG_PROPERTIES_MAX];
    struct kafka_topic topics[CONFIG_LIST_MAX * CONFIG_TOPICS_MAX];
};
void load_kafka(const struct config *, struct load_kafka *);

/* NULL with *code = 64 or 66 (said on stderr already, the report is empty) or 78. */
struct config *cmd_load_report(const struct cmd_context *, struct config_report *, int *code);
void cmd_print_refusal(const struct cmd_context *, const struct config_report *, int code);    /* why there is no configuration */
void cmd_log_warnings(const struct config_report *);    /* a line of the log each */
void cmd_print_report(const struct config_report *, FILE *, bool json);

#endif
