/* made_up.c: replies that no backend meant: refusals in front of it, and its own, broken. */
#include "tests/sim/made_up.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_AFTER_MAX_S = 4, SICK_IDS = 20 };

void
made_up_say(struct exchange *exchange, int status, const char *body)
{
    free(exchange->body);
    exchange->transport = TRANSPORT_OK;
    exchange->status = status;
    exchange->body = strdup(body);
    exchange->body_size = strlen(body);
    snprintf(exchange->content_type, sizeof(exchange->content_type), "application/json");
    exchange->retry_after[0] = exchange->acs_retry_after[0] = '\0';
}

static void
say_code(struct exchange *exchange, int status, const char *code)
{
    char body[200];
    if (exchange->target == TARGET_SOAR_PROD)
        snprintf(body, sizeof(body), "{\"RequestId\":\"0\",\"Code\":\"%s\",\"Message\":\"m\"}", code);
    else
        snprintf(body, sizeof(body), "{\"message\":\"%s\"}", code);
    made_up_say(exchange, status, body);
}

/* As gateways do, it repeats in its message what it was shown. */
static void
refuse_key(struct world *world, struct exchange *exchange)
{
    static const char shown[] = "apim-accesstoken:";
    char message[120] = "Unauthorized";
    for (uint32_t i = 0; i < exchange->request.n_lines; i++)
        if (strncmp(exchange->request.lines[i], shown, sizeof(shown) - 1) == 0)
            snprintf(message, sizeof(message), "%s is refused", exchange->request.lines[i] + sizeof(shown));
    say_code(exchange, world_draw(world, 2) ? 401 : 403, exchange->target == TARGET_SOAR_PROD ? "Forbidden.RAM" : message);
}

static void
throttle(struct world *world, struct exchange *exchange)
{
    uint32_t seconds = world_draw(world, RETRY_AFTER_MAX_S);
    bool soar = exchange->target == TARGET_SOAR_PROD;
    if (soar && world_draw(world, 2))
        say_code(exchange, 400, "Throttling.User");
    else
        say_code(exchange, 429, soar ? "Throttling" : "API rate limit exceeded");
    if (seconds == 0)
        return;
    if (soar)
        snprintf(exchange->acs_retry_after, sizeof(exchange->acs_retry_after), "%u", seconds * 1000);
    else
        snprintf(exchange->retry_after, sizeof(exchange->retry_after), "%u", seconds);
}

/* Of both kinds: to be tried again, of doubt, of the credentials, and of the content. */
static void
say_error_with_200(struct world *world, struct exchange *exchange)
{
    static const char *const soar[] = { "ServiceUnavailable", "InternalError", "NoPermission", "InvalidParameter" };
    static const char *const portal[] = { "503", "500", "401", "400" };
    char body[100];
    if (exchange->target == TARGET_SOAR_PROD) {
        say_code(exchange, 200, soar[world_draw(world, 4)]);
        return;
    }
    snprintf(body, sizeof(body), "{\"code\":%s,\"msg\":\"m\",\"data\":null}", portal[world_draw(world, 4)]);
    made_up_say(exchange, 200, body);
}

static bool
is_refused_by_code(struct world *world, struct exchange *exchange)
{
    bool soar = exchange->target == TARGET_SOAR_PROD;
    if (soar && world_fires(world, SWARM_nonce_used))
        say_code(exchange, 400, "SignatureNonceUsed");
    else if (soar && world_fires(world, SWARM_bad_time))
        say_code(exchange, 400, "InvalidTimeStamp.Expired");
    else if (world_fires(world, SWARM_ok_with_code))
        say_error_with_200(world, exchange);
    else
        return false;
    return true;
}

/* One id, whose number the seed tells, makes the backend fail; that is no fault of the moment, and does not end. There is one
 * only: of two, with nobody else to be delivered, none is ever the one that is at fault. */
static bool
is_sick(struct world *world, const struct exchange *exchange, enum swarm_row row)
{
    char mark[24];
    int size = snprintf(mark, sizeof(mark), "e%u~", (unsigned)(world->swarm.seed % SICK_IDS));
    const struct buf *target = &exchange->request.target, *body = &exchange->request.body;
    if (world_of(world, row) == 0 || exchange->is_token ||
        (!memmem(target->at, target->size, mark, (size_t)size) && !memmem(body->at, body->size, mark, (size_t)size)))
        return false;
    world->fired[row]++;
    return true;
}

bool
made_up_refusal(struct world *world, struct exchange *exchange, bool is_down)
{
    bool soar = exchange->target == TARGET_SOAR_PROD;
    if (is_down || world_fires(world, SWARM_unavailable))
        say_code(exchange, 503, "ServiceUnavailable");
    else if (is_sick(world, exchange, SWARM_sick))
        say_code(exchange, 500, "InternalError");
    else if (world_fires(world, SWARM_throttle))
        throttle(world, exchange);
    else if (world_fires(world, SWARM_unauthorized))
        refuse_key(world, exchange);
    else if (world_fires(world, SWARM_redirect))
        made_up_say(exchange, 302, "");
    else if (world_fires(world, SWARM_too_large))
        say_code(exchange, 413, "Request too large");
    else if (is_refused_by_code(world, exchange))
        return true;
    else if (!soar && !exchange->is_token && world_fires(world, SWARM_data_false))
        made_up_say(exchange, 200, "{\"code\":0,\"msg\":\"OK\",\"data\":false}");
    else if (!exchange->is_token && world_fires(world, SWARM_foreign_page))
        made_up_say(exchange, 200, "<html>sign in</html>");
    else
        return false;
    return true;
}

bool
made_up_failure(struct world *world, struct exchange *exchange)
{
    if (!is_sick(world, exchange, SWARM_sick_after))
        return false;
    say_code(exchange, 500, "InternalError");
    return true;
}

void
made_up_break(struct world *world, struct exchange *exchange)
{
    switch (world_draw(world, 4)) {
    case 0:
        exchange->body_size /= 2;
        break;
    case 1:
        exchange->body_size -= exchange->body_size > 0;
        break;
    case 2:
        made_up_say(exchange, 200, "<html>busy</html>");
        break;
    default:
        exchange->transport = TRANSPORT_BROKEN;     /* shorter than its Content-Length */
        exchange->body_size /= 2;
        break;
    }
}
