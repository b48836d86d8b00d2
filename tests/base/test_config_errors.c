/* test_config_errors.c: broken configurations, each with the place, the path, the fact and the remedy that a person is told. */
#include "tests/base/trial.h"

#include "bridge/suggest.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

struct broken {
    const char *from, *to;      /* change of the whole example */
    int line, column;
    const char *path, *text, *remedy;
};

static const struct broken rows[] = {
    {"    concurrency: 16\n", "    concurency: 16\n", 25, 5, "targets[0].concurency", "unknown key \"concurency\"",
     "did you mean \"concurrency\"?"},
    {"    concurrency: 16\n", "    concurrency: many\n", 25, 18, "targets[0].concurrency", "\"many\" is not a whole number",
     "correct it"},
    {"    concurrency: 16\n", "    concurrency: \"16\"\n", 25, 18, "targets[0].concurrency", "in quotes", "without quotes"},
    {"    concurrency: 16\n", "    concurrency: [16]\n", 25, 18, "targets[0].concurrency", "expects a whole number", NULL},
    {"    concurrency: 16\n", "    concurrency:\n", 25, 17, "targets[0].concurrency", "has no value", "remove the line"},
    {"    concurrency: 16\n", "    concurrency: 16\n    concurrency: 8\n", 26, 5, "concurrency", "stands twice",
     "the first is in line 25"},
    {"strict: false", "strict: yes", 11, 64, "sources[0].strict", "\"yes\" is not true or false", "correct it"},
    {"max_messages: 100", "max_messages: 250", 36, 27, "targets[1].batch.max_messages", "250 is above 100", "set 100 or less"},
    {"linger: 50ms", "linger: 50 ms", 36, 57, "targets[1].batch.linger", "\"50 ms\" is not a duration such as 1500ms",
     "correct it"},
    {"rate_limit: 10/s", "rate_limit: 10", 26, 17, "targets[0].rate_limit", "\"10\" is not a rate such as 10/s", "correct it"},
    {"to: soar-prod}", "to: soar-prd}", 40, 94, "routes[1].to", "unknown target \"soar-prd\"", "did you mean \"soar-prod\"?"},
    {"kinds: [notice]", "kinds: [notise]", 41, 35, "routes[2].when.kinds", "unknown value \"notise\"",
     "did you mean \"notice\"?"},
    {"window: 10m", "window: 25h", 41, 73, "routes[2].dedup.window", "longer than dedup_ttl of target portal",
     "longer dedup_ttl"},
    {"when: {kinds: [notice]}", "when: {sources: [alert]}", 41, 37, "routes[2].when.sources[0]", "unknown source \"alert\"",
     "did you mean \"alerts\"?"},
    {"app_key_file: @/secret", "app_key_file: @/gone", 32, 33, "targets[1].credentials.app_key_file", "does not exist",
     "create it"},
    {"app_key_file: @/secret", "app_key_file: @/empty", 32, 33, "targets[1].credentials.app_key_file", "is empty",
     "write the secret into it"},
    {"app_key_file: @/secret", "app_key: abc", 32, 19, "targets[1].credentials.app_key",
     "a secret is not written into the configuration", "app_key_file"},
    {", app_secret_file: @/secret", "", 32, 5, "targets[1].credentials.app_secret_file", "is required",
     "add it: the path of a file"},
    {"group: alertbridge", "group: ${NO_SUCH_VARIABLE}", 3, 10, "kafka.group", "variable NO_SUCH_VARIABLE is not set",
     "${NO_SUCH_VARIABLE:-default}"},
    {"group: alertbridge", "group: ${oops", 3, 10, "kafka.group", "a ${ without its }", "close it"},
    {"https://apigw.example.com", "http://apigw.example.com", 29, 15, "targets[1].endpoint", "plain http to apigw.example.com",
     "allow_plain_http: true"},
    {"https://apigw.example.com", "https://u:p@apigw.example.com", 29, 15, "targets[1].endpoint", "user name or password",
     "https://host"},
    {"https://apigw.example.com", "https://apigw.example.com/path", 29, 15, "targets[1].endpoint", "has a path", "https://host"},
    {"{session.timeout.ms: 45000}", "{group.id: x}", 5, 26, "kafka.properties.group.id", "belongs to the worker",
     "use kafka.group"},
    {"{session.timeout.ms: 45000}", "{enable.auto.commit: true}", 5, 36, "kafka.properties.enable.auto.commit",
     "belongs to the worker", "remove it"},
    {"{session.timeout.ms: 45000}", "{partition.assignment.strategy: cooperative-sticky}", 5, 47,
     "kafka.properties.partition.assignment.strategy", "is not taken", "range or roundrobin"},
    {"redis://127.0.0.1:6379/0", "redis://:pw@127.0.0.1:6379/0", 7, 8, "redis.url", "holds a password", "redis.password_file"},
    {"redis://127.0.0.1:6379/0", "http://127.0.0.1", 7, 8, "redis.url", "begins with none of", "redis://host:port/0"},
    {"    concurrency: 16\n", "    claim_lease: 20s\n", 25, 18, "targets[0].claim_lease", "20s is below 2 x call_timeout",
     "raise claim_lease"},
    {"    concurrency: 16\n", "    batch: {linger: 1s}\n", 25, 13, "targets[0].batch.linger", "is an option of kind notice only",
     "correct kind"},
    {"name: portal\n", "name: drop\n", 27, 11, "targets[1].name", "reserved", "choose another name"},
    {"name: portal\n", "name: soar-prod\n", 27, 11, "targets[1].name", "is the name of targets[0] too", "unique"},
    {"topics: [sec.alerts]", "topics: [sec.alerts, sec.alerts]", 11, 41, "sources[0].topics[1]", "belongs to sources[0] already",
     "one source"},
    {"topics: [sec.alerts]", "topics: [sec.alerts.dlq]", 11, 29, "sources[0].topics[0]", "is the dead-letter topic",
     "another dead_letter.topic"},
    {"    app_name: {default: SOC}\n", "", 27, 5, "targets[1].app_id", "is required, or app_name", "add one"},
    {"127.0.0.1:9464", "9464", 43, 17, "admin.listen", "is no address:port", "127.0.0.1:9464"},
    {"log: {level: info", "log: {level: inof", 46, 14, "log.level", "unknown value \"inof\"", "did you mean \"info\"?"},
    {"group: alertbridge", "group: &a alertbridge", 3, 10, "", "anchors and aliases are not read here", "write the value out"},
    {"group: alertbridge", "group: \"alertbridge", 4, 17, "", "not YAML", "check quotes"},
};

