/* soar_verify.h: checks an ACS3-HMAC-SHA256 signature against the request as it was received.
 * https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
 *
 * Official SDKs differ in what they sign and in how they encode the wire: the query is decoded and encoded again canonically, and
 * the header names come from the request's own SignedHeaders. Host, content-type and each x-acs-* header must be among them. */
#ifndef BRIDGE_SIM_SOAR_VERIFY_H
#define BRIDGE_SIM_SOAR_VERIFY_H

#include "bridge/sim/sim.h"
#include "codecs/crypto.h"
#include "codecs/soar.h"

struct soar_signature {
    struct slice key_id, signed_headers, signature;
};

enum soar_verdict {
    SOAR_SIGNED,
    SOAR_UNSIGNED_HEADER,       /* a header that must be signed is not */
    SOAR_BODY_DIFFERS,          /* x-acs-content-sha256 is absent or not the body's */
    SOAR_MISMATCH,
};

/* Splits "ACS3-HMAC-SHA256 Credential=...,SignedHeaders=...,Signature=..."; false when it is not of that form. */
bool soar_signature_read(struct slice authorization, struct soar_signature *);

/* `pairs` is the decoded query and is sorted by this. `canonical` holds the canonical request afterwards. */
enum soar_verdict soar_verify(struct crypto *, const struct sim_request *, struct pair *pairs, uint32_t n,
                              const struct soar_signature *, struct slice secret, struct buf *canonical);

#endif
