/* sim.c: makes a simulator and sends each request the way of its path. */
#include "bridge/sim/world.h"

#include "codecs/check.h"

#include <stdio.h>
#include <stdlib.h>

/* Cuts the next field off at `colon`, or takes all. */
static bool
take_field(struct slice *text, bool to_the_end, char *field, size_t size)
{
    const char *colon = to_the_end ? NULL : memchr(text->at, ':', text->size);
    size_t n = colon ? (size_t)(colon - text->at) : text->size;
    if (n >= size)
        return false;
    memcpy(field, text->at, n);
    field[n] = '\0';
    n += colon ? 1 : 0;
    *text = (struct slice){ text->at + n, text->size - n };
    return true;
}

static bool
add_access_key(struct sim *sim, const char *text)
{
    struct slice rest = slice_of(text);
    if (sim->n_keys == KEYS_MAX)
        return false;
    struct access_key *key = &sim->keys[sim->n_keys++];
    *key = (struct access_key){ .expires_ms = INT64_MAX };
    return take_field(&rest, false, key->id, sizeof(key->id)) && take_field(&rest, false, key->secret, sizeof(key->secret))
        && take_field(&rest, true, key->token, sizeof(key->token)) && key->id[0] && key->secret[0];
}

static bool
add_app(struct sim *sim, const char *text)
{
    struct slice rest = slice_of(text);
    if (sim->n_apps == APPS_MAX)
        return false;
    struct app *app = &sim->apps[sim->n_apps++];
    *app = (struct app){ 0 };
    return take_field(&rest, false, app->key, sizeof(app->key)) && take_field(&rest, true, app->secret, sizeof(app->secret))
        && app->key[0] && app->secret[0];
}

static bool
add_name(struct names *names, const char *text)
{
    if (names->n == NAMES_MAX || strlen(text) >= KEY_BYTES)
        return false;
    memcpy(names->text[names->n++], text, strlen(text) + 1);
    return true;
}

bool
names_has(const struct names *names, struct slice name)
{
    uint32_t i = 0;
    while (i < names->n && !slice_is(name, names->text[i]))
        i++;
    return i < names->n;
}

/* The error never repeats a key: it holds a secret. */
static bool
read_options(struct sim *sim, const struct sim_options *options, char *error, size_t error_size)
{
    for (unsigned i = 0; i < options->n_access_keys; i++)
        if (!add_access_key(sim, options->access_keys[i])) {
            snprintf(error, error_size, "access key %u is not of the form ID:SECRET[:SECURITY_TOKEN]", i + 1);
            return false;
        }
    for (unsigned i = 0; i < options->n_app_keys; i++)
        if (!add_app(sim, options->app_keys[i])) {
            snprintf(error, error_size, "app key %u is not of the form KEY:SECRET", i + 1);
            return false;
        }
    bool ok = true;
    for (unsigned i = 0; i < options->n_orgs; i++)
        ok = add_name(&sim->orgs, options->orgs[i]) && ok;
    for (unsigned i = 0; i < options->n_playbooks; i++) {
        const char *text = options->playbooks[i];
        ok = add_name(text[0] == '-' ? &sim->disabled_playbooks : &sim->playbooks, text + (text[0] == '-')) && ok;
    }
    if (!ok)
        snprintf(error, error_size, "an organization or playbook is over %d bytes, or there are over %d", KEY_BYTES - 1,
                 NAMES_MAX);
    return ok;
}

struct sim *
sim_new(const struct sim_options *options, char *error, size_t error_size)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    check(sim != NULL);
    knobs_init(&sim->knobs);
    sim->seed = options->seed;
    sim->ledger = ledger_new((uint64_t)knob_number(&sim->knobs, KNOB_ledger_max));
    sim->crypto = crypto_new();
    sim->query_text = malloc(QUERY_BYTES);
    sim->canonical_text = malloc(CANONICAL_BYTES);
    check(sim->query_text != NULL && sim->canonical_text != NULL);
    sim_reset(sim);
    if (!sim->crypto) {
        snprintf(error, error_size, "the crypto library provides no SHA-256");
        goto fail;
    }
    if (!read_options(sim, options, error, error_size))
        goto fail;
    if (sim->n_keys == 0)
        add_access_key(sim, "testid:testsecret");
    if (sim->n_apps == 0)
        add_app(sim, "testkey:testsecret");
    return sim;

fail:
    sim_free(sim);
    return NULL;
}

static void
forget_messages(struct sim *sim)
{
    for (struct message *message = sim->newest, *next; message; message = next) {
        next = message->next;
        free(message->sent.text);
        free(message->as_sent.text);
        free(message->text);
        free(message);
    }
    sim->newest = NULL;
    table_release(&sim->messages);
    table_release(&sim->receipts);
}