Test(config, each_broken_configuration_is_told_with_place_fact_and_remedy)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct broken *row = &rows[i];
        struct trial *trial = trial_of(trial_changed(row->from, row->to));
        const struct config_problem *problem = trial_problem(trial, row->path);
        cr_expect(trial->config == NULL, "row %zu is accepted", i);
        cr_expect(problem != NULL, "row %zu has no problem at %s:\n%s", i, row->path, trial->text);
        if (problem != NULL) {
            cr_expect(problem->line == row->line && problem->column == row->column, "row %zu:\n%s", i, trial->text);
            cr_expect(strstr(problem->text, row->text) != NULL, "row %zu: %s", i, problem->text);
            cr_expect(row->remedy == NULL || (problem->remedy && strstr(problem->remedy, row->remedy)), "row %zu: %s", i,
                      trial->text);
            cr_expect(strstr(problem->file, "/bridge.yaml") != NULL, "row %zu: %s", i, problem->file);
        }
        trial_end(trial);
    }
}

Test(config, a_problem_is_printed_with_its_line_and_a_caret)
{
    struct trial *trial = trial_of(trial_changed("    concurrency: 16\n", "    concurrency: 5000\n"));
    char expected[512];
    snprintf(expected, sizeof expected,
             "%s/bridge.yaml:25:18: targets[0].concurrency: 5000 is above 1024; set 1024 or less\n"
             "   25 |     concurrency: 5000\n"
             "      |                  ^\n", trial->dir.path);
    cr_assert_eq(strncmp(trial->text, expected, strlen(expected)), 0, "%s", trial->text);
    trial_end(trial);
}

