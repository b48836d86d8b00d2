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

static const struct {
    const char *name;
    enum redis_cure cure;
} errors[] = {
    { "NOSCRIPT", CURE_LOAD },          /* SCRIPT FLUSH, a restart, a failover                      */
    { "READONLY", CURE_RECONNECT },     /* it became a replica: the name may point elsewhere by now */
    { "NOAUTH", CURE_RECONNECT },       /* the session lost its user: the password was changed      */
    { "WRONGPASS", CURE_RECONNECT },
    { "WRONGTYPE", CURE_KEY },          /* someone else's key                                       */
    { "LOADING", CURE_WAIT },           /* reads its file after a start                             */
    { "OOM", CURE_WAIT },               /* maxmemory is reached and nothing may be evicted          */
    { "MISCONF", CURE_WAIT },           /* cannot write its file                                    */
    { "BUSY", CURE_WAIT },              /* a script of somebody runs too long                       */
    { "MOVED", CURE_WAIT },             /* a cluster's redirections: the url names a single server  */
    { "ASK", CURE_WAIT },
    { "TRYAGAIN", CURE_WAIT },
    { "CLUSTERDOWN", CURE_WAIT },
    { "MASTERDOWN", CURE_WAIT },
    { "NOREPLICAS", CURE_WAIT },
    { "NOPERM", CURE_WAIT },            /* the user's rules lack a command or the keys              */
};

enum redis_cure
redis_error_cure(struct slice reply, struct slice *name)
{
    const char *space = reply.size ? memchr(reply.at, ' ', reply.size) : NULL;
    *name = (struct slice){ reply.at, space ? (size_t)(space - reply.at) : reply.size };
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (slice_is(*name, errors[i].name))
            return errors[i].cure;
    return CURE_WAIT;
}
