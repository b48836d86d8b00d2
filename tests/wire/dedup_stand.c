/* dedup_stand.c: books every answer and every text, and whether a handler was ever called from inside an order. */
#include "tests/wire/dedup_stand.h"

#include "bridge/io/clock.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct dedup_config stand_config = { .prefix = "abt", .n_targets = 2, .orders = STAND_ORDERS, .hash_key = { 1, 2 },
                                     .journal_max_len = 1000000, .journal_max_age_ms = 86400000 };

static struct stand_answer *
book(struct stand *stand, struct tag tag)
{
    struct stand_answer *answer = &stand->answers[tag.slot];
    stand->answered += answer->times == 0;
    stand->repeated += answer->times > 0;
    stand->reentered += stand->inside;
    answer->times++;
    return answer;
}

static void
on_claimed(void *owner, struct tag tag, const struct claim_answer *claim)
{
    struct stand_answer *answer = book(owner, tag);
    answer->of_claim = true;
    answer->claim = *claim;
    if (claim->leader.size)
        memcpy(answer->leader, claim->leader.at, claim->leader.size);
    answer->claim.leader = (struct slice){ 0 };
}

static void
on_settled(void *owner, struct tag tag, enum settle_answer settle)
{
    book(owner, tag)->settle = settle;
}

static void
on_state(void *owner, enum dedup_state state, const char *text)
{
    struct stand *stand = owner;
    bool up = state != DEDUP_AWAY && state != DEDUP_REFUSES && state != DEDUP_DEGRADED;
    stand->state = state;
    stand->changes += stand->up != up;
    stand->up = up;
    stand->reentered += stand->inside;
    snprintf(stand->texts[stand->n_texts++ % STAND_TEXTS], sizeof(stand->texts[0]), "%s", text);
}

static void
on_amnesia(void *owner, const char *text)
{
    struct stand *stand = owner;
    stand->amnesia++;
    snprintf(stand->texts[stand->n_texts++ % STAND_TEXTS], sizeof(stand->texts[0]), "%s", text);
}

static void
on_unjournaled(void *owner, const char *why)
{
    struct stand *stand = owner;
    stand->unjournaled++;
    snprintf(stand->texts[stand->n_texts++ % STAND_TEXTS], sizeof(stand->texts[0]), "%s", why);
}

const char *stand_sentinel_password = "";

/* A file without a name, in no folder. */
static void
secret_file(int *fd, char path[STAND_PATH_BYTES], const char *secret)
{
    if (secret[0] && *fd <= 0) {
        *fd = memfd_create("password", MFD_CLOEXEC);
        snprintf(path, STAND_PATH_BYTES, "/proc/self/fd/%d", *fd);
    }
    if (*fd <= 0)
        return;
    cr_assert_eq(ftruncate(*fd, 0), 0);
    cr_assert_eq(pwrite(*fd, secret, strlen(secret), 0), (ssize_t)strlen(secret));
}

void
stand_password(struct stand *stand, const char *password)
{
    secret_file(&stand->password_fd, stand->password_file, password);
}

void
stand_redis(struct stand *stand, const char *url, const char *password, uint64_t owner, ms_t timeout_ms)
{
    static const char *const targets[] = { "portal", "soar-prod" }, *const routes[] = { "notices", "incidents" };
    char error[256] = "";
    *stand = (struct stand){ .base = event_base_new(), .answers = calloc(STAND_ORDERS, sizeof(*stand->answers)) };
    stand_password(stand, password);
    secret_file(&stand->sentinel_fd, stand->sentinel_file, stand_sentinel_password);
    struct dedup_config config = stand_config;
    config.url = url;
    config.password_file = stand->password_file;
    config.sentinel_password_file = stand->sentinel_file;
    config.timeout_ms = timeout_ms;
    config.owner = owner;
    config.targets = targets;
    config.routes = routes;
    config.n_routes = 2;
    struct dedup_handler handler = { stand, on_claimed, on_settled, on_state, on_amnesia, on_unjournaled };
    stand->dedup = dedup_new(&config, stand->base, &handler, error, sizeof(error));
    cr_assert_not_null(stand->dedup, "%s", error);
    cr_assert_eq(stand->n_texts, 0, "nothing is said before the loop runs");
}

void
stand_memory(struct stand *stand)
{
    stand_redis(stand, "memory:", "", STAND_OWN, 1000);
}

void
stand_on(struct stand *stand, const struct redis_server_of_test *server)
{
    char url[64];
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u/0", server->port);
    stand_redis(stand, url, server->password, STAND_OWN, STAND_TIMEOUT_MS);
    cr_assert(stand_until(stand, true), "%s", stand->texts[0]);
}

