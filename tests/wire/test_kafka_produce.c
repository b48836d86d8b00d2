/* test_kafka_produce.c: the command, from its words to the records in the topic. */
#include "bridge/cmd/cmd.h"
#include "tests/wire/kafka_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char said[4096];

/* Runs the command; what it printed on stdout is in `said`. */
static int
produce(const char *const *words)
{
    char *argv[32] = { (char *)"produce" };
    struct cmd_context context = { .argc = 1, .argv = argv, .quiet = true };
    for (; words[context.argc - 1]; context.argc++)
        argv[context.argc] = strdup(words[context.argc - 1]);
    FILE *out = tmpfile();
    fflush(stdout);
    int before = dup(1);
    dup2(fileno(out), 1);
    int code = cmd_produce(&context);
    fflush(stdout);
    dup2(before, 1);
    close(before);
    rewind(out);
    said[fread(said, 1, sizeof said - 1, out)] = '\0';
    fclose(out);
    for (int i = 1; i < context.argc; i++)
        free(argv[i]);
    return code;
}

static uint64_t
number_said(const char *name)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    const char *at = strstr(said, quoted);
    cr_assert_not_null(at, "%s in %s", name, said);
    return strtoull(at + strlen(quoted), NULL, 10);
}

Test(kafka_produce, the_topic_holds_what_the_summary_and_the_list_of_ids_say)
{
    const char *topic = world_topic("produce", 4, NULL);
    char path[] = "/tmp/alertbridge-ids-XXXXXX";
    close(mkstemp(path));
    const char *const words[] = {
        "--brokers", world_brokers(), "--topic", topic, "--events", "2000", "--duplicates", "10%", "--bad=5", "--format", "mixed",
        "--seed", "11", "--ids", path, NULL,
    };
    cr_assert_eq(produce(words), EXIT_DONE);
    cr_expect_eq(number_said("produced"), 2000);
    cr_expect_eq(number_said("written"), 2000);
    cr_expect_eq(number_said("failed"), 0);
    cr_expect_eq(number_said("bad"), 5);
    cr_expect_eq(number_said("distinct") + number_said("duplicates"), 1995);
    cr_expect_gt(number_said("duplicates"), 140);
    char first[4096], line[256];
    strcpy(first, said);

    struct member_of_test *m = member_reading(topic);
    until(m->n_records == 2000);
    uint64_t lines = 0, kinds[4] = { 0 };
    FILE *list = fopen(path, "r");
    while (fgets(line, sizeof line, list)) {
        lines++;
        kinds[0] += strstr(line, "\tincident.generated\n") != NULL;
        kinds[1] += strstr(line, "\talert.generated\n") != NULL;
        kinds[2] += strstr(line, "\tincident.updated\n") != NULL;
        kinds[3] += strstr(line, "\tnotice\n") != NULL;
    }
    fclose(list);
    unlink(path);
    cr_expect_eq(lines, number_said("distinct"));
    cr_expect_eq(kinds[0] + kinds[1] + kinds[2] + kinds[3], lines);
    for (int i = 0; i < 4; i++)
        cr_expect_geq(kinds[i], lines / 4);
    for (unsigned i = 0; i < m->n_records; i++)
        for (unsigned j = 0; j < i && m->records[i].key.at; j++)
            if (m->records[j].key.at && slice_eq(m->records[i].key, m->records[j].key))
                cr_assert_eq(m->records[i].number, m->records[j].number, "one key, one partition");
    member_leave(m);

    cr_assert_eq(produce(words), EXIT_DONE);
    unlink(path);
    const char *ids = strstr(first, "\"first_id\""), *end = strstr(first, ",\"seconds\"");
    cr_expect_eq(strncmp(strstr(said, "\"first_id\""), ids, (size_t)(end - ids)), 0, "%s%s", first, said);
}

static const char *
file_with(const char *text)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/alertbridge-events-XXXXXX");
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

