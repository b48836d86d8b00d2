/* redis_probe.c: five questions in one write, on a link of its own; what cannot be answered ends at the deadline. */
#include "bridge/io/redis_probe.h"

#include "bridge/io/redis_link.h"
#include "bridge/io/redis_resp.h"
#include "bridge/io/redis_tls.h"
#include "bridge/io/secrets.h"
#include "codecs/check.h"
#include "codecs/outcome.h"

#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

enum question { ASK_AUTH, ASK_SELECT, ASK_INFO, ASK_SAVE, ASK_CANARY, ASK_COUNT };

struct prober {
    const struct redis_probe_config *config;
    struct redis_probe *found;
    struct event_base *base;
    struct redis_link link;
    struct secret sentinel_password;
    struct event *deadline;
    bool over;
    struct resp resp;
};

/* What a callback gets: which question it answers. */
static const enum question questions[ASK_COUNT] = { ASK_AUTH, ASK_SELECT, ASK_INFO, ASK_SAVE, ASK_CANARY };

static void
end(struct prober *prober, enum redis_reach reach, const char *why, size_t size)
{
    if (prober->over)
        return;
    prober->over = true;
    prober->found->reach = reach;
    verdict_text(prober->found->why, sizeof(prober->found->why), (struct slice){ why, size });
    event_base_loopbreak(prober->base);
}

static void
take_error(struct prober *prober, enum question question, const redisReply *reply)
{
    static const char *const steps[ASK_COUNT] = { "AUTH", "SELECT", "INFO", "CONFIG GET", "GET" };
    char text[256];
    struct slice first = { reply->str, (size_t)reply->len };
    bool no_session = strncmp(reply->str, "NOAUTH", 6) == 0 || strncmp(reply->str, "WRONGPASS", 9) == 0;
    int size = snprintf(text, sizeof(text), "%s: %.*s", steps[question], first.size < 200 ? (int)first.size : 200, first.at);
    bool no_right = question == ASK_CANARY && strncmp(reply->str, "NOPERM", 6) == 0;    /* a worker could not claim either */
    if (question == ASK_AUTH || no_session || no_right)
        end(prober, REDIS_REFUSED, text, (size_t)size);
    else if (question == ASK_SELECT || strncmp(reply->str, "LOADING", 7) == 0)
        end(prober, REDIS_ILL, text, (size_t)size);
    else if (question == ASK_INFO)
        verdict_text(prober->found->unseen, sizeof(prober->found->unseen), (struct slice){ text, (size_t)size });
    else if (question == ASK_CANARY)
        end(prober, REDIS_ILL, text, (size_t)size);
}

/* Of several hosts the one that is a master is meant. */
static void
take_server(struct prober *prober)
{
    const char *role = prober->found->server.role;
    if (role[0] && strcmp(role, "master") != 0 && prober->link.turn + 1 < prober->link.url.n_places)
        redis_link_drop(&prober->link, "it is a replica");
    else
        end(prober, REDIS_REACHED, "", 0);
}

static void
take_answer(struct prober *prober, enum question question, const redisReply *reply)
{
    switch (question) {
    case ASK_AUTH:
    case ASK_SELECT:
    case ASK_COUNT:
        return;
    case ASK_INFO:
        if (reply->type == REDIS_REPLY_STRING)
            redis_info_read((struct slice){ reply->str, (size_t)reply->len }, &prober->found->server);
        return;
    case ASK_SAVE:
        prober->found->server.saves = redis_info_saves(reply);
        return;
    case ASK_CANARY:
        prober->found->has_canary = reply->type == REDIS_REPLY_STRING;
        take_server(prober);
        return;
    }
}

static void
on_reply(struct redisAsyncContext *context, void *data, void *question)
{
    const redisReply *reply = data;
    const struct redis_link *link = context->data;
    if (!reply || !link)
        return;         /* the connection ended: on_closed says why */
    enum question asked = *(const enum question *)question;
    if (reply->type == REDIS_REPLY_ERROR)
        take_error(link->owner, asked, reply);
    else
        take_answer(link->owner, asked, reply);
}