void
stand_release(struct stand *stand)
{
    cr_expect_eq(stand->repeated, 0, "answered more than once");
    cr_expect_eq(stand->reentered, 0, "a handler ran inside an order");
    dedup_free(stand->dedup);
    if (stand->password_fd > 0)
        close(stand->password_fd);
    if (stand->sentinel_fd > 0)
        close(stand->sentinel_fd);
    event_base_free(stand->base);
    free(stand->answers);
}

struct claim_order
stand_order(const char *id, uint64_t dispatch, uint64_t fp)
{
    return (struct claim_order){ .id = slice_of(id), .fp = fp, .dispatch = dispatch, .attempt = 1, .lease_ms = 30000,
                                 .ttl_ms = 3600000 };
}

static uint32_t
ask(struct stand *stand, struct claim_order *order, void (*how)(struct dedup *, const struct claim_order *))
{
    cr_assert(stand->asked < STAND_ORDERS);
    order->tag = (struct tag){ .slot = stand->asked, .serial = 1 };
    stand->inside = true;
    how(stand->dedup, order);
    stand->inside = false;
    return stand->asked++;
}

uint32_t
stand_claim(struct stand *stand, struct claim_order order)
{
    return ask(stand, &order, dedup_claim);
}

uint32_t
stand_end(struct stand *stand, struct claim_order order, enum claim_state end)
{
    order.end = end;
    return ask(stand, &order, dedup_settle);
}

uint32_t
stand_renew(struct stand *stand, struct claim_order order)
{
    return ask(stand, &order, dedup_renew);
}

void
stand_flush(struct stand *stand)
{
    stand->inside = true;
    dedup_flush(stand->dedup);
    stand->inside = false;
}

static void
on_tick(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what, (void)data;
}

/* One turn of the loop, of 5 ms at most. */
static void
turn(struct stand *stand)
{
    struct timeval tick = { .tv_usec = 5000 };
    event_base_once(stand->base, -1, EV_TIMEOUT, on_tick, NULL, &tick);
    event_base_loop(stand->base, EVLOOP_ONCE);
}

bool
stand_answers(struct stand *stand)
{
    for (ms_t end_ms = clock_now_ms() + STAND_PATIENCE_MS; stand->answered < stand->asked && clock_now_ms() < end_ms;)
        turn(stand);
    return stand->answered == stand->asked;
}

bool
stand_until(struct stand *stand, bool up)
{
    for (ms_t end_ms = clock_now_ms() + STAND_PATIENCE_MS; (stand->up != up || stand->n_texts == 0) && clock_now_ms() < end_ms;)
        turn(stand);
    return stand->up == up && stand->n_texts > 0;
}

bool
stand_forgets(struct stand *stand, uint32_t times)
{
    for (ms_t end_ms = clock_now_ms() + STAND_PATIENCE_MS; stand->amnesia < times && clock_now_ms() < end_ms;)
        turn(stand);
    return stand->amnesia == times;
}

void
stand_turn(struct stand *stand, ms_t ms)
{
    for (ms_t end_ms = clock_now_ms() + ms; clock_now_ms() < end_ms;)
        turn(stand);
}

struct claim_answer
stand_claimed(struct stand *stand, struct claim_order order)
{
    uint32_t at = stand_claim(stand, order);
    stand_flush(stand);
    cr_assert(stand_answers(stand), "no answer to claim %u", at);
    cr_assert(stand->answers[at].of_claim);
    return stand->answers[at].claim;
}

enum settle_answer
stand_ended(struct stand *stand, struct claim_order order, enum claim_state end)
{
    uint32_t at = end == CLAIM_STATE_CLAIMED && order.lease_ms ? stand_renew(stand, order) : stand_end(stand, order, end);
    stand_flush(stand);
    cr_assert(stand_answers(stand), "no answer to end %u", at);
    return stand->answers[at].settle;
}

const char *
stand_leader(const struct stand *stand)
{
    return stand->answers[stand->asked - 1].leader;
}

bool
stand_heard(const struct stand *stand, const char *part)
{
    for (uint32_t i = 0; i < stand->n_texts && i < STAND_TEXTS; i++)
        if (strstr(stand->texts[i], part))
            return true;
    return false;
}

struct dedup_stats
stand_stats(const struct stand *stand)
{
    struct dedup_stats stats;
    dedup_stats(stand->dedup, &stats);
    return stats;
}
