/* config.c: the engine's configuration that a swarm draws, and the same as facts for the checker. */
#include "tests/sim/world.h"

enum { DEDUP_TTL_MS = 24 * 3600 * 1000, LEASE_LEAST_MS = 3000 };       /* no configuration may have less */
enum { GUARD_RECORDS = 8, GUARD_MS = 20000 };

static void
common(const struct world *world, struct target_policy *policy, const char *name, enum target_kind kind)
{
    ms_t timeout = world_of(world, SWARM_call_timeout_ms);
    *policy = (struct target_policy){ .name = name, .backend = backend_of(kind) };
    policy->order = (enum order)world_of(world, SWARM_order);
    policy->max_attempts = (uint32_t)world_of(world, SWARM_attempts);
    policy->max_elapsed_ms = world_of(world, SWARM_elapsed_ms);
    policy->retry_base_ms = world_of(world, SWARM_base_ms);
    policy->retry_max_ms = world_of(world, SWARM_back_off_ms);
    policy->retry_after_max_ms = world_of(world, SWARM_after_max_ms);
    policy->connect_timeout_ms = timeout / 3;
    policy->call_timeout_ms = timeout;
    policy->claim_lease_ms = 5 * timeout / 2 + 1 > LEASE_LEAST_MS ? 5 * timeout / 2 + 1 : LEASE_LEAST_MS;
    policy->claim_lease_ms += world_of(world, SWARM_lease_more_ms);
    policy->dedup_ttl_ms = DEDUP_TTL_MS;
    policy->max_age_ms = world_of(world, SWARM_max_age_ms);
    policy->on_conflict = (enum on_conflict)world_of(world, SWARM_conflict_ignored);
    policy->on_amnesia = (enum on_amnesia)world_of(world, SWARM_amnesia_hold);
    policy->breaker_failures = (uint32_t)world_of(world, SWARM_breaker_failures);
    policy->breaker_every_ms = world_of(world, SWARM_breaker_every_ms);
}

static void
portal(struct world *world, struct target_policy *policy)
{
    common(world, policy, "portal", TARGET_NOTICE);
    policy->settings = &world->settings[TARGET_PORTAL];
    policy->batch_messages = (uint32_t)world_of(world, SWARM_n_batch);
    policy->batch_bytes = 1 << 20;
    policy->linger_ms = world_of(world, SWARM_n_linger_ms);
    policy->concurrency = (uint32_t)world_of(world, SWARM_n_concurrency);
    policy->on_ambiguous = (enum on_ambiguous)world_of(world, SWARM_n_ambiguous);
    policy->max_ambiguous = UINT32_MAX;
    policy->on_redis_down = (enum on_redis_down)world_of(world, SWARM_n_degrade);
    world->settings[TARGET_PORTAL] = (struct backend_settings){
        .kind = TARGET_NOTICE, .host = "portal", .path = "/app-portal-service/v2.2/notice-message/produce", .org_id = "o1",
        .app_id = "app", .message_id_prefix = "ab-", .default_audience = AUDIENCE_ALL,
    };
}

static void
soar(struct world *world, struct target_policy *policy)
{
    common(world, policy, "soar", TARGET_SOAR);
    policy->settings = &world->settings[TARGET_SOAR_PROD];
    policy->batch_messages = 1;
    policy->batch_bytes = 1 << 20;
    policy->concurrency = (uint32_t)world_of(world, SWARM_s_concurrency);
    policy->rate_per_hour = (uint64_t)world_of(world, SWARM_s_rate_per_hour);
    policy->on_ambiguous = (enum on_ambiguous)world_of(world, SWARM_s_ambiguous);
    policy->max_ambiguous = (uint32_t)world_of(world, SWARM_s_max_ambiguous);
    world->settings[TARGET_SOAR_PROD] = (struct backend_settings){
        .kind = TARGET_SOAR, .host = "soar", .path = "/", .playbook_uuid = "p", .node_name = "n", .component_name = "c",
        .action_name = "a", .role_for = "", .lang = "",
    };
}

