/* kafka_park.c: dead letters: their headers, what becomes of those that the topic refuses, the answers to the worker.
 *
 * A record that the topic refuses for its size is written once more without value and key, with the worker's own headers, its
 * size and its hash: what it was and where it lies can then still be told. */
#include "bridge/io/kafka_parts.h"
#include "codecs/buf.h"
#include "codecs/check.h"
#include "codecs/mutant.h"
#include "codecs/siphash.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

enum { STUB_KEY_BYTES_MAX = 1024 };

#define OUR_PREFIX "alertbridge-"
#define STUB_HEADER OUR_PREFIX "stub"
#define REPLAY_HEADER OUR_PREFIX "replay"

_Static_assert(sizeof(void *) >= sizeof(struct tag), "a tag travels in the opaque pointer of a message");

static void *
tag_pack(struct tag tag)
{
    return (void *)(((uintptr_t)tag.slot << 32) | tag.serial);
}

static struct tag
tag_unpack(const void *opaque)
{
    uintptr_t bits = (uintptr_t)opaque;
    return (struct tag){ (uint32_t)(bits >> 32), (uint32_t)bits };
}

/* ---- headers --------------------------------------------------------------------------------------------------------------- */

/* Those that make a dead letter: of a record that was one before they are replaced. */
static bool
is_own(const struct header *header)
{
    return header->name.size >= sizeof OUR_PREFIX - 1 && memcmp(header->name.at, OUR_PREFIX, sizeof OUR_PREFIX - 1) == 0
           && !slice_is(header->name, REPLAY_HEADER);
}

static void
add_header(rd_kafka_headers_t *headers, const struct header *h)
{
    rd_kafka_header_add(headers, h->name.at, (ssize_t)h->name.size, h->value.at, (ssize_t)h->value.size);
}

static rd_kafka_headers_t *
headers_of(const struct dead_letter *letter)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new((size_t)letter->n_headers + letter->n_own);
    for (uint32_t i = 0; i < letter->n_headers && !MUTATED(letter_drops_headers); i++)
        if (!is_own(&letter->headers[i]))
            add_header(headers, &letter->headers[i]);
    for (uint32_t i = 0; i < letter->n_own; i++)
        add_header(headers, &letter->own[i]);
    return headers;
}

/* ---- too large for the topic ----------------------------------------------------------------------------------------------- */

static rd_kafka_headers_t *
stub_headers(const struct dead_letter *letter)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new((size_t)letter->n_own + 3);
    for (uint32_t i = 0; i < letter->n_own; i++)
        add_header(headers, &letter->own[i]);
    const struct sipkey no_key = { 0, 0 };
    struct hash128 hash = siphash128(&no_key, letter->value.at, letter->value.size);
    char text[64];
    struct buf buf;
    buf_init(&buf, text, sizeof text);
    buf_u64(&buf, letter->value.size);
    rd_kafka_header_add(headers, STUB_HEADER, -1, "1", 1);
    rd_kafka_header_add(headers, OUR_PREFIX "size", -1, buf.at, (ssize_t)buf.size);
    buf_reset(&buf);
    buf_hex64(&buf, hash.high);
    buf_hex64(&buf, hash.low);
    rd_kafka_header_add(headers, OUR_PREFIX "hash", -1, buf.at, (ssize_t)buf.size);
    return headers;
}

static rd_kafka_resp_err_t
produce_stub(struct kafka *kafka, const struct dead_letter *letter)
{
    struct slice key = letter->key.size <= STUB_KEY_BYTES_MAX ? letter->key : (struct slice){ NULL, 0 };
    kafka_say(kafka, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
              "%s refused a dead letter of %zu bytes: written without its value; raise max.message.bytes", kafka->park_topic,
              letter->value.size);
    return kafka_write(kafka, &kafka->together, key, SLICE(""), stub_headers(letter), letter->timestamp_ms,
                       tag_pack(letter->tag));
}