static void
ask(struct prober *prober, enum question question, uint32_t n, const char *const words[])
{
    resp_begin(&prober->resp, n);
    for (uint32_t i = 0; i < n; i++)
        resp_text(&prober->resp, words[i]);
    redis_link_send(&prober->link, buf_view(&prober->resp.buf), on_reply, (void *)(uintptr_t)&questions[question]);
}

static void
ask_auth(struct prober *prober)
{
    const char *user = prober->link.url.user, *password = prober->config->password;
    if (!password[0])
        return;
    if (user[0])
        ask(prober, ASK_AUTH, 3, (const char *const[]){ "AUTH", user, password });
    else
        ask(prober, ASK_AUTH, 2, (const char *const[]){ "AUTH", password });
    explicit_bzero(prober->resp.bytes, sizeof(prober->resp.bytes));
}

static void
on_opened(void *owner)
{
    struct prober *prober = owner;
    char db[12], canary[128];
    snprintf(db, sizeof(db), "%u", prober->link.url.db);
    snprintf(canary, sizeof(canary), "%.100s:canary", prober->config->prefix);
    ask_auth(prober);
    if (prober->link.url.db)
        ask(prober, ASK_SELECT, 2, (const char *const[]){ "SELECT", db });
    ask(prober, ASK_INFO, 1, (const char *const[]){ "INFO" });
    ask(prober, ASK_SAVE, 3, (const char *const[]){ "CONFIG", "GET", "save" });
    ask(prober, ASK_CANARY, 2, (const char *const[]){ "GET", canary });
}

/* A url may name several places, and a name stand for several addresses; each is tried once. */
static void
on_closed(void *owner, const char *text)
{
    struct prober *prober = owner;
    const struct redis_link *link = &prober->link;
    if (link->turn >= link->url.n_places && link->turn >= link->resolver.n)
        end(prober, REDIS_AWAY, text, strlen(text));
}

static void
on_deadline(evutil_socket_t fd, short what, void *owner)
{
    (void)fd, (void)what;
    static const char text[] = "no answer in time";
    end(owner, REDIS_AWAY, text, sizeof(text) - 1);
}

static void
run(struct prober *prober)
{
    ms_t ms = prober->config->timeout_ms;
    const struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
    evtimer_add(prober->deadline, &wait);
    redis_link_open_soon(&prober->link);
    event_base_dispatch(prober->base);
}

static bool
take_url(struct prober *prober, char *error, size_t size)
{
    const struct redis_probe_config *config = prober->config;
    struct redis_url_fault fault;
    prober->sentinel_password.path = config->sentinel_password_file;
    if (!redis_url_parse(config->url, &prober->link.url, &fault)) {
        snprintf(error, size, "redis.url: %s; %s", fault.what, fault.remedy);
        return false;
    }
    if (!prober->link.url.tls)
        return true;
    prober->link.tls = redis_tls_new(config->ca_file ? config->ca_file : "", error, size);
    return prober->link.tls != NULL;
}

void
redis_probe_run(const struct redis_probe_config *config, struct redis_probe *found)
{
    struct prober prober = { .config = config, .found = found };
    char error[256];
    *found = (struct redis_probe){ .reach = REDIS_AWAY };
    if (!take_url(&prober, error, sizeof(error))) {
        verdict_text(found->why, sizeof(found->why), slice_of(error));
        return;
    }
    prober.base = event_base_new();
    check(prober.base != NULL);
    prober.deadline = evtimer_new(prober.base, on_deadline, &prober);
    prober.link.base = prober.base;
    prober.link.sentinel_password = &prober.sentinel_password;
    prober.link.timeout_ms = config->timeout_ms;
    prober.link.owner = &prober;
    prober.link.opened = on_opened;
    prober.link.closed = on_closed;
    check(prober.deadline != NULL && redis_link_init(&prober.link));
    run(&prober);
    redis_link_release(&prober.link);
    event_free(prober.deadline);
    event_base_free(prober.base);
    redis_tls_free(prober.link.tls);
    secret_wipe(&prober.sentinel_password);
}
