/* client_parts.h: between the parts of a worker's adapter to the store: orders under way, what it remembers. */
#ifndef TESTS_SIM_CLIENT_PARTS_H
#define TESTS_SIM_CLIENT_PARTS_H

#include "bridge/io/dedup_custody.h"
#include "bridge/io/owed.h"
#include "bridge/io/recall.h"
#include "bridge/io/redis_canary.h"
#include "bridge/io/redis_watch.h"
#include "tests/sim/client.h"
#include "tests/sim/store.h"

#include <string.h>

enum { CLIENT_KEY_BYTES = 220 };

struct client {
    uint32_t connection, run;
    ms_t last_arrival, last_reply, last_late;
    struct custodies custodies;
    struct watch watch;
    struct canary canary;
    ms_t pulse_ms;
    uint64_t generations;
    uint32_t claims;            /* since the last flush */
    /* while the store is away: client_degrade.c */
    bool down, degrades;
    struct custodies remembered;
    struct recall recall;
    struct owed owed;
};

enum step {
    STEP_CLAIM, STEP_LOOK, STEP_SWAP, STEP_DONE, STEP_HOLD, STEP_CANARY,
    STEP_WINDOW, STEP_LEADER, STEP_PROMOTE, STEP_GIVE_BACK,
};

/* An order on its way. */
struct op {
    enum step step;
    bool is_claim, is_settle, failed;
    bool is_late;                               /* its connection was closed: nobody waits for the answer */
    struct claim_order order;
    char id[ID_BYTES_MAX + 1], key[CLIENT_KEY_BYTES];
    char expected[STORE_TEXT_BYTES], value[STORE_TEXT_BYTES];
    int64_t pttl_most_ms;
    struct claim_window window;                 /* copied from the order */
    char other[CLIENT_KEY_BYTES];               /* key of the window, or of its leader */
    char leader[ID_BYTES_MAX + 1];
    struct claim_answer answer;
    enum settle_answer settled;
    uint32_t connection, worker, life, rounds;
    uint32_t run;                               /* of a late one: of the server that has it */
    struct store_reply reply;
};

/* client.c: an answer of memory says nothing of claims in the store */
void client_say_claim(struct world *, struct worker *, const struct op *, const struct claim_answer *);
void client_answer_claim(struct world *, struct worker *, const struct op *, const struct claim_answer *);
void client_answer_end(struct world *, struct worker *, const struct op *, enum settle_answer);
void client_send(struct world *, struct worker *, struct op *, enum step);

/* client_execute.c */
void client_execute(struct world *, struct op *);
void client_execute_late(struct world *, struct client *, const struct op *);      /* its connection is over */

/* client_text.c */
void client_value_text(const struct claim_value *, char text[STORE_TEXT_BYTES]);
void client_holder_text(const struct worker *, const struct claim_order *, char text[STORE_TEXT_BYTES]);

/* client_tell.c: what stood there before is given */
void client_tell_key(struct world *, const struct op *, const struct store_reply *before);
void client_tell_taken(struct world *, const struct op *, const struct claim_value *met);   /* a claim was taken over */
void client_tell_opened(struct world *, const struct op *);     /* a window, if there was none */
void client_tell_handed(struct world *, const struct op *);     /* a window: it has another leader, if that was written */

/* client_window.c */
void client_window_ask(struct world *, struct worker *, struct op *);
bool client_window_replied(struct world *, struct worker *, struct op *);    /* true: answered and over */

/* client_degrade.c: true: answered by memory, the op is taken over */
bool client_goes_on_alone(struct world *, struct worker *, struct op *);
void client_pay(struct world *, struct worker *);           /* the store is back: it is told what it missed */

/* client_canary.c */
void client_pulse(struct world *, struct worker *);
void client_canary_replied(struct world *, struct worker *, const struct op *);

#endif
