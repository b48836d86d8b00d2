/* test_config_values.c: what a configuration that is accepted comes to: values, defaults, layers, substitution. */
#include "tests/base/trial.h"

#include "bridge/forms.h"
#include "bridge/options.h"
#include "codecs/event.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(config, the_whole_example_loads_with_its_values)
{
    struct trial *trial = trial_of(trial_whole());
    const struct config *config = trial->config;
    cr_assert(config != NULL, "%s", trial->text);
    cr_assert_eq(trial->report.n, 0, "%s", trial->text);
    cr_assert_str_eq(config->kafka.brokers, "127.0.0.1:9092");
    cr_assert_str_eq(config->kafka.properties[0].name, "session.timeout.ms");
    cr_assert_str_eq(config->kafka.properties[0].value, "45000");
    cr_assert_eq(config->kafka.properties[0].line, 5);
    cr_assert_str_eq(config->sources[0].topics[0], "sec.alerts");
    const struct config_target *soar = &config->targets[0], *portal = &config->targets[1];
    cr_assert_eq(soar->settings.kind, TARGET_SOAR);
    cr_assert_str_eq(soar->endpoint, "https://sophonsoar.ap-southeast-1.aliyuncs.com");
    cr_assert_str_eq(soar->settings.host, "sophonsoar.ap-southeast-1.aliyuncs.com");
    cr_assert_str_eq(soar->settings.path, "/");
    cr_assert_eq(soar->settings.channels, CHANNEL_SMS | CHANNEL_EMAIL);
    cr_assert_str_eq(soar->settings.lang, "zh");
    cr_assert_eq(soar->rate_per_hour, 36000);
    cr_assert_eq(soar->batch_messages, 1);
    cr_assert_eq(portal->settings.kind, TARGET_NOTICE);
    cr_assert_eq(portal->batch_bytes, 1 << 20);
    cr_assert_eq(portal->batch_linger_ms, 50);
    cr_assert_eq(portal->concurrency, 4);
    cr_assert_str_eq(portal->settings.app_name.texts[0].text, "SOC");
    cr_assert_eq(portal->settings.default_audience, AUDIENCE_ALL);
    cr_assert_eq(config->n_routes, 3);
    cr_assert_eq(config->routes[0].target, -2);
    cr_assert(config->routes[0].stop);
    cr_assert_eq(config->routes[0].severity_below, 2);
    cr_assert_eq(config->routes[1].kinds, 7);
    cr_assert_eq(config->routes[2].kinds, 1u << EVENT_NOTICE);
    cr_assert_eq(config->routes[2].target, 1);
    cr_assert_eq(config->routes[2].window_ms, 600000);
    cr_assert_eq(config->limits.window_bytes, 64u << 20);
    trial_end(trial);
}

Test(config, policies_have_the_defaults_of_their_kind)
{
    struct trial *trial = trial_of(trial_whole());
    const struct config_target *soar = &trial->config->targets[0], *portal = &trial->config->targets[1];
    cr_assert_eq(soar->max_ambiguous, 5);
    cr_assert_eq(portal->max_ambiguous, UINT32_MAX);
    cr_assert_eq(soar->on_redis_down, 0);
    cr_assert_eq(portal->on_redis_down, 1);
    cr_assert_eq(portal->rate_per_hour, 0);
    cr_assert_eq(soar->claim_lease_ms, 30000);
    cr_assert_eq(soar->retry_max_elapsed_ms, 900000);
    cr_assert_eq(soar->dedup_ttl_ms, 86400000);
    cr_assert_eq(trial->config->redis.journal_max_age_ms, 7 * 86400000);
    cr_assert_float_eq(trial->config->dead_letter.guard_share, 0.5, 1e-9);
    cr_assert_float_eq(trial->config->scaling.assumed_rate_per_s, 50, 1e-9);
    cr_assert(trial->config->readiness.kafka && trial->config->readiness.redis && trial->config->readiness.progress);
    cr_assert(!trial->config->readiness.backend);
    cr_assert(trial->config->metrics_per_partition);
    trial_end(trial);
}

