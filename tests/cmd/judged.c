/* judged.c: the configuration, field by field. */
#include "tests/cmd/judged.h"

#include <stdio.h>

enum { DAY_MS = 86400000 };

struct config *
judged_config(void)
{
    static struct config config;
    config = (struct config){
        .kafka = { .brokers = "b:9092", .group = "g", .instance_id = "" },
        .redis = { .url = "redis://r:6379/0", .prefix = "ab" },
        .sources[0] = { .name = "alerts", .topics = { "alerts" }, .n_topics = 1 },
        .n_sources = 1,
        .targets[0] = { .name = "soar-prod", .endpoint = "https://soar.example", .dedup_ttl_ms = DAY_MS,
                        .settings = { .kind = TARGET_SOAR, .playbook_uuid = "uuid-1" } },
        .targets[1] = { .name = "portal", .endpoint = "https://apigw.example", .dedup_ttl_ms = DAY_MS,
                        .settings = { .kind = TARGET_NOTICE } },
        .n_targets = 2,
        .routes[0] = { .name = "soar", .kinds = 1u << EVENT_INCIDENT_GENERATED, .target = 0 },
        .routes[1] = { .name = "portal", .kinds = 1u << EVENT_NOTICE, .target = 1 },
        .n_routes = 2,
        .dead_letter = { .topic = "dead" },
        .limits = { .window_records = 10000, .window_bytes = 64 << 20 },
    };
    return &config;
}

const struct finding *
judged_one(const struct findings *findings, const char *check)
{
    const struct finding *one = NULL, *bad = NULL;
    unsigned n = 0, n_bad = 0;
    for (uint32_t i = 0; i < findings->n; i++) {
        if (strcmp(findings->at[i].check, check) != 0)
            continue;
        one = &findings->at[i];
        n++;
        if (one->status != FINDING_PASS) {
            bad = one;
            n_bad++;
        }
    }
    return n_bad == 1 ? bad : n == 1 ? one : NULL;
}

const char *
judged_text(const struct findings *findings, const char *check)
{
    static char text[16];
    const struct finding *finding = judged_one(findings, check);
    if (!finding)
        return "none";
    if (finding->status == FINDING_FAIL)
        snprintf(text, sizeof text, "fail %d", (int)finding->code);
    else
        snprintf(text, sizeof text, "%s", finding->status == FINDING_WARN ? "warn" : "pass");
    return text;
}
