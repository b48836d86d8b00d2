/* stats.c: counting, and the JSON of it. */
#include "bridge/sim/stats.h"

const char *
sim_api_name(enum sim_api api)
{
    static const char *const names[API_COUNT] = { "soar", "notice", "token", "sts", "other" };
    return names[api];
}

void
stats_code(struct stats *stats, enum sim_api api, struct slice code)
{
    uint32_t i = 0;
    while (i < stats->n_codes && !(stats->codes[i].api == api && slice_is(code, stats->codes[i].code)))
        i++;
    if (i == STATS_CODES_MAX || code.size >= STATS_CODE_BYTES) {
        stats->codes_dropped++;
        return;
    }
    if (i == stats->n_codes) {
        stats->codes[i] = (struct stats_code){ .api = api };
        memcpy(stats->codes[i].code, code.at, code.size);
        stats->n_codes++;
    }
    stats->codes[i].count++;
}

void
stats_batch(struct stats *stats, uint32_t messages)
{
    stats->batches[messages <= STATS_BATCH_MAX ? messages : STATS_BATCH_MAX + 1]++;
}

static void
put_api(const struct stats *stats, enum sim_api api, struct buf *out)
{
    const char *comma = "";
    buf_format(out, "\"%s\":{\"requests\":%llu,\"executed\":%llu,\"unanswered\":%llu,\"distinct\":%llu,"
               "\"repeated\":%llu,\"statuses\":{",
               sim_api_name(api), (unsigned long long)stats->requests[api], (unsigned long long)stats->executed[api],
               (unsigned long long)stats->unanswered[api], (unsigned long long)stats->distinct[api],
               (unsigned long long)stats->repeated[api]);
    for (int status = 0; status < STATS_STATUS_MAX; status++)
        if (stats->statuses[api][status]) {
            buf_format(out, "%s\"%d\":%llu", comma, status, (unsigned long long)stats->statuses[api][status]);
            comma = ",";
        }
    buf_text(out, "},\"codes\":{");
    comma = "";
    for (uint32_t i = 0; i < stats->n_codes; i++)
        if (stats->codes[i].api == api) {
            buf_text(out, comma);
            buf_json_string(out, slice_of(stats->codes[i].code));
            buf_format(out, ":%llu", (unsigned long long)stats->codes[i].count);
            comma = ",";
        }
    buf_text(out, "}}");
}

void
stats_json(const struct stats *stats, struct buf *out)
{
    for (int api = 0; api < API_COUNT; api++) {
        put_api(stats, (enum sim_api)api, out);
        buf_char(out, ',');
    }
    buf_text(out, "\"batches\":{");
    const char *comma = "";
    for (int i = 0; i <= STATS_BATCH_MAX + 1; i++)
        if (stats->batches[i]) {
            buf_format(out, "%s\"%d\":%llu", comma, i, (unsigned long long)stats->batches[i]);
            comma = ",";
        }
    buf_format(out, "},\"content_conflicts\":%llu,\"filtered_users\":%llu,\"shown\":%llu,\"doubled_in_batch\":%llu,"
               "\"refused_at_accept\":%llu,\"codes_dropped\":%llu",
               (unsigned long long)stats->content_conflicts, (unsigned long long)stats->filtered_users,
               (unsigned long long)stats->shown, (unsigned long long)stats->doubled_in_batch,
               (unsigned long long)stats->refused_at_accept, (unsigned long long)stats->codes_dropped);
}
