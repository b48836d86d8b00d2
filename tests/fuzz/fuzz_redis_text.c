/* fuzz_redis_text.c: the texts that stand in Redis or come from it, and redis.url: values of claims, the canary, INFO, errors. */
#include "bridge/io/redis_canary.h"
#include "bridge/io/redis_info.h"
#include "bridge/io/redis_resp.h"
#include "bridge/io/redis_script.h"
#include "bridge/redis_url.h"
#include "codecs/claim_value.h"
#include "tests/fuzz/shared.h"

#include <stdlib.h>

/* A value that is read is written as it stood: there is one form for each. */
static void
claim_value(struct slice text)
{
    char memory[CLAIM_VALUE_BYTES_MAX];
    struct claim_value value, again;
    struct buf buf;
    if (!claim_value_read(text, &value))
        return;
    buf_init(&buf, memory, sizeof(memory));
    claim_value_write(&buf, &value);
    check(!buf.overflow);
    check(claim_value_read(buf_view(&buf), &again) && memcmp(&value, &again, sizeof(value)) == 0);
}

static void
canary(struct slice text)
{
    struct canary seen = { 0 };
    enum canary_sight first = canary_see(&seen, text);
    check(first == (seen.known ? CANARY_ALIVE : CANARY_FRESH));
    enum canary_sight second = canary_see(&seen, text);
    check(second == first && canary_text(second)[0]);
}

static void
server(struct slice text)
{
    struct redis_server info = { 0 };
    redis_info_read(text, &info);
    check(memchr(info.version, 0, sizeof(info.version)) && memchr(info.role, 0, sizeof(info.role)));
    check(memchr(info.policy, 0, sizeof(info.policy)) && memchr(info.run_id, 0, sizeof(info.run_id)));
    check(redis_info_keeping(&info)[0]);
}

static void
url(const char *text)
{
    struct redis_url where;
    struct redis_url_fault fault = { 0 };
    if (!redis_url_parse(text, &where, &fault)) {
        check(fault.what && fault.what[0] && fault.remedy);
        return;
    }
    check(where.n_places <= REDIS_PLACES_MAX && (where.way == REDIS_BY_PATH || where.n_places > 0));
    for (uint32_t i = 0; i < where.n_places; i++)
        check(where.places[i].host[0] && memchr(where.places[i].host, 0, REDIS_HOST_BYTES) && where.places[i].port > 0);
    check(where.way != REDIS_BY_SENTINEL || where.master[0]);
    check(where.way != REDIS_BY_PATH || where.path[0] == '/');
}

int
FUZZ(redis_text)(const uint8_t *data, size_t size)
{
    struct slice text = { size ? (const char *)data : "", size };
    const char *remedy = NULL;
    struct redis_scripts scripts = { 0 };
    char *copy = bytes_text(text);
    claim_value(text);
    canary(text);
    server(text);
    url(copy);
    redis_error_cure(text, &remedy);
    check(remedy);
    if (redis_script_loaded(&scripts, SCRIPT_SWAP, text))
        check(strlen(scripts.sha[SCRIPT_SWAP]) == SCRIPT_SHA_DIGITS);
    free(copy);
    return 0;
}
