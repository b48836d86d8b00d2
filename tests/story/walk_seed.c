/* walk_seed.c: what a seed decides before the first step: the configuration and how often things fail. */
#include "tests/story/walk.h"

#define ONE_OF(walk, ...) one_of((walk), (const int64_t[]){ __VA_ARGS__ }, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))

static int64_t
one_of(struct walk *walk, const int64_t *values, size_t n)
{
    return values[walk_draw(walk, (uint32_t)n)];
}

static void
draw_policy(struct walk *walk, struct target_policy *policy, const char *name, enum target_kind kind)
{
    *policy = (struct target_policy){ .name = name, .backend = backend_of(kind) };
    policy->settings = &walk->settings[kind == TARGET_NOTICE ? 0 : 1];
    policy->batch_messages = kind == TARGET_NOTICE ? (uint32_t)ONE_OF(walk, 1, 2, 5, 20, 100) : 1;
    policy->batch_bytes = (uint32_t)ONE_OF(walk, 400, 4000, 1 << 20);
    policy->linger_ms = ONE_OF(walk, 0, 5, 50, 400);
    policy->concurrency = (uint32_t)ONE_OF(walk, 1, 1, 2, 4, 8);
    policy->rate_per_hour = (uint64_t)ONE_OF(walk, 0, 0, 7200, 36000, 3600000);
    policy->order = (enum order)walk_draw(walk, 2);
    policy->max_attempts = (uint32_t)ONE_OF(walk, 1, 2, 5, 20);
    policy->max_elapsed_ms = ONE_OF(walk, 1000, 20000, 900000);
    policy->retry_base_ms = ONE_OF(walk, 1, 20, 200);
    policy->retry_max_ms = ONE_OF(walk, 200, 5000, 30000);
    policy->retry_after_max_ms = ONE_OF(walk, 100, 3000, 300000);
    policy->connect_timeout_ms = 100;
    policy->call_timeout_ms = ONE_OF(walk, 200, 1000, 3000);
    policy->claim_lease_ms = 5 * policy->call_timeout_ms / 2 + ONE_OF(walk, 0, 500, 20000);
    policy->dedup_ttl_ms = 1000000000;
    policy->max_age_ms = ONE_OF(walk, 0, 0, 0, 5000, 60000);
    policy->on_ambiguous = (enum on_ambiguous)walk_draw(walk, 2);
    policy->max_ambiguous = (uint32_t)ONE_OF(walk, 0, 1, 5, UINT32_MAX);
    policy->on_conflict = (enum on_conflict)walk_draw(walk, 2);
    policy->breaker_failures = (uint32_t)ONE_OF(walk, 1, 3, 10);
    policy->breaker_every_ms = ONE_OF(walk, 100, 2000, 30000);
}

static void
draw_odds(struct walk *walk)
{
    walk->odds = (struct odds){
        .silent = (uint32_t)ONE_OF(walk, 0, 10, 100, 400), .busy_store = (uint32_t)ONE_OF(walk, 0, 10, 200),
        .call_fails = (uint32_t)ONE_OF(walk, 0, 50, 300, 700), .park_fails = (uint32_t)ONE_OF(walk, 0, 50, 500),
        .commit_fails = (uint32_t)ONE_OF(walk, 0, 50, 300), .credential_fails = (uint32_t)ONE_OF(walk, 0, 100, 600),
        .other = (uint32_t)ONE_OF(walk, 0, 0, 5, 50),
    };
}

static void
draw_routes(struct walk *walk)
{
    struct engine_config *config = &walk->config;
    config->routes[0] = (struct route){ .name = "portal", .kinds = 1u << EVENT_NOTICE, .target = 0 };
    config->routes[1] = (struct route){ .name = "soar", .kinds = 1u << EVENT_INCIDENT_GENERATED | 1u << EVENT_ALERT_GENERATED,
                                        .target = 1 };
    config->routes[2] = (struct route){ .name = "both", .kinds = 1u << EVENT_INCIDENT_GENERATED, .target = 0 };
    config->routes[3] = (struct route){ .name = "drop", .kinds = 1u << EVENT_INCIDENT_UPDATED, .target = TARGET_DROP };
    config->n_routes = 3 + walk_draw(walk, 2);
    for (uint32_t i = 0; i < 3; i++)
        config->routes[i].window_ms = walk_draw(walk, 2) ? ONE_OF(walk, 50, 2000, 30000, 3600000) : 0;
}

void
seed_config(struct walk *walk)
{
    struct engine_config *config = &walk->config;
    walk->settings[0] = (struct backend_settings){ .kind = TARGET_NOTICE, .host = "h", .path = "/p", .org_id = "o1",
                                                   .app_id = "a", .message_id_prefix = "ab-", .default_audience = AUDIENCE_ALL };
    walk->settings[1] = (struct backend_settings){ .kind = TARGET_SOAR, .host = "h", .path = "/", .playbook_uuid = "p",
                                                   .node_name = "n", .component_name = "c", .action_name = "a", .role_for = "",
                                                   .lang = "" };
    config->n_targets = WALK_TARGETS;
    draw_policy(walk, &config->targets[0], "portal", TARGET_NOTICE);
    draw_policy(walk, &config->targets[1], "soar", TARGET_SOAR);
    config->n_sources = 1;
    config->sources[0] = (struct source_policy){ "walk", { FORMAT_AUTO, false, false, RECORD_BYTES_DEFAULT } };
    draw_routes(walk);
    config->window_records = (uint32_t)ONE_OF(walk, 1, 64, 300, 1000);
    config->window_bytes = (uint64_t)ONE_OF(walk, 300, 3000, 20000, 1 << 20);
    config->deliveries = (uint32_t)ONE_OF(walk, 0, 1, 5000);
    config->drain_ms = ONE_OF(walk, 0, 1000, 10000);
    config->revoke_drain_ms = ONE_OF(walk, 0, 100, 5000);
    config->commit_every_ms = ONE_OF(walk, 1, 100, 1000);
    config->commit_every_records = (uint32_t)ONE_OF(walk, 1, 10, 1000);
    config->owner = 1000;
    config->seed = walk->seed;
    config->guard = (struct guard_policy){ .share_permille = (uint32_t)ONE_OF(walk, 100, 500, 1000),
                                           .min_records = (uint32_t)ONE_OF(walk, 0, 1, 5, 50),
                                           .window_ms = ONE_OF(walk, 5, 1000, 60000) };
    draw_odds(walk);
    walk->odds.throttles = (uint32_t)ONE_OF(walk, 0, 0, 100, 500);
}