/* What is muted goes nowhere. Notices go to the portal, alerts to SOAR, incidents to both; updates of incidents meet no route.
 * What the last route drops went elsewhere before. */
static void
routes(struct world *world)
{
    struct engine_config *config = &world->config;
    ms_t window = world_of(world, SWARM_window_ms);
    config->routes[0] = (struct route){ .name = "muted", .labels = { { "muted", "yes" } }, .n_labels = 1, .target = TARGET_DROP,
                                        .stop = true };
    config->routes[1] = (struct route){ .name = "portal", .kinds = 1u << EVENT_NOTICE, .target = TARGET_PORTAL,
                                        .window_ms = window };
    config->routes[2] = (struct route){ .name = "soar", .kinds = 1u << EVENT_INCIDENT_GENERATED | 1u << EVENT_ALERT_GENERATED,
                                        .target = TARGET_SOAR_PROD, .window_ms = window };
    config->routes[3] = (struct route){ .name = "both", .kinds = 1u << EVENT_INCIDENT_GENERATED, .target = TARGET_PORTAL };
    config->routes[4] = (struct route){ .name = "rest", .kinds = 1u << EVENT_INCIDENT_GENERATED | 1u << EVENT_ALERT_GENERATED,
                                        .target = TARGET_DROP };
    config->n_routes = 5;
}

static void
tell(struct world *world, int target, const char *kind)
{
    const struct target_policy *policy = &world->config.targets[target];
    uint32_t flags = 0;
    flags |= policy->on_ambiguous == AMBIGUOUS_HOLD ? TARGET_HOLDS : 0;
    flags |= policy->order == ORDER_KEY ? TARGET_KEEPS_ORDER : 0;
    flags |= policy->on_redis_down == REDIS_DOWN_DEGRADE ? TARGET_DEGRADES : 0;
    flags |= policy->on_amnesia == AMNESIA_HOLD ? TARGET_HOLDS_AMNESIA : 0;
    flags |= policy->on_conflict == CONFLICT_IGNORE ? TARGET_IGNORES_CONFLICT : 0;
    world_fact(world, &(struct fact){ .kind = FACT_TARGET, .target = target, .word = world_text(world, kind), .flags = flags,
                                      .number = policy->claim_lease_ms, .limit = policy->retry_max_ms,
                                      .offset = policy->retry_after_max_ms,
                                      .index = policy->max_ambiguous + 1,
                                      .epoch = (uint32_t)policy->call_timeout_ms, .hash = (uint64_t)policy->max_age_ms });
    world_fact(world, &(struct fact){ .kind = FACT_PATIENCE, .target = target, .number = policy->retry_base_ms,
                                      .limit = policy->breaker_failures });
}

void
world_configure(struct world *world)
{
    struct engine_config *config = &world->config;
    config->n_targets = TARGETS;
    portal(world, &config->targets[TARGET_PORTAL]);
    soar(world, &config->targets[TARGET_SOAR_PROD]);
    config->n_sources = 1;
    config->sources[0] = (struct source_policy){ "log", { FORMAT_AUTO, false, false, RECORD_BYTES_DEFAULT } };
    routes(world);
    config->window_records = (uint32_t)world_of(world, SWARM_window_records);
    config->window_bytes = (uint64_t)world_of(world, SWARM_window_bytes);
    if (world_of(world, SWARM_guard))
        config->guard = (struct guard_policy){ .share_permille = 500, .min_records = GUARD_RECORDS, .window_ms = GUARD_MS };
    config->deliveries = 0;
    config->drain_ms = world_of(world, SWARM_drain_ms);
    config->revoke_drain_ms = world_of(world, SWARM_revoke_ms);
    config->commit_every_ms = world_of(world, SWARM_commit_every_ms);
    config->commit_every_records = 1000;
    tell(world, TARGET_PORTAL, "notice");
    tell(world, TARGET_SOAR_PROD, "soar");
}
