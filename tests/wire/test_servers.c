/* test_servers.c: the servers that other tests rely on: they answer, come back, and leave nothing behind however a test ends. */
#include "tests/support/servers.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static bool
somebody_listens(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool listens = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return listens;
}

Test(servers, a_free_port_is_free_and_below_the_outgoing_ones)
{
    for (int i = 0; i < 20; i++) {
        uint16_t port = free_port();
        cr_expect(port >= 20000 && port < 32768);
        cr_expect_not(somebody_listens(port));
    }
}

Test(servers, a_folder_goes_with_what_is_in_it)
{
    struct temp_dir dir;
    char file[96];
    cr_assert(temp_dir_make(&dir));
    snprintf(file, sizeof(file), "%s/file", dir.path);
    FILE *written = fopen(file, "w");
    cr_assert_not_null(written);
    fclose(written);
    char path[64];
    snprintf(path, sizeof(path), "%s", dir.path);
    temp_dir_remove(&dir);
    cr_expect_neq(access(path, F_OK), 0);
    temp_dir_remove(&dir);  /* twice is fine */
}

Test(servers, redis_answers_dies_and_comes_back_on_its_port)
{
    struct private_redis redis;
    cr_assert(private_redis_start(&redis));
    cr_expect(somebody_listens(redis.port));
    private_redis_kill(&redis);
    cr_expect_not(somebody_listens(redis.port));
    cr_assert(private_redis_start_again(&redis));
    cr_expect(somebody_listens(redis.port));
    private_redis_release(&redis);
    cr_expect_not(somebody_listens(redis.port));
    private_redis_release(&redis);
}

Test(servers, redis_and_its_folder_do_not_outlive_a_test_that_is_killed)
{
    struct private_redis redis;
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    pid_t test = fork();
    if (test == 0) {
        bool ok = private_redis_start(&redis) && write(ends[1], &redis, sizeof(redis)) == (ssize_t)sizeof(redis);
        raise(ok ? SIGKILL : SIGABRT);
    }
    cr_assert_eq(read(ends[0], &redis, sizeof(redis)), (ssize_t)sizeof(redis));
    waitpid(test, NULL, 0);
    int waits = 0;
    while (waits++ < 500 && (somebody_listens(redis.port) || access(redis.dir.path, F_OK) == 0))
        usleep(10000);
    cr_expect_not(somebody_listens(redis.port), "the server died with its parent");
    cr_expect_neq(access(redis.dir.path, F_OK), 0, "%s was removed", redis.dir.path);
}

Test(servers, kafka_answers_takes_a_topic_and_comes_back_with_its_data)
{
    struct private_kafka kafka;
    unsigned port = 0;
    cr_assert(private_kafka_start(&kafka, "3.9.1"));
    cr_assert_eq(sscanf(kafka.brokers, "127.0.0.1:%u", &port), 1);
    cr_expect(private_kafka_topic(&kafka, "alerts", 3, "retention.ms=-1"));
    private_kafka_kill(&kafka);
    cr_expect_not(somebody_listens((uint16_t)port));
    cr_assert(private_kafka_start_again(&kafka));
    cr_expect(somebody_listens((uint16_t)port));
    cr_expect_not(private_kafka_topic(&kafka, "alerts", 3, NULL), "it is there already");
    private_kafka_release(&kafka);
    cr_expect_not(somebody_listens((uint16_t)port));
}