Test(config, later_layers_lie_over_earlier_ones)
{
    static const char *const environment[] = {"ALERTBRIDGE_LOG_LEVEL=error",
                                              "ALERTBRIDGE_KAFKA_GROUP=from-env",
                                              "ALERTBRIDGE_READINESS_CHECKS=[backend]",
                                              "ALERTBRIDGE_SERVICE_HOST=10.0.0.1",
                                              "HOME=/",
                                              NULL};
    static const char *const sets[] = { "log.level=debug", "targets[0].rate_limit=5/m", "kafka.properties.fetch.min.bytes=7",
                                        "routes[1].when.kinds=[alert.generated]", NULL };
    struct trial *trial =
        trial_run(&(struct trial_input){.yaml = trial_whole(),
                                        .second = "log: {format: json, level: warning}\nkafka: {group: second}\n",
                                        .environment = environment,
                                        .sets = sets});
    const struct config *config = trial->config;
    cr_assert(config != NULL, "%s", trial->text);
    cr_assert_eq(config->log.level, 3);
    cr_assert_eq(config->log.format, 2, "the second file's");
    cr_assert_str_eq(config->kafka.group, "from-env");
    cr_assert_str_eq(config->kafka.brokers, "127.0.0.1:9092", "maps merge");
    cr_assert_eq(config->targets[0].rate_per_hour, 300);
    cr_assert_eq(config->kafka.n_properties, 2);
    cr_assert_str_eq(config->kafka.properties[1].name, "fetch.min.bytes");
    cr_assert_eq(config->routes[1].kinds, 2);
    cr_assert(config->readiness.backend && !config->readiness.kafka);
    cr_assert_eq(trial->report.n, 0, "%s", trial->text);
    trial_end(trial);
}

Test(config, lists_replace_and_do_not_merge)
{
    struct trial *trial =
        trial_run(&(struct trial_input){.yaml = trial_whole(), .second = "sources: [{name: other, topics: [a, b]}]\n"});
    cr_assert(trial->config != NULL, "%s", trial->text);
    cr_assert_eq(trial->config->n_sources, 1);
    cr_assert_str_eq(trial->config->sources[0].name, "other");
    cr_assert_eq(trial->config->sources[0].n_topics, 2);
    trial_end(trial);
}

Test(config, substitution_comes_after_parsing_and_once)
{
    static const char *const environment[] = { "GROUP=a: b # c ${HOME}", "N=3", "EMPTY=", NULL };
    struct trial *trial = trial_run(&(struct trial_input){
        .yaml = trial_changed("group: alertbridge\n  instance_id: \"\"",
                              "group: ${GROUP}\n  instance_id: \"x$$y-${EMPTY:-d}-${NONE:-e}-${file:@/secret}\""),
        .second = "log: {level: '${LEVEL:-debug}'}\nshutdown: {drain: \"${N}0s\"}\nlimits: {window_records: \"${N}00\"}\n",
        .environment = environment });
    cr_assert(trial->config != NULL, "%s", trial->text);
    cr_assert_str_eq(trial->config->kafka.group, "a: b # c ${HOME}");
    cr_assert_str_eq(trial->config->kafka.instance_id, "x$y-d-e-s3cret-value");
    cr_assert_eq(trial->config->log.level, 3);
    cr_assert_eq(trial->config->drain_ms, 30000);
    cr_assert_eq(trial->config->limits.window_records, 300);
    trial_end(trial);
}

