/* kafka_pause.c: partitions that are to be silent for a while.
 *
 * librdkafka's own pause throws away what it has fetched of the partition, to be fetched again. So a pause is first tried without
 * it: for HOLD_MS no record of any partition is taken, and a resume within that time costs nothing. Under a steady load, where
 * windows fill and drain several times a second, that is all that ever happens. Only a partition that stays paused for longer is
 * paused in librdkafka, and the others go on. */
#include "bridge/io/kafka_parts.h"

#include <event2/event.h>
#include <librdkafka/rdkafka.h>

static const struct timeval hold = { 0, 500 * 1000 };

static void
tell_librdkafka(struct kafka *kafka, uint32_t partition,
                rd_kafka_resp_err_t (*verb)(rd_kafka_t *, rd_kafka_topic_partition_list_t *))
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, kafka->assignment[partition].topic, kafka->assignment[partition].number);
    verb(kafka->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
}

static bool
is_given_back(const struct kafka *kafka, uint32_t partition)
{
    return partition >= kafka->n_partitions || kafka->state == GROUP_IDLE || kafka->state == GROUP_LOOKUP;
}

bool
kafka_is_held(const struct kafka *kafka)
{
    return kafka->n_held > 0 && kafka->state == GROUP_READING;
}

void
kafka_pause(struct kafka *kafka, uint32_t partition)
{
    if (is_given_back(kafka, partition) || kafka->positions[partition].flow != FLOW_OPEN)
        return;
    kafka->positions[partition].flow = FLOW_HELD;
    if (kafka->n_held++ == 0)
        event_add(kafka->on_hold, &hold);
}

void
kafka_resume(struct kafka *kafka, uint32_t partition)
{
    if (is_given_back(kafka, partition) || kafka->positions[partition].flow == FLOW_OPEN)
        return;
    if (kafka->positions[partition].flow == FLOW_PAUSED)
        tell_librdkafka(kafka, partition, rd_kafka_resume_partitions);
    else if (--kafka->n_held == 0)
        event_del(kafka->on_hold);
    kafka->positions[partition].flow = FLOW_OPEN;
    kafka_wake(kafka);
}

void
kafka_on_hold(int fd, short what, void *data)
{
    struct kafka *kafka = data;
    (void)fd, (void)what;
    for (uint32_t i = 0; i < kafka->n_partitions && kafka->n_held > 0; i++) {
        if (kafka->positions[i].flow != FLOW_HELD)
            continue;
        kafka->positions[i].flow = FLOW_PAUSED;
        kafka->n_held--;
        if (!is_given_back(kafka, i))
            tell_librdkafka(kafka, i, rd_kafka_pause_partitions);
    }
    kafka_wake(kafka);
}
