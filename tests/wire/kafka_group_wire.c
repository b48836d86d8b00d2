/* kafka_group_wire.c: requests are written field by field, answers are read as far as a test needs them. */
#include "tests/wire/kafka_group_wire.h"

#include "tests/wire/kafka_world.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OFFSET_COMMIT = 8, FIND_COORDINATOR = 10, JOIN_GROUP = 11, HEARTBEAT = 12, LEAVE_GROUP = 13, SYNC_GROUP = 14,
       DESCRIBE_GROUPS = 15 };
enum { MESSAGE_BYTES = 4096, SIZE_BYTES = 4, ANSWER_MS = 20000 };

struct message {
    uint8_t bytes[MESSAGE_BYTES];
    size_t size, at;                /* at: how far it is read */
};

/* ---- fields -------------------------------------------------------------------------------------------------------------- */

static void
put(struct message *message, int64_t number, int bytes)
{
    cr_assert(message->size + (size_t)bytes <= MESSAGE_BYTES);
    for (int i = bytes - 1; i >= 0; i--)
        message->bytes[message->size++] = (uint8_t)(number >> (8 * i));
}

static void
put_string(struct message *message, const char *text)
{
    put(message, (int64_t)strlen(text), 2);
    for (; *text; text++)
        put(message, *text, 1);
}

static int64_t
take(struct message *message, int bytes)
{
    uint64_t number = 0;
    cr_assert(message->at + (size_t)bytes <= message->size, "the answer is too short");
    for (int i = 0; i < bytes; i++)
        number = number << 8 | message->bytes[message->at++];
    return bytes == 2 ? (int16_t)number : bytes == 4 ? (int32_t)number : (int64_t)number;
}

static void
take_string(struct message *message, char *text, size_t room)
{
    int64_t size = take(message, 2);
    size = size < 0 ? 0 : size;
    cr_assert(message->at + (size_t)size <= message->size && (size_t)size < room);
    memcpy(text, message->bytes + message->at, (size_t)size);
    text[size] = '\0';
    message->at += (size_t)size;
}

/* ---- requests ------------------------------------------------------------------------------------------------------------ */

static void
begin_bare(struct message *message, int api, int version)
{
    message->size = message->at = 0;
    put(message, 0, SIZE_BYTES);
    put(message, api, 2);
    put(message, version, 2);
    put(message, 1, 4);             /* correlation id */
    put_string(message, "t");
}

static void
begin(struct message *message, int api, int version, const char *group)
{
    begin_bare(message, api, version);
    put_string(message, group);
}

static void
post(int fd, struct message *message)
{
    size_t whole = message->size;
    message->size = 0;
    put(message, (int64_t)whole - SIZE_BYTES, SIZE_BYTES);
    message->size = whole;
    for (size_t sent = 0; sent < whole;) {
        ssize_t n = send(fd, message->bytes + sent, whole - sent, MSG_NOSIGNAL);
        cr_assert(n > 0);
        sent += (size_t)n;
    }
}

static void
receive(int fd, uint8_t *to, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t n = recv(fd, to + got, size - got, 0);
        cr_assert(n > 0, "the broker closed");
        got += (size_t)n;
    }
}

static bool
answer(int fd, struct message *message, int within_ms)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    if (poll(&poll_fd, 1, within_ms) == 0)
        return false;
    receive(fd, message->bytes, SIZE_BYTES);
    message->at = 0;
    message->size = SIZE_BYTES;
    size_t size = (size_t)take(message, 4);
    cr_assert(size <= MESSAGE_BYTES);
    receive(fd, message->bytes, size);
    message->size = size;
    message->at = 4;                /* behind the correlation id */
    return true;
}

static void
ask(int fd, struct message *message)
{
    post(fd, message);
    cr_assert(answer(fd, message, ANSWER_MS), "the broker does not answer");
}

/* ---- connections --------------------------------------------------------------------------------------------------------- */

