/* notice_sign.c: the API gateway's signature: SHA-256 over token, sorted parameters, body, time and secret. */
#include "codecs/check.h"
#include "codecs/notice_parts.h"

enum { SIGNED_PARAMETERS_MAX = 16 };

static void
hex_digest(struct crypto *crypto, const struct slice *parts, size_t n, char hex[65])
{
    uint8_t digest[SHA256_BYTES];
    struct buf buf;
    crypto_sha256(crypto, parts, n, digest);
    buf_init(&buf, hex, SHA256_HEX + 1);
    buf_hex(&buf, digest, sizeof(digest));
    buf_char(&buf, '\0');
}

static struct slice
decimal(int64_t number, char memory[24])
{
    struct buf buf;
    buf_init(&buf, memory, 24);
    buf_i64(&buf, number);
    return buf_view(&buf);
}

/* In parts: nothing is put together only to be hashed, and the secret is nowhere copied to. */
void
notice_signature(struct crypto *crypto, struct slice token, const struct notice_parameter *sorted, uint32_t n, struct slice body,
                 int64_t timestamp_ms, struct slice secret, char hex[65])
{
    struct slice parts[4 + 2 * SIGNED_PARAMETERS_MAX];
    char digits[24];
    size_t used = 0;
    check(n <= SIGNED_PARAMETERS_MAX);
    parts[used++] = token;
    for (uint32_t i = 0; i < n; i++) {
        parts[used++] = sorted[i].name;
        parts[used++] = sorted[i].value;
    }
    parts[used++] = body;
    parts[used++] = decimal(timestamp_ms, digits);
    parts[used++] = secret;
    hex_digest(crypto, parts, used, hex);
}

void
notice_encryption(struct crypto *crypto, struct slice app_key, int64_t timestamp_ms, struct slice app_secret, char hex[65])
{
    char digits[24];
    struct slice parts[] = { app_key, decimal(timestamp_ms, digits), app_secret };
    hex_digest(crypto, parts, 3, hex);
}

void
notice_sign(const struct backend_settings *settings, const struct credential *credential, const struct stamp *stamp,
            struct crypto *crypto, struct request *request)
{
    struct notice_parameter org = { SLICE("orgId"), slice_of(settings->org_id) };
    char hex[SHA256_HEX + 1], digits[24];
    notice_signature(crypto, credential->token, &org, 1, buf_view(&request->body), stamp->wall_ms, credential->secret, hex);
    request_drop_from(request, "apim-accesstoken");
    request_header(request, "apim-accesstoken", credential->token);
    request_header(request, "apim-signature", slice_of(hex));
    request_header(request, "apim-timestamp", decimal(stamp->wall_ms, digits));
}