Test(config, regions_stand_for_endpoints_and_ports_are_kept_where_they_matter)
{
    static const struct { const char *line, *endpoint, *host; } rows[] = {
        { "region: cn", "https://sophonsoar.aliyuncs.com", "sophonsoar.aliyuncs.com" },
        { "region: ap-southeast-1", "https://sophonsoar.ap-southeast-1.aliyuncs.com", "sophonsoar.ap-southeast-1.aliyuncs.com" },
        { "endpoint: HTTPS://Example.COM:443/", "https://example.com", "example.com" },
        { "endpoint: https://example.com:8443", "https://example.com:8443", "example.com:8443" },
        { "endpoint: http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080" },
        { "endpoint: \"http://[::1]:8080\"", "http://[::1]:8080", "[::1]:8080" },
        { "endpoint: http://inside\n    allow_plain_http: true", "http://inside", "inside" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trial *trial = trial_of(trial_changed("endpoint: https://sophonsoar.ap-southeast-1.aliyuncs.com", rows[i].line));
        cr_assert(trial->config != NULL, "row %zu: %s", i, trial->text);
        cr_expect_str_eq(trial->config->targets[0].endpoint, rows[i].endpoint, "row %zu", i);
        cr_expect_str_eq(trial->config->targets[0].settings.host, rows[i].host, "row %zu", i);
        trial_end(trial);
    }
}

Test(config, texts_come_in_several_languages)
{
    struct trial *trial =
        trial_of(trial_changed("    default_targets: all\n",
                               "    default_targets: [u1, u2]\n    templates:\n      alert.generated: {title: 'A {alertName}', "
                               "body: {default: D, zh_CN: Z}}\n      incident.updated: {title: U}\n"));
    cr_assert(trial->config != NULL, "%s", trial->text);
    const struct backend_settings *settings = &trial->config->targets[1].settings;
    cr_assert_eq(settings->default_audience, AUDIENCE_LIST);
    cr_assert_eq(settings->n_default_users, 2);
    cr_assert_str_eq(settings->default_users[1], "u2");
    cr_assert_str_eq(settings->titles[EVENT_ALERT_GENERATED].texts[0].text, "A {alertName}");
    cr_assert_eq(settings->bodies[EVENT_ALERT_GENERATED].n, 2);
    cr_assert_str_eq(settings->bodies[EVENT_ALERT_GENERATED].texts[1].locale, "zh_CN");
    cr_assert_str_eq(settings->titles[EVENT_INCIDENT_UPDATED].texts[0].text, "U");
    cr_assert_eq(settings->titles[EVENT_NOTICE].n, 0);
    trial_end(trial);
}

Test(config, the_printed_example_is_accepted)
{
    static char memory[65536];
    struct buf out;
    buf_init(&out, memory, sizeof memory);
    config_example(&out);
    struct trial *trial = trial_of(buf_cstr(&out));
    cr_assert(trial->config != NULL, "%s", trial->text);
    cr_assert_eq(trial->report.n, 0, "%s", trial->text);
    trial_end(trial);
}

Test(forms, numbers_with_units)
{
    uint64_t n;
    int64_t ms;
    double share;
    cr_expect(form_duration("1500ms", &ms) && ms == 1500);
    cr_expect(form_duration("7d", &ms) && ms == 604800000);
    cr_expect(!form_duration("10", &ms) && !form_duration("10 s", &ms) && !form_duration("-1s", &ms) &&
              !form_duration("1.5s", &ms));
    cr_expect(!form_duration("9223372036854775807d", &ms) && !form_duration("99999999999999999999ms", &ms));
    cr_expect(form_size("64KiB", &n) && n == 65536);
    cr_expect(!form_size("64KB", &n) && !form_size("64", &n));
    cr_expect(form_rate("10/m", &n) && n == 600);
    cr_expect(!form_rate("0/s", &n) && !form_rate("10", &n));
    cr_expect(form_share("0.25", &share) && share == 0.25);
    cr_expect(form_share("10%", &share) && share == 0.1);
    cr_expect(!form_share("1.5", &share) && !form_share("", &share) && !form_share("nan", &share));
    cr_expect(form_name("a-1_b") && !form_name("") && !form_name("-a") && !form_name("A") && !form_name("a b"));
}

Test(config, a_value_in_a_later_file_replaces_a_map_and_is_then_judged)
{
    struct trial *trial = trial_run(&(struct trial_input){ .yaml = trial_whole(), .second = "kafka: 5\n" });
    cr_assert(trial->config == NULL);
    cr_assert(strstr(trial_problem(trial, "kafka")->text, "expects a map, not a single value"), "%s", trial->text);
    cr_assert(strstr(trial_problem(trial, "kafka")->file, "/second.yaml"));
    trial_end(trial);
}

Test(config, each_field_that_a_window_may_be_keyed_by_is_known_to_the_event)
{
    const struct event event = { .kind = EVENT_NOTICE };
    const char *at = option_find("routes[].dedup.key")->detail;
    uint32_t n = 0;
    for (; *at; at += strcspn(at, "|"), at += *at == '|', n++) {
        char name[32] = { 0 };
        strncat(name, at, strcspn(at, "|"));
        event_field(&event, name);          /* a name that it does not know aborts */
    }
    cr_assert_eq(n, 11);
}
