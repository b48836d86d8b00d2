/* soar_sign.c: the ACS3-HMAC-SHA256 signature, step by step as the vendor's page has it. */
#include "codecs/check.h"
#include "codecs/soar_parts.h"

#define ALGORITHM "ACS3-HMAC-SHA256"

/* The hash of no bytes: the body of these calls is always empty. */
#define EMPTY_SHA256 SLICE("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

/* Room for the canonical request: the query, the headers twice over, a long security token. */
enum { CANONICAL_BYTES_MAX = SOAR_URL_BYTES_MAX + 8192, AUTHORIZATION_BYTES_MAX = 2048 };

static int
slice_order(struct slice a, struct slice b)
{
    size_t both = a.size < b.size ? a.size : b.size;
    int order = both > 0 ? memcmp(a.at, b.at, both) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int
pair_order(const struct pair *a, const struct pair *b)
{
    int order = slice_order(a->name, b->name);
    return order != 0 ? order : slice_order(a->value, b->value);
}

/* By insertion: a few entries, and mostly in order already. */
static void
pairs_sort(struct pair *pairs, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        struct pair moved = pairs[i];
        uint32_t at = i;
        for (; at > 0 && pair_order(&pairs[at - 1], &moved) > 0; at--)
            pairs[at] = pairs[at - 1];
        pairs[at] = moved;
    }
}

void
soar_canonical_query(struct buf *buf, struct pair *pairs, uint32_t n)
{
    pairs_sort(pairs, n);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            buf_char(buf, '&');
        percent_encode(buf, pairs[i].name);
        buf_char(buf, '=');
        percent_encode(buf, pairs[i].value);
    }
}

