/* redis_server.h: a real redis-server of a test's own, on a free loopback port, gone with the test. */
#ifndef TESTS_WIRE_REDIS_SERVER_H
#define TESTS_WIRE_REDIS_SERVER_H

#include "tests/support/servers.h"

struct redisContext;
struct redisReply;

enum { SERVER_WORDS_MAX = 16 };

struct redis_server_of_test {
    pid_t pid;          /* 0 = not running */
    const char *program;    /* set between prepare and start; redis-server if it is not */
    uint16_t port;
    char password[64];
    struct temp_dir dir;
    char path[108];     /* of its unix socket */
    const char *words[SERVER_WORDS_MAX];    /* more arguments, set between prepare and start */
    bool is_sentinel;
    uint16_t watched;   /* a sentinel's: port of what it knows as "the-master"; 0 = it knows none */
    struct redisContext *control;
};

void server_prepare(struct redis_server_of_test *);     /* a port and a folder, nothing runs yet */
void server_start(struct redis_server_of_test *);       /* and waits until it answers */
void server_kill(struct redis_server_of_test *);        /* kill -9: without persistence its memory is gone */
void server_freeze(struct redis_server_of_test *);
void server_thaw(struct redis_server_of_test *);
void server_release(struct redis_server_of_test *);

/* A command on a connection beside; the reply is freed by the next one. */
const struct redisReply *server_says(struct redis_server_of_test *, const char *format, ...);

#endif
