/* inquiry.h: asks every target's backend, with the target's own credentials, whether it would take a call; sends no event.
 *
 * SOAR: the two calls that only look (codecs/soar_describe.h). Portal: token get. All targets at once, on a loop of its own; it
 * blocks. What came back are facts: bridge/cmd/check_backends.c judges them. */
#ifndef BRIDGE_WORKER_INQUIRY_H
#define BRIDGE_WORKER_INQUIRY_H

#include "bridge/config.h"
#include "bridge/worker/chain.h"
#include "codecs/notice.h"
#include "codecs/soar_describe.h"

enum inquiry_keys {
    KEYS_WAITED,        /* the credential chain had not ended when the time was over */
    KEYS_HAD,
    KEYS_AWAY,          /* nobody gave any, for now */
    KEYS_REFUSED,       /* the service that gives keys says no */
    KEYS_UNUSABLE,      /* a file or a variable is not as it has to be */
};

struct inquiry_call {
    bool asked, answered;       /* asked and not answered: the time was over */
    struct verdict verdict;
    enum transport transport;
    bool dated;                 /* the reply had a Date */
    int64_t skew_ms;            /* our clock before the backend's; whole seconds are compared */
};

/* What was asked and seen of one target. */
struct inquiry {
    enum inquiry_keys keys;
    const char *provider;           /* of the default chain; NULL = files */
    char why[CHAIN_WHY_BYTES];      /* no keys: the reason, without a secret */
    struct inquiry_call calls[SOAR_DESCRIBE_COUNT];     /* SOAR: by enum soar_describe; the portal's token call is the first */
    struct soar_playbook playbook;
    struct soar_templates templates;
    enum token_result token;
    int token_code;                 /* the portal's own */
    int64_t token_life_s;
};

/* `out`: one a target. False when OpenSSL or memory fails. Ends within bound_ms and a little. */
bool inquire(const struct config *, int64_t bound_ms, struct inquiry *out);

#endif
