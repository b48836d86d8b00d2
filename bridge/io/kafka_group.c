/* kafka_group.c: the assignment: given by the group, looked up, begun, asked back, lost. Eager protocol: all partitions come
 * and go at once.
 *
 * librdkafka waits for rd_kafka_assign() after each callback, however long it takes; heartbeats go on meanwhile, and no record
 * is handed out. */
#include "bridge/io/kafka_parts.h"
#include "codecs/check.h"

#include <event2/event.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

enum { REBALANCE_ASSIGN, REBALANCE_REVOKE, REBALANCE_LOST };

bool
kafka_subscribe(struct kafka *kafka, const struct kafka_config *config, char *error, size_t error_size)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new((int)config->n_topics);
    for (uint32_t i = 0; i < config->n_topics; i++)
        if (!rd_kafka_topic_partition_list_find(topics, config->topics[i].name, RD_KAFKA_PARTITION_UA))
            rd_kafka_topic_partition_list_add(topics, config->topics[i].name, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(kafka->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        snprintf(error, error_size, "subscribe: %s", rd_kafka_err2str(code));
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void
assign(struct kafka *kafka, const rd_kafka_topic_partition_list_t *partitions)
{
    char why[KAFKA_ERROR_BYTES];
    rd_kafka_resp_err_t code = rd_kafka_assign(kafka->consumer, partitions);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || kafka->leaving)
        return;
    snprintf(why, sizeof why, "assign: %s", rd_kafka_err2str(code));
    kafka_end_fatally(kafka, kafka->consumer, (int)code, why);      /* the group would wait for us, and nobody read */
}

static void
give_back(struct kafka *kafka)
{
    kafka->state = GROUP_IDLE;
    kafka->lookup++;
    kafka_queues_close(kafka);
    assign(kafka, NULL);
}

/* ---- the table of partitions ----------------------------------------------------------------------------------------------- */

/* Topics are few and their names are asked for long after a revoke, by late dead letters for one: they stay. */
static const char *
keep_name(struct kafka *kafka, const char *topic)
{
    for (uint32_t i = 0; i < kafka->n_names; i++)
        if (strcmp(kafka->names[i], topic) == 0)
            return kafka->names[i];
    char **names = realloc(kafka->names, (kafka->n_names + 1) * sizeof *names);
    char *copy = strdup(topic);
    check(names && copy);
    kafka->names = names;
    kafka->names[kafka->n_names++] = copy;
    return copy;
}

void
kafka_partitions_release(struct kafka *kafka)
{
    kafka_queues_close(kafka);
    free(kafka->assignment);
    free(kafka->positions);
    free(kafka->at_end);
    kafka->assignment = NULL;
    kafka->positions = NULL;
    kafka->at_end = NULL;
    kafka->n_partitions = 0;
    kafka->last_partition = 0;
}

static int
compare(const struct assignment *a, const char *topic, int32_t number)
{
    int order = a->topic == topic ? 0 : strcmp(a->topic, topic);
    return order ? order : (a->number > number) - (a->number < number);
}

bool
kafka_partition_of(struct kafka *kafka, const char *topic, int32_t number, uint32_t *partition)
{
    if (kafka->n_partitions == 0)
        return false;
    uint32_t low = 0, high = kafka->n_partitions, at = kafka->last_partition;
    while (low < high) {
        int order = compare(&kafka->assignment[at], topic, number);
        if (order == 0) {
            *partition = kafka->last_partition = at;
            return true;
        }
        if (order < 0)
            low = at + 1;
        else
            high = at;
        at = low + (high - low) / 2;
    }
    return false;
}

static void
table_add(struct kafka *kafka, const rd_kafka_topic_partition_t *given)
{
    const struct source_rule *rule = kafka_rule_of(kafka, given->topic);
    if (!rule || kafka->n_partitions == PARTITIONS_MAX) {
        kafka_say(kafka, RD_KAFKA_RESP_ERR__STATE, "%s [%d] is not read: %s", given->topic, given->partition,
                  rule ? "more partitions than one process can hold; start more replicas" : "no source names this topic");
        return;
    }
    uint32_t i = kafka->n_partitions++;
    kafka->assignment[i] = (struct assignment){ keep_name(kafka, given->topic), given->partition, rule->source, -1, false };
    kafka->at_end[i] = rule->start_at_end;
}

static void
table_build(struct kafka *kafka, rd_kafka_topic_partition_list_t *list)
{
    size_t n = list->cnt > 0 ? (size_t)list->cnt : 1;
    kafka_partitions_release(kafka);
    kafka->assignment = calloc(n, sizeof *kafka->assignment);
    kafka->positions = calloc(n, sizeof *kafka->positions);
    kafka->at_end = calloc(n, sizeof *kafka->at_end);
    check(kafka->assignment && kafka->positions && kafka->at_end);
    rd_kafka_topic_partition_list_sort(list, NULL, NULL);
    for (int i = 0; i < list->cnt; i++)
        table_add(kafka, &list->elems[i]);
}

static rd_kafka_topic_partition_list_t *
table_list(const struct kafka *kafka)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)kafka->n_partitions);
    for (uint32_t i = 0; i < kafka->n_partitions; i++) {
        const struct assignment *a = &kafka->assignment[i];
        int64_t start = a->next_offset >= 0 ? a->next_offset : kafka->at_end[i] ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING;
        rd_kafka_topic_partition_list_add(list, a->topic, a->number)->offset = start;
    }
    return list;
}

