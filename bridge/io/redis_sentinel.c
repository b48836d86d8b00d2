/* redis_sentinel.c: asks one sentinel who the master is (https://redis.io/docs/latest/develop/reference/sentinel-clients/).
 * What it names is believed only once the server itself says that it is one: redis_hello.c. */
#include "bridge/io/redis_link.h"
#include "bridge/io/redis_resp.h"
#include "bridge/io/secrets.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

static bool
take_place(const redisReply *reply, struct redis_place *place)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return false;
    const redisReply *host = reply->element[0], *port = reply->element[1];
    if (host->type != REDIS_REPLY_STRING || port->type != REDIS_REPLY_STRING)
        return false;
    unsigned long number = strtoul(port->str, NULL, 10);
    if ((size_t)host->len >= sizeof(place->host) || host->len == 0 || number == 0 || number > 65535)
        return false;
    snprintf(place->host, sizeof(place->host), "%s", host->str);
    place->port = (uint16_t)number;
    return true;
}

/* The connection's end comes to the link by itself: then there is no reply. */
static void
on_master(redisAsyncContext *context, void *data, void *none)
{
    struct redis_link *link = context->data;
    const redisReply *reply = data;
    struct redis_place master;
    char text[LINK_TEXT_BYTES];
    (void)none;
    if (!reply || link->context != context)
        return;
    if (take_place(reply, &master)) {
        redis_link_go_to(link, &master);
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR)
        snprintf(text, sizeof(text), "%.200s%s", reply->str,
                 strncmp(reply->str, "NOAUTH", 6) == 0 ? "; set redis.sentinel_password_file" : "");
    else
        snprintf(text, sizeof(text), "it knows no master that is called %.100s", link->url.master);
    redis_link_drop(link, text);
}

static void
on_auth(redisAsyncContext *context, void *data, void *none)
{
    struct redis_link *link = context->data;
    const redisReply *reply = data;
    char text[LINK_TEXT_BYTES];
    (void)none;
    if (!reply || link->context != context || reply->type != REDIS_REPLY_ERROR)
        return;
    snprintf(text, sizeof(text), "AUTH: %.150s; correct redis.sentinel_password_file", reply->str);
    redis_link_drop(link, text);
}

static void
send_auth(struct redis_link *link, struct resp *resp)
{
    (void)secret_read(link->sentinel_password);     /* it may have been rotated; what cannot be read keeps the old one */
    struct slice password = secret_view(link->sentinel_password);
    if (password.size == 0)
        return;
    resp_begin(resp, 2);
    resp_text(resp, "AUTH");
    resp_word(resp, password);
    redis_link_send(link, buf_view(&resp->buf), on_auth, NULL);
    explicit_bzero(resp->bytes, sizeof(resp->bytes));
}

void
redis_sentinel_ask(struct redis_link *link)
{
    struct resp resp;
    send_auth(link, &resp);
    resp_begin(&resp, 3);
    resp_text(&resp, "SENTINEL");
    resp_text(&resp, "get-master-addr-by-name");
    resp_text(&resp, link->url.master);
    redis_link_send(link, buf_view(&resp.buf), on_master, NULL);
}
