/* servers.h: real servers of a test's own: on free loopback ports, with a folder, all gone when the test is.
 *
 * They are started and ended by process number, never by name. Whatever way the test ends (release, failed assertion, crash, kill
 * -9), the kernel kills the servers with their parent, and a janitor process that waits for the parent's end removes the folder.
 * The functions return false, with a line on stderr, where a server cannot be had: assert on it in a test, or start it once for
 * all tests in a ReportHook(PRE_ALL) and hand its address on by setenv(). */
#ifndef TESTS_SUPPORT_SERVERS_H
#define TESTS_SUPPORT_SERVERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A port on 127.0.0.1 that nobody has now, below the range from which outgoing connections are numbered. */
uint16_t free_port(void);

struct temp_dir {
    char path[64];
    int alive_fd;           /* the janitor waits for this to be closed */
    pid_t janitor;
};

bool temp_dir_make(struct temp_dir *);
void temp_dir_remove(struct temp_dir *);    /* and waits until it is gone; fine when zeroed */

struct private_redis {
    pid_t pid;              /* 0 = not running */
    uint16_t port;
    struct temp_dir dir;
};

/* Without persistence. Returns once it answers PING. */
bool private_redis_start(struct private_redis *);
void private_redis_kill(struct private_redis *);            /* kill -9: its memory is gone, its port and folder stay */
bool private_redis_start_again(struct private_redis *);     /* on the same port */
void private_redis_release(struct private_redis *);         /* fine when zeroed */

struct private_kafka {
    pid_t pid;
    char brokers[32];       /* "127.0.0.1:29092" */
    char version[16];
    struct temp_dir dir;
};

/* One node of that version ("3.9.1"), by kafka.sh: fetched at first use, about 3 s to start. */
bool private_kafka_start(struct private_kafka *, const char *version);
void private_kafka_kill(struct private_kafka *);            /* kill -9; the data stays */
bool private_kafka_start_again(struct private_kafka *);     /* with its data, on the same port */
bool private_kafka_topic(const struct private_kafka *, const char *name, int partitions,
                         const char *setting);              /* "a=b", or NULL for none */
void private_kafka_release(struct private_kafka *);         /* fine when zeroed */

#endif
