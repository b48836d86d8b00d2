/* test_redis_model.c: the model of Redis in the simulated world (tests/sim/keys.c) answers as a real server does: the same random
 * commands to both, from several seeds, and the same replies. Also on Valkey where it is installed. */
#include "bridge/io/redis_script.h"
#include "tests/sim/store.h"
#include "tests/support/draw.h"
#include "tests/wire/redis_server.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Times are an hour and more, or over at once: nothing depends on how long a run takes. */
enum { OPERATIONS = 5000, SEEDS = 5, HOUR_MS = 3600000, SLACK_MS = 600000, SHORT_MS = 2, SURELY_OVER_US = 10000 };
enum { FEW_KEYS = 6, MANY_KEYS = 3000, KEY_BYTES = 16 };

struct pair {
    struct redis_server_of_test server;
    struct keys *keys;
    struct redis_scripts scripts;       /* no digest is known: each call carries its text */
    struct resp resp;
    uint64_t draws;
    const char *what;                   /* the command under way */
    char key[KEY_BYTES];
    uint32_t seed, number;
};

static struct pair pair;

static int64_t
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what is asked ------------------------------------------------------------------------------------------------------- */

static struct store_holder
draw_holder(void)
{
    static const char *const holders[] = { "00000000000000aa.1", "00000000000000aa.12", "00000000000000bb.1", "aa.1", "" };
    static const uint32_t connections[] = { 0, 2, 3, 4, 9999999 };
    return (struct store_holder){ holders[draw(&pair.draws, sizeof(holders) / sizeof(holders[0]))],
                                  connections[draw(&pair.draws, sizeof(connections) / sizeof(connections[0]))] };
}

/* What stands in keys, and what looks like it. */
static const char *
draw_value(void)
{
    static const char *const values[] = {
        "C:1:00000000000000aa.10000003:0:0:30000:3600000:1f", "C:2:00000000000000aa.10000002:1:5:30000:3600000:1f",
        "C:1:00000000000000aa.19999999:0:0:30000:3600000:1f", "C:1:00000000000000aa.120000003:0=:0:30000:3600000:1f",
        "C:1:00000000000000bb.10000003:0:0:0:3600000:1f", "C:1:00000000000000aa.1:0:0:30000:3600000:1f",
        "C:1:00000000000000aa.0000003:0:0:30000:3600000:1f", "C:1:aa.10000003:",
        "D:1f", "X:1f", "U:2:1f", "R:1:1f",
        "C:", "C:1:", "C::00000000000000aa.1:", "C:x:00000000000000aa.1:0", "C:1:00000000000000aa.1", "C:1:aa.1:", "C:1::",
        "c:1:00000000000000aa.1:", "", "1f:1", "1F:09", "abc:9007199254740991", "f:99999999999999999999", "g:1", ":1", "1:",
        "1:2:3", "1:-1", "event-7",
    };
    return values[draw(&pair.draws, sizeof(values) / sizeof(values[0]))];
}

static int64_t
draw_px(void)
{
    return (1 + draw(&pair.draws, 3)) * (int64_t)HOUR_MS;
}

static void
draw_key(void)
{
    bool few = draw(&pair.draws, 4) > 0;
    snprintf(pair.key, sizeof(pair.key), "k%u", draw(&pair.draws, few ? FEW_KEYS : MANY_KEYS));
}

/* ---- both are asked ------------------------------------------------------------------------------------------------------ */

/* What was written to pair.resp. The reply is freed with the next one. */
static const redisReply *
ask(void)
{
    static redisReply *reply;
    struct redisContext *context = pair.server.control;
    if (reply)
        freeReplyObject(reply);
    reply = NULL;
    cr_assert(!pair.resp.buf.overflow);
    cr_assert_eq(redisAppendFormattedCommand(context, pair.resp.bytes, pair.resp.buf.size), REDIS_OK);
    cr_assert_eq(redisGetReply(context, (void **)&reply), REDIS_OK);
    cr_assert(reply->type != REDIS_REPLY_ERROR, "%s: %s", pair.what, reply->str);
    return reply;
}

static const redisReply *
ask_words(uint32_t n, const char *const *words)
{
    resp_begin(&pair.resp, n);
    for (uint32_t i = 0; i < n; i++)
        resp_text(&pair.resp, words[i]);
    return ask();
}

static const redisReply *
ask_script(enum redis_script script, uint32_t n, const char *const *words)
{
    redis_script_call(&pair.resp, &pair.scripts, script, SCRIPT_BY_TEXT, slice_of(pair.key), n);
    for (uint32_t i = 0; i < n; i++)
        resp_text(&pair.resp, words[i]);
    return ask();
}

static const char *
number_text(int64_t number)
{
    static char texts[4][24];
    static int at;
    at = (at + 1) % 4;
    snprintf(texts[at], sizeof(texts[at]), "%ld", (long)number);
    return texts[at];
}

