/* kafka_probe_offsets.c: the group's committed offsets of all partitions at once, and the two ends of their logs. */
#include "bridge/io/kafka_probe_parts.h"

#include "codecs/check.h"

#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdio.h>

enum { COORDINATOR_MS = 3000 };              /* of one try to ask for the group: then what was refused is looked at */
enum { ROUNDS_MAX = 10, ROUND_MS = 200 };   /* of asking again what passes by */

/* Partitions without a leader would hold up the answer for all. */
static rd_kafka_topic_partition_list_t *
all_partitions(const struct kafka_probe *found)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (uint32_t i = 0; i < found->n_topics; i++) {
        const struct kafka_probe_topic *topic = &found->topics[i];
        for (uint32_t p = 0; topic->sight == PROBE_SEEN && topic->n_leaderless == 0 && p < topic->partitions; p++)
            rd_kafka_topic_partition_list_add(list, topic->name, (int32_t)p);
    }
    return list;
}

static rd_kafka_resp_err_t
first_error(const rd_kafka_topic_partition_list_t *list, rd_kafka_resp_err_t error)
{
    for (int i = 0; error == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
        error = list->elems[i].err;
    return error;
}

/* A topic that was just made, a leader or coordinator that just moved: soon over. */
static bool
passes_by(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE
           || error == RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH || error == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE
           || error == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE || error == RD_KAFKA_RESP_ERR_NOT_COORDINATOR
           || error == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS || error == RD_KAFKA_RESP_ERR__TRANSPORT;
}

/* True, after a pause, when it is worth asking again. */
static bool
asks_again(const struct prober *prober, rd_kafka_resp_err_t error, int round)
{
    if (!passes_by(error) || round == ROUNDS_MAX || probe_left_ms(prober) < 2 * ROUND_MS)
        return false;
    poll(NULL, 0, ROUND_MS);
    return true;
}

/* `end` is librdkafka's number for the beginning or the end of a log, which stands for a time in this request:
 * https://kafka.apache.org/protocol#The_Messages_ListOffsets */
static rd_kafka_resp_err_t
ask_ends(struct prober *prober, rd_kafka_topic_partition_list_t *list, int64_t end)
{
    rd_kafka_resp_err_t error;
    int round = 0;
    do {
        for (int i = 0; i < list->cnt; i++)
            list->elems[i].offset = end;
        error = rd_kafka_offsets_for_times(prober->client, list, probe_left_ms(prober));
    } while (asks_again(prober, first_error(list, error), round++));
    return error;
}

/* A broker that will not say who coordinates the group is no answer to rd_kafka_committed(), which goes on looking until its time
 * is over: librdkafka tells the consumer instead. */
static rd_kafka_resp_err_t
refused_coordinator(struct prober *prober)
{
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_message_t *told;
    while (error == RD_KAFKA_RESP_ERR_NO_ERROR && (told = rd_kafka_consumer_poll(prober->client, 0))) {
        if (probe_sight_of(told->err) == PROBE_DENIED)
            error = told->err;
        rd_kafka_message_destroy(told);
    }
    return error;
}

static rd_kafka_resp_err_t
ask_committed(struct prober *prober, rd_kafka_topic_partition_list_t *list)
{
    for (int round = 0;; round++) {
        int left = probe_left_ms(prober);
        rd_kafka_resp_err_t error =
            first_error(list, rd_kafka_committed(prober->client, list, left < COORDINATOR_MS ? left : COORDINATOR_MS));
        rd_kafka_resp_err_t refused = error ? refused_coordinator(prober) : RD_KAFKA_RESP_ERR_NO_ERROR;
        if (refused)
            return refused;
        bool cut_short = error == RD_KAFKA_RESP_ERR__TIMED_OUT && left > COORDINATOR_MS;
        if (!cut_short && !asks_again(prober, error, round))
            return error;
    }
}

static void
judge_partition(struct kafka_probe_topic *topic, const rd_kafka_topic_partition_t *committed, int64_t low, int64_t high)
{
    int64_t offset = committed->offset;
    if (offset < 0) {
        topic->n_none++;
    } else if (offset >= low && offset <= high) {
        topic->n_present++;
        topic->n_begun += kafka_is_only_begun(committed);
    } else if (topic->n_out_of_range++ == 0) {
        topic->out_partition = committed->partition;
        topic->out_offset = offset;
        topic->out_low = low;
        topic->out_high = high;
    }
}

/* The lists have equal partitions in equal places, one topic after the other. */
static void
judge_topic(struct kafka_probe_topic *topic, const rd_kafka_topic_partition_list_t *committed,
            const rd_kafka_topic_partition_list_t *low, const rd_kafka_topic_partition_list_t *high)
{
    for (int i = 0; i < committed->cnt; i++) {
        rd_kafka_resp_err_t error = low->elems[i].err ? low->elems[i].err : high->elems[i].err;
        if (strcmp(committed->elems[i].topic, topic->name) != 0)
            continue;
        topic->offsets = probe_sight_of(error);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            probe_why(topic->why, "offsets", error);
            return;
        }
        judge_partition(topic, &committed->elems[i], low->elems[i].offset, high->elems[i].offset);
    }
}

static void
look_at_logs(struct prober *prober, const rd_kafka_topic_partition_list_t *committed)
{
    rd_kafka_topic_partition_list_t *low = all_partitions(prober->found), *high = all_partitions(prober->found);
    rd_kafka_resp_err_t error = ask_ends(prober, low, RD_KAFKA_OFFSET_BEGINNING);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        error = ask_ends(prober, high, RD_KAFKA_OFFSET_END);
    for (uint32_t i = 0; i < prober->found->n_topics; i++) {
        struct kafka_probe_topic *topic = &prober->found->topics[i];
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
            judge_topic(topic, committed, low, high);
        else if (topic->sight == PROBE_SEEN)
            probe_why(topic->why, "the partitions' leaders", error);
    }
    rd_kafka_topic_partition_list_destroy(low);
    rd_kafka_topic_partition_list_destroy(high);
}

void
probe_offsets(struct prober *prober)
{
    rd_kafka_topic_partition_list_t *committed = all_partitions(prober->found);
    if (committed->cnt > 0) {
        rd_kafka_resp_err_t error = ask_committed(prober, committed);
        prober->found->group = probe_sight_of(error);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
            probe_why(prober->found->group_why, "committed offsets", error);
        else
            look_at_logs(prober, committed);
    }
    rd_kafka_topic_partition_list_destroy(committed);
}
