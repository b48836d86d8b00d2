/* redis_resp.c: writes commands by hand: no format string is read and nothing is allocated on the way of an event. */
#include "bridge/io/redis_resp.h"

void
resp_begin(struct resp *resp, uint32_t words)
{
    buf_init(&resp->buf, resp->bytes, sizeof(resp->bytes));
    buf_char(&resp->buf, '*');
    buf_u64(&resp->buf, words);
    buf_put(&resp->buf, "\r\n", 2);
}

void
resp_word(struct resp *resp, struct slice word)
{
    buf_char(&resp->buf, '$');
    buf_u64(&resp->buf, word.size);
    buf_put(&resp->buf, "\r\n", 2);
    buf_slice(&resp->buf, word);
    buf_put(&resp->buf, "\r\n", 2);
}

void
resp_text(struct resp *resp, const char *text)
{
    resp_word(resp, slice_of(text));
}

void
resp_number(struct resp *resp, int64_t number)
{
    char digits[24];
    struct buf buf;
    buf_init(&buf, digits, sizeof(digits));
    buf_i64(&buf, number);
    resp_word(resp, buf_view(&buf));
}

/* What a person can do; "" where the error says it all. */
static const char cluster[] = "; a cluster is not supported: name a single server";
static const char rules[] = "; the user's rules (ACL) lack a command or the keys: see docs/interfaces.md";
static const char key[] = "; delete it, or set another redis.prefix";

static const struct {
    const char *name;
    enum redis_cure cure;
    const char *remedy;
} errors[] = {
    { "NOSCRIPT", CURE_LOAD, "" },          /* SCRIPT FLUSH, a restart, a failover                      */
    { "READONLY", CURE_RECONNECT, "" },     /* it became a replica: the name may point elsewhere by now */
    { "UNBLOCKED", CURE_RECONNECT, "" },    /* the same, told to who was waiting                        */
    { "MASTERDOWN", CURE_RECONNECT, "" },   /* a replica without its master                             */
    { "NOAUTH", CURE_RECONNECT, "" },       /* the session lost its user: the password was changed      */
    { "WRONGPASS", CURE_RECONNECT, "" },
    { "WRONGTYPE", CURE_KEY, key },         /* someone else's key                                       */
    { "LOADING", CURE_WAIT, "" },           /* reads its file after a start                             */
    { "OOM", CURE_WAIT, "" },               /* maxmemory is reached and nothing may be evicted          */
    { "MISCONF", CURE_WAIT, "" },           /* cannot write its file                                    */
    { "BUSY", CURE_WAIT, "" },              /* a script of somebody runs too long                       */
    { "MOVED", CURE_WAIT, cluster },        /* a cluster's redirections: the url names a single server  */
    { "ASK", CURE_WAIT, cluster },
    { "TRYAGAIN", CURE_WAIT, cluster },
    { "CLUSTERDOWN", CURE_WAIT, cluster },
    { "CROSSSLOT", CURE_WAIT, cluster },
    { "NOREPLICAS", CURE_WAIT, "" },        /* min-replicas-to-write is not met                         */
    { "NOPERM", CURE_WAIT, rules },
};

enum redis_cure
redis_error_cure(struct slice reply, const char **remedy)
{
    const char *space = reply.size ? memchr(reply.at, ' ', reply.size) : NULL;
    struct slice name = { reply.at, space ? (size_t)(space - reply.at) : reply.size };
    *remedy = "";
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (!slice_is(name, errors[i].name))
            continue;
        *remedy = errors[i].remedy;
        return errors[i].cure;
    }
    return CURE_WAIT;
}