/* ---- committed offsets ----------------------------------------------------------------------------------------------------- */

static bool
may_begin_at_end(const struct kafka *kafka)
{
    for (uint32_t i = 0; i < kafka->n_partitions; i++)
        if (kafka->at_end[i])
            return true;
    return false;
}

/* Through the admin API, because rd_kafka_committed() blocks. Where a partition may begin at its end, all that the group has is
 * asked for: it tells whether the group is new, or the partition. */
void
kafka_look_up(struct kafka *kafka)
{
    if (kafka->state != GROUP_LOOKUP)
        return;
    rd_kafka_topic_partition_list_t *list = may_begin_at_end(kafka) ? NULL : table_list(kafka);
    rd_kafka_ListConsumerGroupOffsets_t *request = rd_kafka_ListConsumerGroupOffsets_new(kafka->group, list);
    if (list)
        rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(kafka->consumer, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    char error[KAFKA_ERROR_BYTES];
    rd_kafka_AdminOptions_set_request_timeout(options, KAFKA_LOOKUP_MS, error, sizeof error);
    rd_kafka_error_t *refused = rd_kafka_AdminOptions_set_require_stable_offsets(options, 1);
    if (refused)
        rd_kafka_error_destroy(refused);
    rd_kafka_AdminOptions_set_opaque(options, (void *)++kafka->lookup);
    rd_kafka_ListConsumerGroupOffsets(kafka->consumer, &request, 1, options, kafka->events);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ListConsumerGroupOffsets_destroy(request);
}

static void
look_up_again(struct kafka *kafka, rd_kafka_resp_err_t code, const char *text)
{
    const struct timeval later = { 0, KAFKA_LOOKUP_AGAIN_MS * 1000 };
    kafka_say(kafka, (int)code, "committed offsets are not known yet: %s", text);
    event_add(kafka->on_lookup, &later);
}

static void
begin(struct kafka *kafka)
{
    rd_kafka_topic_partition_list_t *list = table_list(kafka);
    for (uint32_t i = 0; i < kafka->n_partitions; i++) {
        int64_t start = kafka->assignment[i].next_offset;
        kafka->positions[i] = (struct position){
            .given = start, .done = start, .wanted = -1, .asked = -1, .sent = -1, .told = -1, .end = -1
        };
    }
    kafka->state = GROUP_READING;
    kafka->epoch++;
    kafka->stats.joined = true;
    kafka->stats.rebalances[REBALANCE_ASSIGN]++;
    kafka_queues_open(kafka);
    assign(kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    kafka->handler.assigned(kafka->handler.owner, kafka->assignment, kafka->n_partitions, kafka->epoch);
}

/* Partitions are added with the numbers above the old ones; topics of a pattern beside the old ones. */
static bool
was_added_beside(const struct kafka *kafka, const struct assignment *a, const rd_kafka_topic_partition_t *known)
{
    if (known->offset < 0)
        return false;
    if (strcmp(known->topic, a->topic) == 0)
        return known->partition < a->number;
    const struct source_rule *rule = kafka_rule_of(kafka, a->topic);
    return rule->is_pattern && kafka_rule_of(kafka, known->topic) == rule;
}

/* What was added to that which the group reads already begins at its beginning, whatever the source says: records that were
 * produced into it before it was noticed must not be lost. */
static void
begin_added_ones(struct kafka *kafka, const rd_kafka_topic_partition_list_t *found)
{
    for (uint32_t i = 0; i < kafka->n_partitions; i++) {
        if (!kafka->at_end[i] || kafka->assignment[i].next_offset >= 0)
            continue;
        for (int k = 0; k < found->cnt && kafka->at_end[i]; k++)
            kafka->at_end[i] = !was_added_beside(kafka, &kafka->assignment[i], &found->elems[k]);
    }
}

bool
kafka_is_only_begun(const rd_kafka_topic_partition_t *one)
{
    return one->metadata_size == strlen(KAFKA_BEGUN) && memcmp(one->metadata, KAFKA_BEGUN, one->metadata_size) == 0;
}

/* Takes the offsets over. An error of one partition is one of the whole: reading it from anywhere else would lose or repeat. */
static rd_kafka_resp_err_t
take_offsets(struct kafka *kafka, const rd_kafka_topic_partition_list_t *found)
{
    for (int i = 0; i < found->cnt; i++) {
        const rd_kafka_topic_partition_t *one = &found->elems[i];
        uint32_t partition;
        if (one->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return one->err;
        if (!kafka_partition_of(kafka, one->topic, one->partition, &partition))
            continue;
        kafka->assignment[partition].next_offset = one->offset >= 0 ? one->offset : -1;
        kafka->assignment[partition].only_begun = kafka_is_only_begun(one);
    }
    begin_added_ones(kafka, found);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void
kafka_on_looked_up(struct kafka *kafka, rd_kafka_event_t *event)
{
    if (kafka->state != GROUP_LOOKUP || (uintptr_t)rd_kafka_event_opaque(event) != kafka->lookup)
        return;
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        look_up_again(kafka, code, rd_kafka_event_error_string(event));
        return;
    }
    size_t n = 0;
    const rd_kafka_ListConsumerGroupOffsets_result_t *result = rd_kafka_event_ListConsumerGroupOffsets_result(event);
    const rd_kafka_group_result_t **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &n);
    const rd_kafka_error_t *error = n == 1 ? rd_kafka_group_result_error(groups[0]) : NULL;
    const rd_kafka_topic_partition_list_t *found = n == 1 ? rd_kafka_group_result_partitions(groups[0]) : NULL;
    if (error)
        code = rd_kafka_error_code(error);
    else
        code = found ? take_offsets(kafka, found) : RD_KAFKA_RESP_ERR__BAD_MSG;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        begin(kafka);
    else
        look_up_again(kafka, code, error ? rd_kafka_error_string(error) : rd_kafka_err2str(code));
}

/* ---- the group's word ------------------------------------------------------------------------------------------------------ */

static void
assigned(struct kafka *kafka, rd_kafka_topic_partition_list_t *list)
{
    if (kafka->leaving) {
        give_back(kafka);
        return;
    }
    table_build(kafka, list);
    kafka->state = GROUP_LOOKUP;
    if (kafka->n_partitions == 0)
        begin(kafka);
    else
        kafka_look_up(kafka);
}

static void
lost(struct kafka *kafka)
{
    give_back(kafka);
    kafka->stats.rebalances[REBALANCE_LOST]++;
    kafka->handler.lost(kafka->handler.owner);
}

static void
revoked(struct kafka *kafka)
{
    bool told = kafka->state == GROUP_READING;
    if (kafka->leaving || !told) {
        give_back(kafka);
    } else if (rd_kafka_assignment_lost(kafka->consumer)) {
        lost(kafka);
    } else {
        kafka->state = GROUP_REVOKING;
        kafka->stats.rebalances[REBALANCE_REVOKE]++;
        kafka->handler.revoked(kafka->handler.owner);
    }
}

void
kafka_on_rebalance(struct kafka *kafka, int code, rd_kafka_topic_partition_list_t *list)
{
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        assigned(kafka, list);
    } else {
        if (code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS && !kafka->leaving)
            kafka_say(kafka, code, "rebalance: %s", rd_kafka_err2str((rd_kafka_resp_err_t)code));
        revoked(kafka);
    }
}

void
kafka_group_tick(struct kafka *kafka)
{
    if (kafka->state == GROUP_REVOKING && rd_kafka_assignment_lost(kafka->consumer))
        lost(kafka);
}

void
kafka_release(struct kafka *kafka)
{
    if (kafka->state == GROUP_REVOKING)
        give_back(kafka);
}

void
kafka_group_end(struct kafka *kafka)
{
    if (kafka->state != GROUP_IDLE && kafka->state != GROUP_READING)
        give_back(kafka);
}