static struct slice
trimmed(struct slice text)
{
    while (text.size > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text.at++, text.size--;
    while (text.size > 0 && (text.at[text.size - 1] == ' ' || text.at[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* The lower-case form of a name: the name itself where it is so already, else a copy in `names`. */
static struct slice
lowered(struct slice name, struct buf *names)
{
    size_t start = names->size, i = 0;
    while (i < name.size && !(name.at[i] >= 'A' && name.at[i] <= 'Z'))
        i++;
    if (i == name.size)
        return name;
    for (i = 0; i < name.size; i++)
        buf_char(names, (char)(name.at[i] >= 'A' && name.at[i] <= 'Z' ? name.at[i] | 0x20 : name.at[i]));
    return (struct slice){ names->at + start, names->size - start };
}

static bool
same_name(const struct pair *pairs, uint32_t i)
{
    return i > 0 && slice_eq(pairs[i - 1].name, pairs[i].name);
}

/* CanonicalHeaders: "name:value\n", values of one name joined by commas. `pairs` are sorted. */
static void
put_canonical_headers(struct buf *canonical, const struct pair *pairs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (same_name(pairs, i)) {
            buf_char(canonical, ',');
        } else {
            if (i > 0)
                buf_char(canonical, '\n');
            buf_slice(canonical, pairs[i].name);
            buf_char(canonical, ':');
        }
        buf_slice(canonical, pairs[i].value);
    }
    if (n > 0)
        buf_char(canonical, '\n');
}

/* SignedHeaders: the names, joined by semicolons. */
static struct slice
put_signed_headers(struct buf *canonical, const struct pair *pairs, uint32_t n)
{
    size_t start = canonical->size;
    for (uint32_t i = 0; i < n; i++) {
        if (same_name(pairs, i))
            continue;
        if (i > 0)
            buf_char(canonical, ';');
        buf_slice(canonical, pairs[i].name);
    }
    return (struct slice){ canonical->at + start, canonical->size - start };
}

/* The headers in canonical form: names in lower case, values trimmed, sorted. */
static void
canonical_pairs(const struct pair *headers, uint32_t n, struct buf *names, struct pair *pairs)
{
    for (uint32_t i = 0; i < n; i++)
        pairs[i] = (struct pair){ lowered(headers[i].name, names), trimmed(headers[i].value) };
    pairs_sort(pairs, n);
}

static void
put_signature(struct crypto *crypto, struct slice canonical, struct slice secret, struct buf *authorization)
{
    char memory[sizeof(ALGORITHM "\n") + SHA256_HEX];
    uint8_t digest[SHA256_BYTES];
    struct buf to_sign;
    buf_init(&to_sign, memory, sizeof(memory));
    crypto_sha256(crypto, &canonical, 1, digest);
    buf_text(&to_sign, ALGORITHM "\n");
    buf_hex(&to_sign, digest, sizeof(digest));
    crypto_hmac_sha256(crypto, secret, buf_view(&to_sign), digest);
    buf_hex(authorization, digest, sizeof(digest));
}

bool
soar_authorization(struct crypto *crypto, const char *method, const char *uri, struct slice canonical_query,
                   const struct pair *headers, uint32_t n, struct slice payload_sha256, struct slice key_id, struct slice secret,
                   struct buf *canonical, struct buf *authorization)
{
    struct pair pairs[PAIRS_MAX];
    char memory[1024];
    struct buf names;
    if (n > PAIRS_MAX)
        return false;
    buf_init(&names, memory, sizeof(memory));
    canonical_pairs(headers, n, &names, pairs);

    buf_text(canonical, method);
    buf_char(canonical, '\n');
    buf_text(canonical, uri);
    buf_char(canonical, '\n');
    buf_slice(canonical, canonical_query);
    buf_char(canonical, '\n');
    put_canonical_headers(canonical, pairs, n);
    buf_char(canonical, '\n');
    struct slice signed_headers = put_signed_headers(canonical, pairs, n);
    buf_char(canonical, '\n');
    buf_slice(canonical, payload_sha256);
    if (canonical->overflow || names.overflow)
        return false;

    buf_text(authorization, ALGORITHM " Credential=");
    buf_slice(authorization, key_id);
    buf_text(authorization, ",SignedHeaders=");
    buf_slice(authorization, signed_headers);
    buf_text(authorization, ",Signature=");
    put_signature(crypto, buf_view(canonical), secret, authorization);
    return !authorization->overflow;
}

/* "2026-01-02T03:04:05Z": the event times' form with the two letters of ISO 8601. */
static struct slice
acs_date(int64_t wall_ms, char memory[24])
{
    struct event_time time = { .ms = wall_ms, .is_ms = true };
    struct buf buf;
    buf_init(&buf, memory, 24);
    event_time_write(&buf, &time);
    check(buf.size == 19);
    buf.at[10] = 'T';
    buf_char(&buf, 'Z');
    return buf_view(&buf);
}

/* All x-acs-* headers of the request and the host, in the order of their names. */
static uint32_t
attempt_headers(const struct backend_settings *settings, const char *action, const struct credential *credential,
                struct slice date, struct slice nonce, struct pair *headers)
{
    bool temporary = credential->token.size > 0;
    uint32_t n = 0;
    headers[n++] = (struct pair){ SLICE("host"), slice_of(settings->host) };
    if (temporary)
        headers[n++] = (struct pair){ SLICE("x-acs-accesskey-id"), credential->id };
    headers[n++] = (struct pair){ SLICE("x-acs-action"), slice_of(action) };
    headers[n++] = (struct pair){ SLICE("x-acs-content-sha256"), EMPTY_SHA256 };
    headers[n++] = (struct pair){ SLICE("x-acs-date"), date };
    if (temporary)
        headers[n++] = (struct pair){ SLICE("x-acs-security-token"), credential->token };
    headers[n++] = (struct pair){ SLICE("x-acs-signature-nonce"), nonce };
    headers[n++] = (struct pair){ SLICE("x-acs-version"), SLICE("2022-07-28") };
    return n;
}

/* Takes back the lines of an earlier attempt, whichever of the two headers came first then. */
static void
drop_attempt(struct request *request)
{
    request_drop_from(request, "x-acs-accesskey-id");
    request_drop_from(request, "x-acs-action");
}

void
soar_sign_action(const char *action, const struct backend_settings *settings, const struct credential *credential,
                 const struct stamp *stamp, struct crypto *crypto, struct request *request)
{
    char canonical_memory[CANONICAL_BYTES_MAX], authorization_memory[AUTHORIZATION_BYTES_MAX], date[24];
    struct buf canonical, authorization;
    struct pair headers[8];
    struct slice query = buf_view(&request->target);

    check(query.size >= sizeof(SOAR_TARGET_START) - 1);
    drop_attempt(request);
    query.at += sizeof(SOAR_TARGET_START) - 1;
    query.size -= sizeof(SOAR_TARGET_START) - 1;
    uint32_t n = attempt_headers(settings, action, credential, acs_date(stamp->wall_ms, date), slice_of(stamp->nonce), headers);
    buf_init(&canonical, canonical_memory, sizeof(canonical_memory));
    buf_init(&authorization, authorization_memory, sizeof(authorization_memory));
    if (!soar_authorization(crypto, request->method, "/", query, headers, n, EMPTY_SHA256, credential->id, credential->secret,
                            &canonical, &authorization)) {
        request->head.overflow = true;
        return;
    }
    for (uint32_t i = 1; i < n; i++)        /* the host is the HTTP adapter's */
        request_header(request, headers[i].name.at, headers[i].value);
    request_header(request, "Authorization", buf_view(&authorization));
}

void
soar_sign(const struct backend_settings *settings, const struct credential *credential, const struct stamp *stamp,
          struct crypto *crypto, struct request *request)
{
    soar_sign_action("RunNotifyComponentWithMessageCenter", settings, credential, stamp, crypto, request);
}
