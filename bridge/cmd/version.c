/* version.c: alertbridge version: the program and the libraries that it runs with, as they say themselves. */
#include "bridge/cmd/commands.h"

#include <stdint.h>
#include <stdio.h>

#ifndef ALERTBRIDGE_REVISION
#define ALERTBRIDGE_REVISION "unknown"
#endif

/* The libraries' own functions. Their headers belong to the one file that uses each library; a version text needs no more than
 * this. */
const char *rd_kafka_version_str(void);
char *curl_version(void);
const char *OpenSSL_version(int what);
const char *event_get_version(void);
const char *msgpack_version(void);
uint32_t yyjson_version(void);
const char *yaml_get_version_string(void);

enum { OPENSSL_VERSION_WORD = 6, TEXT_BYTES = 64 };    /* OPENSSL_VERSION_STRING of openssl/crypto.h: "3.0.11" */

struct library {
    const char *name;
    char version[TEXT_BYTES];
};

/* "libcurl/7.88.1 OpenSSL/3.0.11 ..." -> "7.88.1" */
static void
curl_word(char *out)
{
    const char *text = curl_version(), *slash = strchr(text, '/');
    const char *from = slash ? slash + 1 : text;
    snprintf(out, TEXT_BYTES, "%.*s", (int)strcspn(from, " "), from);
}

static size_t
library_versions(struct library *out)
{
    size_t n = 0;
    uint32_t yyjson = yyjson_version();
    out[n] = (struct library){ .name = "librdkafka" };
    snprintf(out[n++].version, TEXT_BYTES, "%s", rd_kafka_version_str());
    out[n] = (struct library){ .name = "libcurl" };
    curl_word(out[n++].version);
    out[n] = (struct library){ .name = "openssl" };
    snprintf(out[n++].version, TEXT_BYTES, "%s", OpenSSL_version(OPENSSL_VERSION_WORD));
    out[n] = (struct library){ .name = "libevent" };
    snprintf(out[n++].version, TEXT_BYTES, "%s", event_get_version());
    out[n] = (struct library){ .name = "hiredis" };
    snprintf(out[n++].version, TEXT_BYTES, "%s", HIREDIS_BUILT);
    out[n] = (struct library){ .name = "yyjson" };
    snprintf(out[n++].version, TEXT_BYTES, "%u.%u.%u", yyjson >> 16, yyjson >> 8 & 0xff, yyjson & 0xff);
    out[n] = (struct library){ .name = "msgpack" };
    snprintf(out[n++].version, TEXT_BYTES, "%s", msgpack_version());
    out[n] = (struct library){ .name = "libyaml" };
    snprintf(out[n++].version, TEXT_BYTES, "%s", yaml_get_version_string());
    return n;
}

int
cmd_version(struct cmd_context *context)
{
    struct library libraries[8];
    size_t n = library_versions(libraries);
    bool json = context->json || (context->argc > 1 && strcmp(context->argv[1], "--json") == 0);
    struct buf *out = text_new();
    if (out == NULL)
        return EXIT_INTERNAL;
    buf_format(out, json ? "{\"version\":\"%s\",\"revision\":\"%s\"" : "alertbridge %s (revision %s)\n", ALERTBRIDGE_VERSION,
               ALERTBRIDGE_REVISION);
    for (size_t i = 0; i < n; i++)
        buf_format(out, json ? ",\"%s\":\"%s\"" : "  %-10s %s\n", libraries[i].name, libraries[i].version);
    buf_text(out, json ? "}\n" : "");
    return text_print(out);
}