Test(config, all_errors_come_at_once_in_the_order_of_the_file)
{
    struct trial *trial =
        trial_of("kafka: {brokers: 'a:1', groop: x}\nredis: {url: 'memory:'}\nsources: []\ntargets: []\nlog: {level: loud}\n");
    static const char *const paths[] = {"kafka.groop", "kafka.group", "sources",          "targets",
                                        "log.level",   "routes",      "dead_letter.topic"};
    int last = 0;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        cr_expect(trial_problem(trial, paths[i]) != NULL, "%s\n%s", paths[i], trial->text);
    for (uint32_t i = 0; i < trial->report.n && trial->report.problems[i].line > 0; i++) {
        cr_expect(trial->report.problems[i].line >= last);
        last = trial->report.problems[i].line;
    }
    trial_end(trial);
}

static bool
refuse_property(const struct config *config, const char **property, char *error, size_t error_size)
{
    cr_assert_eq(config->kafka.n_properties, 1);
    *property = "session.timeout.ms";
    snprintf(error, error_size, "value out of range");
    return false;
}

Test(config, librdkafka_s_refusal_stands_at_the_property)
{
    struct trial *trial = trial_run(&(struct trial_input){ .yaml = trial_whole(), .check_kafka = refuse_property });
    const struct config_problem *problem = trial_problem(trial, "kafka.properties.session.timeout.ms");
    cr_assert(trial->config == NULL && problem != NULL, "%s", trial->text);
    cr_assert_eq(problem->line, 5);
    cr_assert_eq(problem->column, 36);
    cr_assert(strstr(problem->text, "value out of range"));
    trial_end(trial);
}

Test(config, a_secret_is_never_repeated)
{
    static const char *const changes[][2] = {
        { "{session.timeout.ms: 45000}", "{sasl.password: hunter2}" },
        { "{session.timeout.ms: 45000}", "{sasl.password: hunter2, groop.id: {}}" },
        { "app_key_file: @/secret", "app_key_file: hunter2" },
        { "app_key_file: @/secret", "app_secret: hunter2" },
        { "https://apigw.example.com", "https://u:hunter2@apigw.example.com" },
        { "redis://127.0.0.1:6379/0", "redis://:hunter2@127.0.0.1:6379/0" },
        { "group: alertbridge", "password: hunter2" },
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        static char json[65536];
        struct buf out;
        struct trial *trial = trial_of(trial_changed(changes[i][0], changes[i][1]));
        buf_init(&out, json, sizeof json);
        config_report_json(&out, &trial->report);
        cr_expect(trial->config == NULL, "row %zu", i);
        cr_expect(strstr(trial->text, "hunter2") == NULL, "row %zu:\n%s", i, trial->text);
        cr_expect(strstr(buf_cstr(&out), "hunter2") == NULL, "row %zu", i);
        trial_end(trial);
    }
}

Test(config, a_kafka_password_may_come_from_a_file)
{
    struct trial *trial = trial_of(trial_changed("{session.timeout.ms: 45000}", "{sasl.password: '${file:@/secret}'}"));
    cr_assert(trial->config != NULL, "%s", trial->text);
    cr_assert_str_eq(trial->config->kafka.properties[0].value, "s3cret-value");
    trial_end(trial);
}

Test(config, warnings_alone_do_not_stop_it)
{
    static const char *const environment[] = { "ALERTBRIDGE_KAFKA_BROKER=x", NULL };
    struct trial *trial = trial_run(&(struct trial_input){
        .yaml = trial_changed("when: {kinds: [incident.generated, alert.generated, incident.updated]}, ", ""),
        .environment = environment});
    cr_assert(trial->config != NULL, "%s", trial->text);
    cr_assert_eq(trial->report.warnings, 2, "%s", trial->text);
    cr_assert(trial_problem(trial, "routes[1].to")->warning);
    cr_assert_str_eq(trial_problem(trial, "ALERTBRIDGE_KAFKA_BROKER")->remedy, "did you mean \"ALERTBRIDGE_KAFKA_BROKERS\"?");
    trial_end(trial);
}

/* Each of these seems to do something: suppress repeats, encrypt, log in. */
static const struct idle {
    const char *from, *to, *path;
} idle_rows[] = {
    {"dedup: {window: 10m}", "dedup: {key: [dedupKey]}", "routes[2].dedup.key"},
    {"to: portal, dedup", "to: drop, dedup", "routes[2].dedup.window"},
    {"6379/0\n", "6379/0\n  ca_file: @/secret\n", "redis.ca_file"},
    {"6379/0\n", "6379/0\n  sentinel_password_file: @/secret\n", "redis.sentinel_password_file"},
    {"redis://127", "redis://worker@127", "redis.url"},
};

