/* soar.h: Alibaba Cloud SOAR, RunNotifyComponentWithMessageCenter (sophonsoar 2022-07-28): POST /, all parameters in the
 * query, empty body. Facts:
 * www.alibabacloud.com/help/en/security-center/developer-reference/api-sophonsoar-2022-07-28-runnotifycomponentwithmessagecenter
 * Signature: https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature (ACS3-HMAC-SHA256). */
#ifndef CODECS_SOAR_H
#define CODECS_SOAR_H

#include "codecs/backend.h"

extern const struct backend soar_backend;

struct pair {
    struct slice name, value;       /* decoded */
};

enum { PAIRS_MAX = 64 };

/* A parameter tree to query pairs: list -> Key.1 Key.2, map -> Key.sub, null dropped, empty list nothing.
 * Names are built in `names`. False when there are more than `capacity` or `names` overflowed. */
bool soar_flatten(const struct value *object, struct buf *names, struct pair *pairs, uint32_t capacity, uint32_t *n);

/* Sorts `pairs` bytewise by name, then value, and writes k=v joined by &; an empty value keeps "k=". */
void soar_canonical_query(struct buf *, struct pair *pairs, uint32_t n);

/* ACS3 over an already canonical query. `headers` are the headers to sign, any case, any order (equal names are merged as the
 * vendor does). Writes the Authorization value. `canonical` is scratch and holds the canonical request afterwards.
 * payload_sha256: 64 hex digits. */
bool soar_authorization(struct crypto *, const char *method, const char *uri, struct slice canonical_query,
                        const struct pair *headers, uint32_t n, struct slice payload_sha256,
                        struct slice key_id, struct slice secret, struct buf *canonical, struct buf *authorization);

/* The `Params` object of an event as JSON text. */
void soar_params(struct buf *, const struct event *);
const char *soar_event_id(enum event_kind);         /* "yundun_soar_incident_generate"; NULL for a notice */

#endif
