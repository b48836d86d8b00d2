/* kafka_event.c: librdkafka's errors, log lines and statistics in the words of the handler. */
#include "bridge/io/kafka_parts.h"

#include <librdkafka/rdkafka.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEVEL_ERROR = 3, LEVEL_WARNING = 4, LEVEL_DEBUG = 7 };     /* of syslog(3) */

bool
kafka_is_offset_lost(int error)
{
#if RD_KAFKA_VERSION >= 0x020100ff
    if (error == RD_KAFKA_RESP_ERR__LOG_TRUNCATION)
        return true;
#endif
    return error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
}

static const char *
kind_of(rd_kafka_resp_err_t error)
{
    if (kafka_is_offset_lost(error))
        return "offset";
    switch ((int)error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
        return "transport";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return "auth";
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return "topic";
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return "size";
    case RD_KAFKA_RESP_ERR__SSL:
        return "tls";
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
        return "protocol";
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED:
        return "group";
    default:
        return "other";
    }
}

void
kafka_say(struct kafka *kafka, int error, const char *format, ...)
{
    char text[KAFKA_ERROR_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    kafka->stats.errors++;
    kafka->handler.trouble(kafka->handler.owner, LEVEL_ERROR, kind_of((rd_kafka_resp_err_t)error), text);
}

/* A consumer says __FATAL, a producer's event its cause only; the client itself knows. */
static bool
is_fatal(rd_kafka_t *client, int error)
{
    char reason[KAFKA_ERROR_BYTES];
    return error == RD_KAFKA_RESP_ERR__FATAL || error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID
           || rd_kafka_fatal_error(client, reason, sizeof reason) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

void
kafka_on_error(struct kafka *kafka, rd_kafka_t *client, int error, const char *text)
{
    if (!is_fatal(client, error)) {
        kafka_say(kafka, error, "%s: %s", rd_kafka_err2name((rd_kafka_resp_err_t)error), text ? text : "");
        return;
    }
    kafka_end_fatally(kafka, client, error, text);
}

void
kafka_end_fatally(struct kafka *kafka, rd_kafka_t *client, int error, const char *text)
{
    if (kafka->fatal)
        return;
    kafka->fatal = true;
    kafka->stats.errors++;
    char reason[KAFKA_ERROR_BYTES], why[KAFKA_ERROR_BYTES + 64];
    rd_kafka_resp_err_t cause = rd_kafka_fatal_error(client, reason, sizeof reason);
    if (cause == RD_KAFKA_RESP_ERR_NO_ERROR) {
        cause = (rd_kafka_resp_err_t)error;
        snprintf(reason, sizeof reason, "%s", text ? text : rd_kafka_err2str(cause));
    }
    snprintf(why, sizeof why, "%s: %s", rd_kafka_err2name(cause), reason);
    kafka->handler.fatal(kafka->handler.owner, why);
}

/* The facility that librdkafka prints with a line is the only class that a line has. */
static const char *
kind_of_line(const char *facility)
{
    static const struct {
        const char *prefix, *kind;
    } kinds[] = {
        { "FAIL", "transport" }, { "BROKERFAIL", "transport" }, { "REQTMOUT", "transport" }, { "TIMEOUT", "transport" },
        { "SASL", "auth" },      { "LIBSASL", "auth" },         { "AUTH", "auth" },          { "OAUTHBEARER", "auth" },
        { "SSL", "tls" },        { "CERTSTORE", "tls" },        { "PROTO", "protocol" },     { "APIVER", "protocol" },
        { "JOIN", "group" },     { "SYNC", "group" },           { "HEARTBEAT", "group" },    { "COMMIT", "group" },
        { "REBALANCE", "group" },{ "ASSIGN", "group" },         { "SESSTMOUT", "group" },    { "MAXPOLL", "group" },
        { "GROUP", "group" },    { "CGRP", "group" },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strncmp(facility, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
            return kinds[i].kind;
    return "other";
}

/* One configuration serves two clients, so each is told of the other's properties; and a broken connection is an error event
 * as well. */
static bool
is_noise(int level, const char *facility, const char *text)
{
    if (strcmp(facility, "CONFWARN") == 0)
        return strstr(text, "is a producer property") || strstr(text, "is a consumer property");
    return level <= LEVEL_ERROR && (strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0);
}

void
kafka_on_log(struct kafka *kafka, rd_kafka_event_t *event)
{
    const char *facility, *line;
    int level;
    if (rd_kafka_event_log(event, &facility, &line, &level) != 0 || is_noise(level, facility, line))
        return;
    char text[KAFKA_ERROR_BYTES];
    snprintf(text, sizeof text, "%s: %s", facility, line);
    level = level < LEVEL_ERROR ? LEVEL_ERROR : level > LEVEL_DEBUG ? LEVEL_DEBUG : level;
    kafka->handler.trouble(kafka->handler.owner, level, kind_of_line(facility), text);
}

/* The brokers that are up: "nodeid":N,...,"source":"...","state":"UP" with N >= 0. Entries without a number are bootstrap
 * addresses, and a logical one is the coordinator once more. The text is librdkafka's own and not small, so it is scanned and
 * not parsed: https://github.com/confluentinc/librdkafka/blob/master/STATISTICS.md */
static const char *
behind(const char *at, const char *end, const char *text)
{
    const char *found = memmem(at, (size_t)(end - at), text, strlen(text));
    return found ? found + strlen(text) : NULL;
}

static bool
is_text(const char *at, const char *end, const char *quoted)
{
    while (at < end && *at == ' ')
        at++;
    return (size_t)(end - at) >= strlen(quoted) && memcmp(at, quoted, strlen(quoted)) == 0;
}

void
kafka_on_statistics(struct kafka *kafka, const char *json, size_t size)
{
    const char *end = json + size, *at = behind(json, end, "\"brokers\":");
    const char *topics = at ? behind(at, end, "\"topics\":") : NULL;
    uint32_t up = 0;
    if (topics)
        end = topics;
    while (at && (at = behind(at, end, "\"nodeid\":")) != NULL) {
        const char *source = behind(at, end, "\"source\":"), *state = behind(at, end, "\"state\":");
        if (source && state && strtol(at, NULL, 10) >= 0 && !is_text(source, end, "\"logical\"") && is_text(state, end, "\"UP\""))
            up++;
        at = state;
    }
    kafka->stats.brokers_up = up;
}