static int
connect_to_broker(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    address.sin_port = htons((uint16_t)atoi(strrchr(world_brokers(), ':') + 1));
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

void
wire_open(struct wire_member *member)
{
    member->joins = connect_to_broker();
    member->asks = connect_to_broker();
}

void
wire_close(struct wire_member *member)
{
    close(member->joins);
    close(member->asks);
}

/* The first one in a broker's life has the topic of the offsets made; its partitions are loaded one after the other. */
void
wire_find_coordinator(const char *group)
{
    struct message message;
    struct wire_member nobody = { .group = group, .id = "nobody" };
    int error = KAFKA_NONE;
    wire_open(&nobody);
    for (int i = 0; i < 200 && error != KAFKA_UNKNOWN_MEMBER; i++) {
        begin(&message, FIND_COORDINATOR, 0, group);
        ask(nobody.asks, &message);
        if (take(&message, 2) == KAFKA_NONE)
            error = wire_heartbeat(&nobody, 1);
        if (error != KAFKA_UNKNOWN_MEMBER)
            usleep(50000);
    }
    wire_close(&nobody);
    cr_assert_eq(error, KAFKA_UNKNOWN_MEMBER, "no coordinator: %d", error);
}

/* ---- the group ----------------------------------------------------------------------------------------------------------- */

void
wire_join(struct wire_member *member)
{
    struct message message;
    begin(&message, JOIN_GROUP, 2, member->group);
    put(&message, member->session_ms, 4);
    put(&message, member->rebalance_ms, 4);
    put_string(&message, member->id);
    put_string(&message, "consumer");
    put(&message, 1, 4);
    put_string(&message, "range");
    put(&message, 0, 4);            /* its metadata: nobody reads them */
    post(member->joins, &message);
    member->joining = true;
}

bool
wire_joined(struct wire_member *member, int within_ms, int *error)
{
    struct message message;
    char leader[128], skipped[64];
    if (!answer(member->joins, &message, within_ms))
        return false;
    member->joining = false;
    take(&message, 4);              /* throttle time */
    *error = (int)take(&message, 2);
    if (*error != KAFKA_NONE)
        return true;
    member->generation = (int32_t)take(&message, 4);
    take_string(&message, skipped, sizeof(skipped));
    take_string(&message, leader, sizeof(leader));
    take_string(&message, member->id, sizeof(member->id));
    member->leads = strcmp(leader, member->id) == 0;
    return true;
}

static void
begin_as_member(struct message *message, int api, int version, const struct wire_member *member, int32_t generation)
{
    begin(message, api, version, member->group);
    put(message, generation, 4);
    put_string(message, member->id);
}

int
wire_sync(struct wire_member *member)
{
    struct message message;
    begin_as_member(&message, SYNC_GROUP, 0, member, member->generation);
    put(&message, 0, 4);
    ask(member->asks, &message);
    return (int)take(&message, 2);
}

int
wire_heartbeat(struct wire_member *member, int32_t generation)
{
    struct message message;
    begin_as_member(&message, HEARTBEAT, 0, member, generation);
    ask(member->asks, &message);
    return (int)take(&message, 2);
}

int
wire_commit(struct wire_member *member, int32_t generation, const char *topic, int64_t offset)
{
    struct message message;
    char skipped[256];
    begin_as_member(&message, OFFSET_COMMIT, 2, member, generation);
    put(&message, -1, 8);           /* kept for as long as the broker likes */
    put(&message, 1, 4);
    put_string(&message, topic);
    put(&message, 1, 4);
    put(&message, 0, 4);
    put(&message, offset, 8);
    put_string(&message, "");
    ask(member->asks, &message);
    cr_assert_eq(take(&message, 4), 1);
    take_string(&message, skipped, sizeof(skipped));
    cr_assert_eq(take(&message, 4), 1);
    take(&message, 4);
    return (int)take(&message, 2);
}

int
wire_leave(struct wire_member *member)
{
    struct message message;
    begin(&message, LEAVE_GROUP, 0, member->group);
    put_string(&message, member->id);
    ask(member->asks, &message);
    return (int)take(&message, 2);
}

uint32_t
wire_members(struct wire_member *member)
{
    struct message message;
    char skipped[256];
    begin_bare(&message, DESCRIBE_GROUPS, 0);
    put(&message, 1, 4);
    put_string(&message, member->group);
    ask(member->asks, &message);
    cr_assert_eq(take(&message, 4), 1);
    cr_assert_eq(take(&message, 2), KAFKA_NONE);
    for (int i = 0; i < 4; i++)     /* group, state, protocol type, protocol */
        take_string(&message, skipped, sizeof(skipped));
    return (uint32_t)take(&message, 4);
}
