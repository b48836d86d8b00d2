/* soar_verify.c: the gateway's side of the signature; shares only the hashes and the canonical query with the signer. */
#include "bridge/sim/soar_verify.h"

#include <ctype.h>
#include <strings.h>

/* Takes `prefix` off the front. */
static bool
take(struct slice *text, const char *prefix)
{
    size_t size = strlen(prefix);
    if (text->size < size || memcmp(text->at, prefix, size) != 0)
        return false;
    *text = (struct slice){ text->at + size, text->size - size };
    return true;
}

static struct slice
take_until(struct slice *text, char end)
{
    const char *at = memchr(text->at, end, text->size);
    size_t size = at ? (size_t)(at - text->at) : text->size;
    struct slice taken = { text->at, size };
    *text = (struct slice){ text->at + size, text->size - size };
    return taken;
}

bool
soar_signature_read(struct slice text, struct soar_signature *signature)
{
    if (!text.at || !take(&text, "ACS3-HMAC-SHA256 ") || !take(&text, "Credential="))
        return false;
    signature->key_id = take_until(&text, ',');
    if (!take(&text, ",SignedHeaders="))
        return false;
    signature->signed_headers = take_until(&text, ',');
    if (!take(&text, ",Signature="))
        return false;
    signature->signature = text;
    return signature->key_id.size > 0 && signature->signed_headers.size > 0 && text.size == SHA256_HEX;
}

static bool
is_named(struct slice name, struct slice lower)
{
    return name.size == lower.size && strncasecmp(name.at, lower.at, lower.size) == 0;
}

static bool
is_listed(struct slice list, struct slice name)
{
    while (list.size > 0) {
        if (is_named(name, take_until(&list, ';')))
            return true;
        take(&list, ";");
    }
    return false;
}

static bool
must_be_signed(struct slice name)
{
    return is_named(name, SLICE("host")) || is_named(name, SLICE("content-type"))
        || (name.size > 6 && strncasecmp(name.at, "x-acs-", 6) == 0);
}

static int
compare(struct slice a, struct slice b)
{
    int order = memcmp(a.at, b.at, a.size < b.size ? a.size : b.size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* All values received under the name, sorted and joined by commas. */
static void
put_values(struct buf *out, const struct sim_request *request, struct slice name)
{
    struct slice values[SIM_REQUEST_HEADERS_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < request->n_headers; i++)
        if (is_named(request->headers[i].name, name)) {
            uint32_t at = n++;
            for (; at > 0 && compare(request->headers[i].value, values[at - 1]) < 0; at--)
                values[at] = values[at - 1];
            values[at] = request->headers[i].value;
        }
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            buf_char(out, ',');
        buf_slice(out, values[i]);
    }
}

static void
put_canonical(struct buf *out, const struct sim_request *request, struct pair *pairs, uint32_t n, struct slice list,
              struct slice payload)
{
    buf_slice(out, request->method);
    buf_text(out, "\n/\n");
    soar_canonical_query(out, pairs, n);
    buf_char(out, '\n');
    for (struct slice rest = list; rest.size > 0; take(&rest, ";")) {
        struct slice name = take_until(&rest, ';');
        for (size_t i = 0; i < name.size; i++)
            buf_char(out, (char)tolower((unsigned char)name.at[i]));
        buf_char(out, ':');
        put_values(out, request, name);
        buf_char(out, '\n');
    }
    buf_char(out, '\n');
    buf_slice(out, list);
    buf_char(out, '\n');
    buf_slice(out, payload);
}

static struct slice
header(const struct sim_request *request, struct slice name)
{
    for (uint32_t i = 0; i < request->n_headers; i++)
        if (is_named(request->headers[i].name, name))
            return request->headers[i].value;
    return (struct slice){ 0 };
}

static void
hash_hex(struct crypto *crypto, struct slice text, char hex[SHA256_HEX + 1])
{
    uint8_t digest[SHA256_BYTES];
    struct buf out;
    crypto_sha256(crypto, &text, 1, digest);
    buf_init(&out, hex, SHA256_HEX + 1);
    buf_hex(&out, digest, sizeof(digest));
    buf_cstr(&out);
}

/* The string to sign is short, so its HMAC costs four blocks. */
static bool
matches(struct crypto *crypto, struct slice canonical, struct slice secret, struct slice signature)
{
    char text[sizeof("ACS3-HMAC-SHA256\n") + SHA256_HEX], hex[SHA256_HEX + 1];
    uint8_t digest[SHA256_BYTES];
    struct buf out;
    memcpy(text, "ACS3-HMAC-SHA256\n", 17);
    hash_hex(crypto, canonical, text + 17);
    crypto_hmac_sha256(crypto, secret, (struct slice){ text, 17 + SHA256_HEX }, digest);
    buf_init(&out, hex, sizeof(hex));
    buf_hex(&out, digest, sizeof(digest));
    return crypto_equal(hex, signature.at, SHA256_HEX);
}

enum soar_verdict
soar_verify(struct crypto *crypto, const struct sim_request *request, struct pair *pairs, uint32_t n,
            const struct soar_signature *signature, struct slice secret, struct buf *canonical)
{
    char hex[SHA256_HEX + 1];
    struct slice payload = header(request, SLICE("x-acs-content-sha256"));
    if (!is_listed(signature->signed_headers, SLICE("host")))
        return SOAR_UNSIGNED_HEADER;
    for (uint32_t i = 0; i < request->n_headers; i++)
        if (must_be_signed(request->headers[i].name) && !is_listed(signature->signed_headers, request->headers[i].name))
            return SOAR_UNSIGNED_HEADER;
    hash_hex(crypto, request->body.at ? request->body : SLICE(""), hex);
    if (!slice_is(payload, hex))
        return SOAR_BODY_DIFFERS;
    put_canonical(canonical, request, pairs, n, signature->signed_headers, payload);
    if (canonical->overflow || !matches(crypto, buf_view(canonical), secret, signature->signature))
        return SOAR_MISMATCH;
    return SOAR_SIGNED;
}