Test(kafka_produce, given_events_keep_their_bytes_and_get_their_keys)
{
    static const char incident[] = "{\"v\":1, \"id\":\"e1\",\"kind\":\"incident.generated\",\"aliyunUID\":\"1\","
                                   "\"incidentName\":\"n\",\"incidentID\":\"inc-7\",\"startTime\":\"t\"}";
    static const char notice[] = "{\"v\":1,\"id\":\"e2\",\"kind\":\"notice\",\"title\":\"x\"}";
    char text[1024];
    snprintf(text, sizeof text, "%s\n\n%s\r\n%s\nnot json\n{\"v\":1}\n", incident, notice, notice);
    const char *topic = world_topic("given", 1, NULL), *path = file_with(text);
    const char *const words[] = { "--brokers", world_brokers(), "--topic", topic, "--file", path, NULL };
    cr_expect_eq(produce(words), EXIT_DATA, "two lines are no event");
    unlink(path);
    cr_expect_eq(number_said("produced"), 3);
    cr_expect_eq(number_said("distinct"), 2);
    cr_expect_eq(number_said("duplicates"), 1);

    struct member_of_test *m = member_reading(topic);
    until(m->n_records == 3);
    cr_expect(slice_is(m->records[0].value, incident));
    cr_expect(slice_is(m->records[0].key, "inc-7"));
    cr_expect(slice_is(m->records[1].value, notice));
    cr_expect(slice_is(m->records[1].key, "e2"));
    cr_expect_eq(m->records[0].n_headers, 1);
    cr_expect(slice_is(m->records[0].headers[0].name, "content-type"));
    cr_expect(slice_is(m->records[0].headers[0].value, "application/json"));
    member_leave(m);
}

Test(kafka_produce, a_rate_is_kept)
{
    const char *topic = world_topic("rate", 1, NULL);
    const char *const words[] = { "--brokers", world_brokers(), "--topic", topic, "--events", "100", "--rate", "100/s", NULL };
    cr_expect_eq(produce(words), EXIT_DONE);
    const char *seconds = strstr(said, "\"seconds\":");
    cr_assert_not_null(seconds);
    cr_expect_geq(atof(seconds + 10), 0.98);
    cr_expect_lt(atof(seconds + 10), 3.0);
}

Test(kafka_produce, an_unknown_topic_is_an_unavailable_dependency)
{
    const char *topic = world_name("nowhere");
    const char *const words[] = {
        "--brokers", world_brokers(), "--topic", topic, "--events", "3", "--property", "message.timeout.ms=3000",
        "--property", "topic.metadata.propagation.max.ms=500", NULL,
    };
    cr_expect_eq(produce(words), EXIT_UNAVAILABLE);
    cr_expect_eq(number_said("failed"), 3);
}

Test(usage_of_produce, wrong_words_end_in_the_code_for_usage)
{
    static const char *const rows[][8] = {
        { "--topic", "t" },
        { "--brokers", "b" },
        { "--brokers", "b", "--topic", "t", "--evnets", "5" },
        { "--brokers", "b", "--topic", "t", "--events", "-5" },
        { "--brokers", "b", "--topic", "t", "--events", "many" },
        { "--brokers", "b", "--topic", "t", "--events" },
        { "--brokers", "b", "--topic", "t", "--duplicates", "10" },
        { "--brokers", "b", "--topic", "t", "--duplicates", "95%" },
        { "--brokers", "b", "--topic", "t", "--kinds", "notice,greeting" },
        { "--brokers", "b", "--topic", "t", "--format", "xml" },
        { "--brokers", "b", "--topic", "t", "--rate", "5" },
        { "--brokers", "b", "--topic", "t", "--size", "1MiB" },
        { "--brokers", "b", "--topic", "t", "--property", "acks" },
        { "--brokers", "b", "--topic", "t", "--property", "no.such=1" },
        { "--brokers", "b", "--topic", "t", "stray" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(produce(rows[i]), EXIT_USAGE, "row %zu", i);
}

Test(usage_of_produce, a_file_that_is_not_there_is_no_input)
{
    const char *const words[] = { "--brokers", "b", "--topic", "t", "--file", "/nonexistent/events", NULL };
    cr_expect_eq(produce(words), EXIT_NO_INPUT);
}
