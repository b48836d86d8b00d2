/* kafka_rules.c: which source a topic belongs to: its exact name first, then the first pattern that matches. */
#include "bridge/io/kafka_parts.h"

#include <stdio.h>
#include <stdlib.h>

/* As librdkafka compiles a topic that starts with "^". */
static int
pattern_compile(regex_t *pattern, const char *text)
{
    return regcomp(pattern, text, REG_EXTENDED | REG_NOSUB);
}

bool
kafka_rules_check(const struct kafka_config *config, char *error, size_t error_size)
{
    for (uint32_t i = 0; i < config->n_topics; i++) {
        const char *name = config->topics[i].name;
        if (name[0] != '^')
            continue;
        regex_t pattern;
        int code = pattern_compile(&pattern, name);
        if (code != 0) {
            char reason[128];
            regerror(code, &pattern, reason, sizeof reason);
            snprintf(error, error_size, "topic %s: not a POSIX extended regular expression: %s", name, reason);
            return false;
        }
        regfree(&pattern);
    }
    return true;
}

bool
kafka_rules_init(struct kafka *kafka, const struct kafka_config *config)
{
    kafka->rules = calloc(config->n_topics ? config->n_topics : 1, sizeof *kafka->rules);
    if (!kafka->rules)
        return false;
    for (uint32_t i = 0; i < config->n_topics; i++) {
        const struct kafka_topic *topic = &config->topics[i];
        struct source_rule *rule = &kafka->rules[i];
        *rule = (struct source_rule){ .source = topic->source, .start_at_end = topic->start_at_end };
        rule->name = strdup(topic->name);
        rule->is_pattern = topic->name[0] == '^' && pattern_compile(&rule->pattern, topic->name) == 0;
        kafka->n_rules = i + 1;
        if (!rule->name)
            return false;
    }
    return true;
}

void
kafka_rules_release(struct kafka *kafka)
{
    for (uint32_t i = 0; i < kafka->n_rules; i++) {
        if (kafka->rules[i].is_pattern)
            regfree(&kafka->rules[i].pattern);
        free(kafka->rules[i].name);
    }
    free(kafka->rules);
    kafka->rules = NULL;
    kafka->n_rules = 0;
}

const struct source_rule *
kafka_rule_of(const struct kafka *kafka, const char *topic)
{
    for (uint32_t i = 0; i < kafka->n_rules; i++)
        if (!kafka->rules[i].is_pattern && strcmp(kafka->rules[i].name, topic) == 0)
            return &kafka->rules[i];
    for (uint32_t i = 0; i < kafka->n_rules; i++)
        if (kafka->rules[i].is_pattern && regexec(&kafka->rules[i].pattern, topic, 0, NULL, 0) == 0)
            return &kafka->rules[i];
    return NULL;
}