static void
expect_text(const redisReply *real, const char *model)
{
    cr_expect_eq(real->type, REDIS_REPLY_STRING, "seed %u, %u: %s %s: type %d, the model says \"%s\"", pair.seed, pair.number,
                 pair.what, pair.key, real->type, model);
    if (real->type == REDIS_REPLY_STRING)
        cr_expect_str_eq(real->str, model, "seed %u, %u: %s %s", pair.seed, pair.number, pair.what, pair.key);
}

static void
expect_pttl(const redisReply *real, int64_t model)
{
    bool near = real->integer == model ||
                (real->integer > 0 && model > 0 && real->integer <= model + SLACK_MS && real->integer >= model - SLACK_MS);
    cr_expect(real->type == REDIS_REPLY_INTEGER && near, "seed %u, %u: %s %s: PTTL %lld, the model says %ld", pair.seed,
              pair.number, pair.what, pair.key, real->integer, (long)model);
}

/* Text or nil, or the number 1 where a script wrote. */
static void
expect_reply(const redisReply *real, const struct store_reply *model)
{
    switch (model->kind) {
    case STORE_NIL:
        cr_expect_eq(real->type, REDIS_REPLY_NIL, "seed %u, %u: %s %s: type %d, the model says nil", pair.seed, pair.number,
                     pair.what, pair.key, real->type);
        break;
    case STORE_TEXT:
        expect_text(real, model->text);
        break;
    case STORE_NUMBER:
        cr_expect(real->type == REDIS_REPLY_INTEGER && real->integer == model->number, "seed %u, %u: %s %s: type %d",
                  pair.seed, pair.number, pair.what, pair.key, real->type);
        break;
    case STORE_OK:
        cr_expect(real->type == REDIS_REPLY_STATUS && strcmp(real->str, "OK") == 0, "seed %u, %u: %s", pair.seed, pair.number,
                  pair.what);
        break;
    case STORE_ERROR:
        cr_expect(false, "%s: the model refuses", pair.what);
        break;
    }
}

/* ---- one operation each -------------------------------------------------------------------------------------------------- */

static void
do_set_nx_get(struct store_reply *model)
{
    const char *value = draw_value();
    int64_t px = draw_px();
    const char *const words[] = { "SET", pair.key, value, "NX", "GET", "PX", number_text(px) };
    pair.what = "SET NX GET";
    keys_set_nx_get(pair.keys, now_ms(), pair.key, value, px, model);
    expect_reply(ask_words(7, words), model);
}

static void
do_set(struct store_reply *model)
{
    const char *value = draw_value();
    int64_t px = draw_px();
    const char *const words[] = { "SET", pair.key, value, "PX", number_text(px) };
    bool keeps = draw(&pair.draws, 4) == 0;
    pair.what = "SET";
    keys_set(pair.keys, now_ms(), pair.key, value, keeps ? 0 : px, model);
    expect_reply(ask_words(keeps ? 3 : 5, words), model);
}

/* A key that ends before the next command. */
static void
do_short(struct store_reply *model)
{
    const char *const words[] = { "SET", pair.key, "soon gone", "PX", number_text(SHORT_MS) };
    pair.what = "SET for a moment";
    keys_set(pair.keys, now_ms(), pair.key, "soon gone", SHORT_MS, model);
    expect_reply(ask_words(5, words), model);
    usleep(SURELY_OVER_US);
}

static void
do_get(struct store_reply *model)
{
    pair.what = "GET";
    keys_get(pair.keys, now_ms(), pair.key, model);
    expect_reply(ask_words(2, (const char *const[]){ "GET", pair.key }), model);
}

static void
do_pttl(struct store_reply *model)
{
    pair.what = "PTTL";
    keys_pttl(pair.keys, now_ms(), pair.key, model);
    expect_pttl(ask_words(2, (const char *const[]){ "PTTL", pair.key }), model->number);
}

/* Often what stands there, else the comparison would hardly ever hold. */
static const char *
expected_value(char text[STORE_TEXT_BYTES])
{
    struct store_reply met;
    keys_get(pair.keys, now_ms(), pair.key, &met);
    snprintf(text, STORE_TEXT_BYTES, "%s", draw(&pair.draws, 4) ? met.text : draw(&pair.draws, 4) ? draw_value() : "?");
    return text;
}

static void
do_swap(struct store_reply *model)
{
    static const int64_t limits[] = { -3, -2, -1, 0, HOUR_MS / 2, INT64_MAX / 1024 };
    char expected[STORE_TEXT_BYTES];
    const char *value = draw_value();
    int64_t px = draw_px(), most = limits[draw(&pair.draws, sizeof(limits) / sizeof(limits[0]))];
    const char *const words[] = { expected_value(expected), value, number_text(px), number_text(most) };
    pair.what = "swap";
    keys_swap(pair.keys, now_ms(), pair.key, expected, value, px, most, model);
    const redisReply *real = ask_script(SCRIPT_SWAP, 4, words);
    if (model->kind == STORE_NUMBER || real->type != REDIS_REPLY_ARRAY) {
        expect_reply(real, model);
        return;
    }
    cr_assert_eq(real->elements, 2);
    expect_text(real->element[0], model->text);
    expect_pttl(real->element[1], model->number);
}