Test(config, an_option_that_has_no_effect_beside_the_others_is_said)
{
    for (size_t i = 0; i < sizeof idle_rows / sizeof idle_rows[0]; i++) {
        struct trial *trial = trial_of(trial_changed(idle_rows[i].from, idle_rows[i].to));
        const struct config_problem *problem = trial_problem(trial, idle_rows[i].path);
        cr_expect(trial->config != NULL && problem != NULL && problem->warning, "row %zu: %s", i, trial->text);
        trial_end(trial);
    }
}

Test(config, an_option_that_has_no_effect_yet_is_said)
{
    static const char *const sets[] = { "log.payload_digest=true", NULL };
    struct trial *trial = trial_run(&(struct trial_input){ .yaml = trial_whole(), .sets = sets });
    cr_assert(trial->config != NULL && trial_problem(trial, "log.payload_digest") != NULL, "%s", trial->text);
    cr_assert(trial_problem(trial, "log.payload_digest")->warning);
    trial_end(trial);
}

Test(config, sets_that_lead_nowhere_are_errors)
{
    static const char *const sets[] = { "log.levl=debug", "targets[7].concurrency=1", "nothing", "log[0]=x", NULL };
    struct trial *trial = trial_run(&(struct trial_input){ .yaml = trial_whole(), .sets = sets });
    cr_assert(trial->config == NULL);
    cr_assert_eq(trial->report.errors, 4, "%s", trial->text);
    cr_assert_str_eq(trial_problem(trial, "log.levl")->file, "--set");
    trial_end(trial);
}

/* Whatever is done to the text: it ends with a configuration or with errors, and the sanitizers stay silent. */
Test(config, a_mutated_file_never_breaks_the_loader)
{
    static const char *const pieces[] = {"[", "]",  "{",  "}",  ": ", "\n", "  ",       "- ",   "\"", "${",
                                         "}", "&a", "*a", "\t", "#",  "|",  "\xc3\x28", "null", "0",  "%"};
    static char text[8192];
    uint64_t state = 20260301;
    unsigned refused = 0;
    struct trial *trial = trial_of(trial_whole());
    char file[128];
    const char *files[] = { file };
    static char *const environment[] = { NULL };
    snprintf(file, sizeof file, "%s/bridge.yaml", trial->dir.path);
    for (int turn = 0; turn < 5000; turn++) {
        snprintf(text, sizeof text, "%s", trial_whole());
        for (int k = 0; k < 1 + turn % 4; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            size_t size = strlen(text), at = (size_t)(state >> 33) % size, cut = (size_t)(state >> 20) % 6;
            const char *piece = pieces[(state >> 40) % (sizeof pieces / sizeof pieces[0])];
            cut = cut > size - at ? size - at : cut;
            memmove(text + at + strlen(piece), text + at + cut, size - at - cut + 1);
            memcpy(text + at, piece, strlen(piece));
        }
        FILE *out = fopen(file, "w");
        fwrite(text, 1, strlen(text), out);
        fclose(out);
        struct config_report report;
        struct config *config =
            config_load(&(struct config_load){.files = files, .n_files = 1, .environment = environment}, &report);
        cr_assert_eq(config == NULL, report.errors > 0, "turn %d", turn);
        refused += config == NULL;
        config_free(config);
        config_report_free(&report);
    }
    cr_assert(refused > 1000);
    trial_end(trial);
}

Test(suggest, distance_counts_edits_and_swaps)
{
    cr_expect_eq(suggest_distance("kafka", "kafka"), 0);
    cr_expect_eq(suggest_distance("kakfa", "kafka"), 1);
    cr_expect_eq(suggest_distance("kafk", "kafka"), 1);
    cr_expect_eq(suggest_distance("redis", "kafka"), 5);
    struct suggest suggest;
    suggest_begin(&suggest, "zzz");
    suggest_offer(&suggest, "kafka");
    cr_expect(suggest.best == NULL, "far words are not offered");
}
