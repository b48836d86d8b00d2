/* fault_play.c: what each effect of faults.def does to the exchange. */
#include "bridge/sim/world.h"

#include <stdlib.h>

/* The code that a status has at SOAR's gateway where the rule names none; a bare 502 or 504 comes from in front of it. */
static const char *
soar_code_of(int64_t status)
{
    switch (status) {
    case 401:
        return "InvalidSecurityToken.Expired";
    case 403:
        return "NoPermission";
    case 404:
        return "InvalidApi.NotFound";
    case 500:
        return "InternalError";
    case 503:
        return "ServiceUnavailable";
    default:
        return NULL;
    }
}

static void
soar_status(struct sim_call *call, const struct fault_rule *rule)
{
    const char *code = rule->code[0] ? rule->code : soar_code_of(rule->status);
    if (rule->status == 429 && !rule->code[0])
        soar_throttle(call, rule->retry_after_ms);
    else if (code)
        soar_refuse_as(call, (int)rule->status, code, NULL);
    else
        reply_html(call, (int)rule->status);
    if (rule->status != 429 && rule->retry_after_ms > 0) {
        char text[24];
        struct buf number;
        buf_init(&number, text, sizeof(text));
        buf_i64(&number, rule->retry_after_ms);
        reply_header(call->reply, "x-acs-retry-after", buf_view(&number));
    }
}

static void
portal_status(struct sim_call *call, const struct fault_rule *rule)
{
    char text[24];
    struct buf number;
    if (rule->code[0] >= '0' && rule->code[0] <= '9')
        notice_refuse(call, atoi(rule->code), status_text((int)rule->status));
    else if (rule->kind == FAULT_KIND_bad_time)
        notice_refuse_signature(call, "App Timestamp Checked Fail");
    else
        kong_refuse(call, (int)rule->status, NULL);
    if (rule->retry_after_ms > 0) {
        buf_init(&number, text, sizeof(text));
        buf_i64(&number, (rule->retry_after_ms + 999) / 1000);
        reply_header(call->reply, "Retry-After", buf_view(&number));
    }
}

static void
play_status(struct sim_call *call, const struct fault_rule *rule)
{
    reply_reset(call->reply);
    reply_date(call);
    if (call->api == API_NOTICE || call->api == API_TOKEN)
        portal_status(call, rule);
    else
        soar_status(call, rule);
    if (rule->status >= 300 && rule->status < 400)
        reply_header(call->reply, "Location", SLICE("http://127.0.0.1:9/elsewhere"));
}

/* Keeps what a reply to an executed call must still say of itself. */
static void
play_status_kept(struct sim_call *call, const struct fault_rule *rule)
{
    bool executed = call->reply->executed;
    int64_t delay_ms = call->reply->delay_ms;
    play_status(call, rule);
    call->reply->executed = executed;
    call->reply->delay_ms = delay_ms;
}

/* A page in place of the body; the headers of the reply stay, but for the content type. */
static void
play_page(struct sim_call *call, int status)
{
    struct sim_reply *reply = call->reply;
    buf_reset(&reply->head);
    reply_date(call);
    reply_html(call, status);
}

static void
play_delay(struct sim_call *call, const struct fault_rule *rule)
{
    call->reply->delay_ms += rule->ms;
    if (rule->jitter_ms > 0)
        call->reply->delay_ms += (int64_t)(fault_random(&call->sim->random) % (uint64_t)(rule->jitter_ms + 1));
}

static void
play_truncate(struct sim_call *call, const struct fault_rule *rule)
{
    int64_t size = (int64_t)call->reply->body.size;
    call->reply->cut_at = rule->bytes < 0 || rule->bytes > size ? size / 2 : rule->bytes;
}

static void
play_huge(struct sim_call *call, const struct fault_rule *rule)
{
    int64_t size = (int64_t)call->reply->body.size;
    call->reply->filler_bytes = rule->bytes > size ? (uint64_t)(rule->bytes - size) : 0;
}

/* True = the exchange is over. */
static bool
play(struct sim_call *call, const struct fault_rule *rule)
{
    struct sim_reply *reply = call->reply;
    switch (fault_effect_of(rule)) {
    case EFFECT_delay:
        play_delay(call, rule);
        return false;
    case EFFECT_reset:
        reply->end = SIM_END_NO_REPLY_RESET;
        return true;
    case EFFECT_close:
        reply->end = SIM_END_NO_REPLY_CLOSE;
        return true;
    case EFFECT_hang:
        reply->end = SIM_END_HANG;
        reply->hang_ms = rule->ms;
        return true;
    case EFFECT_status:
        play_status_kept(call, rule);
        return true;
    case EFFECT_status_html:
        play_page(call, (int)rule->status);
        return true;
    case EFFECT_status_xml:
        soar_refuse_xml(call, (int)rule->status, rule->code[0] ? rule->code : "ServiceUnavailable");
        return true;
    case EFFECT_expire:
        sts_expire(call->sim, call->now_ms);
        tokens_expire(call->sim, call->now_ms);
        return false;
    case EFFECT_truncate:
        play_truncate(call, rule);
        return false;
    case EFFECT_break:
        reply->body.size -= reply->body.size > 0;
        return false;
    case EFFECT_not_json:
        play_page(call, reply->status);
        return false;
    case EFFECT_huge:
        play_huge(call, rule);
        return false;
    case EFFECT_drip:
        reply->drip_bytes = rule->bytes > 0 ? rule->bytes : 1;
        reply->drip_ms = rule->ms;
        return false;
    case EFFECT_length:
        reply->length_error = rule->bytes;
        return false;
    case EFFECT_end_silently:
        reply->end = SIM_END_CLOSE_SILENTLY;
        return false;
    case EFFECT_end_said:
        reply->end = SIM_END_CLOSE;
        return false;
    case EFFECT_end_idle:
        reply->idle_close_ms = rule->ms;
        return false;
    case EFFECT_refuse:
    case EFFECT_poison:
    case EFFECT_data_false:
        return false;
    }
    return false;
}

bool
faults_play(struct sim_call *call, enum fault_phase phase)
{
    const struct fault_rule *rule;
    uint32_t at = 0;
    while ((rule = faults_next(&call->sim->faults, phase, call->api, call->now_ms, &at)) != NULL)
        if (play(call, rule))
            return true;
    return false;
}
