/* kafka_commit.c: offsets on their way to the group. One commit is under way at a time; what comes meanwhile is merged into
 * the next. */
#include "bridge/io/kafka_parts.h"

#include <librdkafka/rdkafka.h>
#include <string.h>

static bool
is_current(const struct kafka *kafka, uint32_t partition, uint32_t epoch)
{
    return epoch == kafka->epoch && partition < kafka->n_partitions
           && (kafka->state == GROUP_READING || kafka->state == GROUP_REVOKING);
}

static bool
at_rest(const struct position *position)
{
    return position->end > position->given && position->done == position->given;
}

/* The broker holds transaction markers between the last record and its end: with nothing open, the end is as good and shows no
 * lag. */
static void
commit_end(struct position *position)
{
    if (at_rest(position) && position->wanted < position->end)
        position->wanted = position->end;
}

/* The group had no offset here, and now it is known where reading began: that is committed at once, before anything is terminal.
 * A restart must neither begin at a later end, nor behind what retention took away meanwhile. */
static void
pin_start(struct kafka *kafka, struct position *position, int64_t offset)
{
    if (position->given >= 0 || position->pinned)
        return;
    position->pinned = true;
    position->wanted = offset;
    kafka_flush(kafka);
}

void
kafka_on_end(struct kafka *kafka, uint32_t partition, int64_t offset)
{
    struct position *position = &kafka->positions[partition];
    pin_start(kafka, position, offset);
    position->end = offset;
    commit_end(position);
}

void
kafka_on_given(struct kafka *kafka, uint32_t partition, int64_t offset)
{
    struct position *position = &kafka->positions[partition];
    pin_start(kafka, position, offset);
    position->end = -1;
    if (offset >= position->given) {
        position->given = offset + 1;
        return;
    }
    if (!position->went_back)
        kafka_say(kafka, RD_KAFKA_RESP_ERR__STATE, "%s [%d] went back to offset %lld after %lld; what comes again is ignored",
                  kafka->assignment[partition].topic, kafka->assignment[partition].number, (long long)offset,
                  (long long)position->given - 1);
    position->went_back = true;
}

void
kafka_commit(struct kafka *kafka, uint32_t partition, uint32_t epoch, int64_t offset)
{
    if (!is_current(kafka, partition, epoch))
        return;
    struct position *position = &kafka->positions[partition];
    if (offset > position->wanted)
        position->wanted = offset;
    if (offset > position->asked)
        position->asked = offset;
    if (offset > position->done)
        position->done = offset;
    commit_end(position);
}

/* Nothing was terminal here ever: the offset says only where reading began, and the group keeps that it does. */
static void
mark_begun(const struct assignment *a, const struct position *position, rd_kafka_topic_partition_t *commit)
{
    if (position->done > a->next_offset || (a->next_offset >= 0 && !a->only_begun))
        return;
    commit->metadata = strdup(KAFKA_BEGUN);
    commit->metadata_size = commit->metadata ? strlen(KAFKA_BEGUN) : 0;
}

static rd_kafka_topic_partition_list_t *
collect(struct kafka *kafka)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    for (uint32_t i = 0; i < kafka->n_partitions; i++) {
        struct position *position = &kafka->positions[i];
        if (position->wanted < 0)
            continue;
        if (!list)
            list = rd_kafka_topic_partition_list_new((int)kafka->n_partitions);
        const struct assignment *a = &kafka->assignment[i];
        rd_kafka_topic_partition_t *commit = rd_kafka_topic_partition_list_add(list, a->topic, a->number);
        commit->offset = position->wanted;
        mark_begun(a, position, commit);
        position->sent = position->wanted;
        position->told = position->asked;
        position->wanted = -1;
        position->asked = -1;
    }
    return list;
}

enum commit_result
kafka_commit_result(int code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return COMMIT_OK;
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
        return COMMIT_STALE;
    default:
        return COMMIT_FAILED;
    }
}

/* The answer for one partition: its own error, else that of the request. */
static rd_kafka_resp_err_t
error_of(const rd_kafka_topic_partition_list_t *list, const struct assignment *a, rd_kafka_resp_err_t whole)
{
    const rd_kafka_topic_partition_t *one =
        list ? rd_kafka_topic_partition_list_find((rd_kafka_topic_partition_list_t *)(uintptr_t)list, a->topic, a->number) : NULL;
    return one && one->err != RD_KAFKA_RESP_ERR_NO_ERROR ? one->err : whole;
}

static void
tell(struct kafka *kafka, const rd_kafka_topic_partition_list_t *list, rd_kafka_resp_err_t whole)
{
    uint32_t epoch = kafka->commit_epoch;
    for (uint32_t i = 0; is_current(kafka, i, epoch); i++) {
        struct position *position = &kafka->positions[i];
        if (position->sent < 0)
            continue;
        enum commit_result result = kafka_commit_result(error_of(list, &kafka->assignment[i], whole));
        int64_t told = position->told;
        if (result == COMMIT_FAILED && position->sent > told && position->wanted < 0)
            position->wanted = position->sent;      /* the end of the partition was our own wish: so is asking again */
        position->sent = -1;
        position->told = -1;
        if (told >= 0)
            kafka->handler.committed(kafka->handler.owner, i, epoch, told, result);
    }
}

void
kafka_flush(struct kafka *kafka)
{
    if (kafka->committing) {
        kafka->flush_again = true;
        return;
    }
    kafka->flush_again = false;
    if (kafka->state != GROUP_READING && kafka->state != GROUP_REVOKING)
        return;
    rd_kafka_topic_partition_list_t *list = collect(kafka);
    if (!list)
        return;
    rd_kafka_resp_err_t code = rd_kafka_commit_queue(kafka->consumer, list, kafka->events, NULL, NULL);
    rd_kafka_topic_partition_list_destroy(list);
    kafka->commit_epoch = kafka->epoch;
    kafka->committing = code == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!kafka->committing) {
        kafka_say(kafka, (int)code, "commit: %s", rd_kafka_err2str(code));
        tell(kafka, NULL, code);        /* refused at once is answered at once, or it would never be asked again */
    }
}

void
kafka_flush_ends(struct kafka *kafka)
{
    for (uint32_t i = 0; i < kafka->n_partitions && !kafka->committing; i++)
        if (at_rest(&kafka->positions[i]) && kafka->positions[i].wanted >= 0)
            kafka_flush(kafka);
}

void
kafka_on_committed(struct kafka *kafka, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t whole = rd_kafka_event_error(event);
    kafka->committing = false;
    if (whole == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
        kafka_on_error(kafka, kafka->consumer, whole, rd_kafka_event_error_string(event));
    else if (kafka_commit_result(whole) == COMMIT_FAILED)
        kafka_say(kafka, (int)whole, "commit: %s", rd_kafka_event_error_string(event));
    tell(kafka, rd_kafka_event_topic_partition_list(event), whole);
    if (kafka->flush_again)
        kafka_flush(kafka);
}