static bool
is_stub(const struct dead_letter *letter)
{
    for (uint32_t i = 0; i < letter->n_own; i++)
        if (slice_is(letter->own[i].name, STUB_HEADER))
            return true;
    return false;
}

/* ---- in -------------------------------------------------------------------------------------------------------------------- */

static void
refuse(struct kafka *kafka, struct tag tag, rd_kafka_resp_err_t error)
{
    if (kafka->n_refused == kafka->refused_capacity) {
        uint32_t capacity = kafka->refused_capacity ? 2 * kafka->refused_capacity : 64;
        kafka->refused = realloc(kafka->refused, capacity * sizeof *kafka->refused);
        check(kafka->refused);
        kafka->refused_capacity = capacity;
    }
    kafka->refused[kafka->n_refused++] = (struct refused_letter){ tag, error };
    kafka_wake(kafka);
}

void
kafka_park(struct kafka *kafka, const struct dead_letter *letter)
{
    check(kafka->together.client);
    rd_kafka_resp_err_t code = kafka_write(kafka, &kafka->together, letter->key, letter->value, headers_of(letter),
                                           letter->timestamp_ms, tag_pack(letter->tag));
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        code = produce_stub(kafka, letter);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        refuse(kafka, letter->tag, code);
}

/* ---- out ------------------------------------------------------------------------------------------------------------------- */

/* The broker refused the size: the message still has all its parts. False when it is a stub already, or cannot be queued. */
static bool
park_as_stub(struct kafka *kafka, const rd_kafka_message_t *message)
{
    struct dead_letter letter = {
        .tag = tag_unpack(message->_private),
        .key = { message->key, message->key_len },
        .value = { message->payload, message->len },
        .timestamp_ms = kafka_letter_ms(message),
    };
    if (!kafka_headers_of(kafka, message, &letter.own, &letter.n_own))
        return false;
    while (letter.n_own > 0 && !is_own(letter.own))
        letter.own++, letter.n_own--;       /* the record's */
    return !is_stub(&letter) && produce_stub(kafka, &letter) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static const char *
remedy_of(rd_kafka_resp_err_t error)
{
    switch ((int)error) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return "; create the topic, or correct dead_letter.topic";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return "; grant Describe and Write on the topic";
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return "; grant IdempotentWrite on the cluster";
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
        return "; bring its replicas back, or see min.insync.replicas";
    default:
        return "";
    }
}

static void
answer(struct kafka *kafka, struct tag tag, rd_kafka_resp_err_t error)
{
    char why[KAFKA_ERROR_BYTES];
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        kafka->handler.parked(kafka->handler.owner, tag, error ? LETTER_LATER : LETTER_WRITTEN, NULL);
        return;
    }
    kafka->stats.errors++;
    snprintf(why, sizeof why, "%s: %s%s", rd_kafka_err2name(error), rd_kafka_err2str(error), remedy_of(error));
    kafka->handler.parked(kafka->handler.owner, tag, LETTER_REFUSED, why);
}

/* The broker's verdict on what a request holds: it refuses all of it for one letter. */
static bool
is_of_content(rd_kafka_resp_err_t error)
{
    switch ((int)error) {
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        return true;
    default:
        return false;
    }
}

void
kafka_letter_reported(struct kafka *kafka, struct letter_writer *writer, const rd_kafka_message_t *message)
{
    rd_kafka_resp_err_t error = message->err;
    if (is_of_content(error) && kafka_had_company(writer, message)) {
        error = kafka_write_alone(kafka, message);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
            return;
    } else if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && park_as_stub(kafka, message)) {
        return;
    }
    answer(kafka, tag_unpack(message->_private), error);
}

bool
kafka_letters_turn(struct kafka *kafka)
{
    for (uint32_t n = kafka->n_refused; n > 0; n--) {
        struct refused_letter letter = kafka->refused[--kafka->n_refused];
        answer(kafka, letter.tag, (rd_kafka_resp_err_t)letter.error);
    }
    bool more = kafka_writer_turn(kafka, &kafka->together);
    return kafka_writer_turn(kafka, &kafka->alone) || more;
}
