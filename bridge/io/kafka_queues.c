/* kafka_queues.c: the records of each partition come through a queue of their own, so that one may be silent and the others not
 * notice.
 *
 * By default librdkafka hands out all partitions through one queue. There, a partition that is to be silent could only be paused,
 * which throws away what was fetched of it, to be fetched again, many times a second where windows fill and drain; or all could
 * be left alone until it goes on. With a queue of its own it is just not asked: its queue fills, librdkafka fetches no more of
 * it, and nothing is lost. A queue is cut off from the common one before its partition is assigned, or its first records would
 * come there (https://github.com/confluentinc/librdkafka/issues/3231).
 *
 * A fetch asks only for partitions whose queues have room, and waits up to fetch.wait.max.ms when those have nothing new: that
 * must be less than a full queue lasts. See kafka_conf.c. */
#include "bridge/io/kafka_parts.h"
#include "codecs/mutant.h"

#include <librdkafka/rdkafka.h>

enum { RECORDS_A_VISIT = 64 };

static void
open_one(struct kafka *kafka, uint32_t partition)
{
    const struct assignment *a = &kafka->assignment[partition];
    const uint64_t one = 1;
    rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(kafka->consumer, a->topic, a->number);
    kafka->positions[partition].queue = queue;
    if (!queue) {
        kafka_say(kafka, RD_KAFKA_RESP_ERR__STATE, "%s [%d] has no queue", a->topic, a->number);
        return;
    }
    rd_kafka_queue_forward(queue, NULL);
    rd_kafka_queue_io_event_enable(queue, kafka->wake_fd, &one, sizeof one);
}

void
kafka_queues_open(struct kafka *kafka)
{
    for (uint32_t i = 0; i < kafka->n_partitions; i++)
        open_one(kafka, i);
}

void
kafka_queues_close(struct kafka *kafka)
{
    for (uint32_t i = 0; i < kafka->n_partitions; i++) {
        rd_kafka_queue_t *queue = kafka->positions[i].queue;
        if (!queue)
            continue;
        rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
        rd_kafka_queue_destroy(queue);
        kafka->positions[i].queue = NULL;
    }
}

static bool
is_open(const struct kafka *kafka, uint32_t partition)
{
    return kafka->state == GROUP_READING && !kafka->leaving && !kafka->fatal && !kafka->positions[partition].silent
           && kafka->positions[partition].queue;
}

/* Returns how many were taken; less than `most` = there are no more now, or the owner takes no more. */
static uint32_t
take_of(struct kafka *kafka, uint32_t partition, uint32_t most, bool *left)
{
    uint32_t n = 0;
    while (n < most && is_open(kafka, partition)) {
        if (!kafka->handler.takes(kafka->handler.owner, partition)) {
            *left = true;
            break;
        }
        rd_kafka_message_t *message = rd_kafka_consume_queue(kafka->positions[partition].queue, 0);
        if (!message)
            break;
        kafka_on_message(kafka, message);
        rd_kafka_message_destroy(message);
        n++;
    }
    return n;
}

/* In turns, a few of each, beginning behind the one that was last: no partition waits for another's backlog. What the owner did
 * not take is offered again in the next turn: by then it has paused the partition, or has changed its mind. */
bool
kafka_queues_take(struct kafka *kafka, uint32_t most)
{
    uint32_t idle = 0;
    bool left = false;
    while (most > 0 && idle < kafka->n_partitions) {
        uint32_t partition = kafka->next_queue % kafka->n_partitions;
        if (MUTATED(pause_stops_polling) && kafka->positions[partition].silent)
            return false;
        uint32_t visit = most < RECORDS_A_VISIT ? most : RECORDS_A_VISIT;
        uint32_t taken = is_open(kafka, partition) ? take_of(kafka, partition, visit, &left) : 0;
        kafka->next_queue = partition + 1;
        most -= taken;
        idle = taken == visit ? 0 : idle + 1;
    }
    return most == 0 || left;
}

static bool
is_given_back(const struct kafka *kafka, uint32_t partition)
{
    return partition >= kafka->n_partitions || kafka->state == GROUP_IDLE || kafka->state == GROUP_LOOKUP;
}

void
kafka_pause(struct kafka *kafka, uint32_t partition)
{
    if (!is_given_back(kafka, partition))
        kafka->positions[partition].silent = true;
}

void
kafka_resume(struct kafka *kafka, uint32_t partition)
{
    if (is_given_back(kafka, partition) || !kafka->positions[partition].silent)
        return;
    kafka->positions[partition].silent = false;
    kafka_wake(kafka);
}