static void
do_hold(struct store_reply *model)
{
    const struct store_holder holder = draw_holder();
    const char *value = draw_value();
    int64_t px = draw_px();
    const char *const words[] = { holder.text, number_text(holder.connection), value, number_text(px) };
    pair.what = "hold";
    keys_hold(pair.keys, now_ms(), pair.key, &holder, value, px, model);
    expect_reply(ask_script(SCRIPT_HOLD, 4, words), model);
}

/* As hold, and "" takes the key away. */
static void
do_give_back(struct store_reply *model)
{
    const struct store_holder holder = draw_holder();
    const char *value = draw(&pair.draws, 2) ? draw_value() : "";
    int64_t px = draw_px();
    const char *const words[] = { holder.text, number_text(holder.connection), value, number_text(px) };
    pair.what = "give back";
    keys_give_back(pair.keys, now_ms(), pair.key, &holder, value, px, model);
    expect_reply(ask_script(SCRIPT_GIVE_BACK, 4, words), model);
}

static void
do_promote(struct store_reply *model)
{
    char expected[STORE_TEXT_BYTES];
    const char *words[] = { expected_value(expected), draw_value() };
    pair.what = "promote";
    keys_promote(pair.keys, now_ms(), pair.key, expected, words[1], model);
    expect_reply(ask_script(SCRIPT_PROMOTE, 2, words), model);
}

static void
do_canary(struct store_reply *model)
{
    static const char *const generations[] = { "1f", "00000000000000aa", "f" };
    const char *generation = generations[draw(&pair.draws, 3)];
    struct store_reply now;
    pair.what = "canary";
    keys_canary(pair.keys, now_ms(), pair.key, generation, model);
    keys_get(pair.keys, now_ms(), pair.key, &now);
    const redisReply *real = ask_script(SCRIPT_CANARY, 1, &generation);
    cr_assert(real->type == REDIS_REPLY_ARRAY && real->elements == 2);
    expect_text(real->element[0], model->text);
    expect_text(real->element[1], now.text);
}

static void
do_flush(struct store_reply *model)
{
    pair.what = "FLUSHALL";
    keys_flush(pair.keys);
    model->kind = STORE_OK;
    expect_reply(ask_words(1, (const char *const[]){ "FLUSHALL" }), model);
}

static const struct {
    void (*act)(struct store_reply *);
    uint32_t weight;
} operations[] = {
    { do_set_nx_get, 200 }, { do_set, 100 },     { do_get, 100 },   { do_pttl, 100 }, { do_swap, 150 },  { do_hold, 100 },
    { do_give_back, 80 },   { do_promote, 80 },  { do_canary, 88 }, { do_short, 1 },  { do_flush, 1 },
};

static void
operate(void)
{
    struct store_reply model = { .kind = STORE_NIL };
    uint32_t left = draw(&pair.draws, 1000), i = 0;
    while (left >= operations[i].weight)
        left -= operations[i++].weight;
    draw_key();
    operations[i].act(&model);
}

/* At the end all keys are the same, and there are as many. */
static void
compare_all(void)
{
    struct store_reply model;
    for (uint32_t i = 0; i < MANY_KEYS; i++) {
        snprintf(pair.key, sizeof(pair.key), "k%u", i);
        do_get(&model);
    }
    pair.what = "DBSIZE";
    cr_expect_eq(ask_words(1, (const char *const[]){ "DBSIZE" })->integer, keys_count(pair.keys));
}

static void
hold_against(const char *program)
{
    pair = (struct pair){ .keys = NULL };
    server_prepare(&pair.server);
    pair.server.program = program;
    server_start(&pair.server);
    for (pair.seed = 1; pair.seed <= SEEDS; pair.seed++) {
        pair.keys = keys_new();
        pair.draws = pair.seed;
        server_says(&pair.server, "FLUSHALL");
        for (pair.number = 0; pair.number < OPERATIONS; pair.number++)
            operate();
        compare_all();
        keys_free(pair.keys);
    }
    server_release(&pair.server);
}

Test(redis_model, answers_as_redis_does, .timeout = 120)
{
    hold_against("redis-server");
}

static bool
is_installed(const char *program)
{
    char path[200];
    const char *at = getenv("PATH");
    for (size_t size; at && *at; at += size + (at[size] == ':')) {
        size = strcspn(at, ":");
        snprintf(path, sizeof(path), "%.*s/%s", (int)size, at, program);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

Test(redis_model, answers_as_valkey_does, .timeout = 120)
{
    if (!is_installed("valkey-server"))
        cr_skip_test("valkey-server is not installed");
    hold_against("valkey-server");
}