void
sim_reset(struct sim *sim)
{
    sim->random = sim->seed;
    faults_init(&sim->faults, sim->seed);
    sim->stats = (struct stats){ 0 };
    ledger_clear(sim->ledger);
    forget_messages(sim);
    table_release(&sim->nonces[0]);
    table_release(&sim->nonces[1]);
    table_release(&sim->sends);
    table_release(&sim->encryptions);
    table_release(&sim->signatures);
    memset(sim->tokens, 0, sizeof(sim->tokens));
    sim->n_sessions = 0;
    sim->next_token = 0;
    sim->users_seen = 0;
    sim->rate_calls = 0;
}

void
sim_free(struct sim *sim)
{
    if (!sim)
        return;
    sim_reset(sim);
    ledger_free(sim->ledger);
    crypto_free(sim->crypto);
    free(sim->query_text);
    free(sim->canonical_text);
    free(sim->arena.at);
    free(sim);
}

static enum sim_api
api_of(const struct sim_call *call)
{
    static const struct {
        const char *prefix;
        enum sim_api api;
    } paths[] = {
        { "/apim-token-service/", API_TOKEN }, { "/app-portal-service/", API_NOTICE }, { "/app-portal/", API_NOTICE },
        { "/latest/", API_STS },               { "/credentials", API_STS },
    };
    if (slice_is(call->path, "/"))
        return sts_is_wanted(call) ? API_STS : API_SOAR;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        size_t size = strlen(paths[i].prefix);
        if (call->path.size >= size && memcmp(call->path.at, paths[i].prefix, size) == 0)
            return paths[i].api;
    }
    return API_OTHER;
}

static void
answer(struct sim_call *call)
{
    switch (call->api) {
    case API_SOAR:
        soar_call(call);
        return;
    case API_NOTICE:
        notice_call(call);
        return;
    case API_TOKEN:
        token_call(call);
        return;
    case API_STS:
        sts_call(call);
        return;
    case API_OTHER:
    case API_COUNT:
        soar_refuse(call, "InvalidApi.NotFound");
        return;
    }
}

static void
count(const struct sim_call *call)
{
    struct stats *stats = &call->sim->stats;
    const struct sim_reply *reply = call->reply;
    stats->requests[call->api]++;
    stats->executed[call->api] += reply->executed;
    if (reply->end >= SIM_END_NO_REPLY_CLOSE) {
        stats->unanswered[call->api]++;
        return;
    }
    stats->statuses[call->api][reply->status]++;
    if (call->code.size > 0)
        stats_code(stats, call->api, call->code);
}

void
sim_handle(struct sim *sim, const struct sim_request *request, struct sim_reply *reply)
{
    struct sim_call call = { .sim = sim, .request = request, .reply = reply };
    const char *question = memchr(request->target.at, '?', request->target.size);
    call.path = request->target;
    if (question) {
        call.path.size = (size_t)(question - request->target.at);
        call.query = (struct slice){ question + 1, request->target.size - call.path.size - 1 };
    }
    struct buf decoded;
    buf_init(&decoded, sim->query_text, QUERY_BYTES);
    call.query_is_broken = !pairs_read(call.query, &decoded, call.pairs, &call.n_pairs);
    call.now_ms = request->wall_ms + knob_number(&sim->knobs, KNOB_clock_offset);
    call.api = api_of(&call);
    reply_reset(reply);
    reply_date(&call);
    if (!faults_play(&call, PHASE_BEFORE)) {
        answer(&call);
        if (!reply->executed || !faults_play(&call, PHASE_AFTER))
            faults_play(&call, PHASE_REPLY);
    }
    count(&call);
}

bool
sim_accept(struct sim *sim, int64_t wall_ms)
{
    uint32_t at = 0;
    if (!faults_next(&sim->faults, PHASE_ACCEPT, API_COUNT, wall_ms + knob_number(&sim->knobs, KNOB_clock_offset), &at))
        return true;
    sim->stats.refused_at_accept++;
    return false;
}

struct knobs *
sim_knobs(struct sim *sim)
{
    return &sim->knobs;
}

struct faults *
sim_faults(struct sim *sim)
{
    return &sim->faults;
}

struct ledger *
sim_ledger(struct sim *sim)
{
    return sim->ledger;
}

struct stats *
sim_stats(struct sim *sim)
{
    return &sim->stats;
}

void
sim_stats_json(struct sim *sim, struct buf *out)
{
    buf_char(out, '{');
    stats_json(&sim->stats, out);
    buf_format(out, ",\"executions\":%llu,\"faults_fired\":{", (unsigned long long)ledger_count(sim->ledger));
    const char *comma = "";
    for (int i = 0; i < FAULT_KIND_COUNT; i++)
        if (sim->faults.fired[i]) {
            buf_format(out, "%s\"%s\":%llu", comma, fault_kind_name((enum fault_kind)i),
                       (unsigned long long)sim->faults.fired[i]);
            comma = ",";
        }
    buf_text(out, "},\"rules\":");
    faults_json(&sim->faults, out);
    buf_text(out, ",\"knobs\":");
    knobs_json(&sim->knobs, out);
    buf_char(out, '}');
}
