/* notice_sim.h: between the parts of the portal: who calls, the messages' rules, their store, the reading calls. Private. */
#ifndef BRIDGE_SIM_NOTICE_SIM_H
#define BRIDGE_SIM_NOTICE_SIM_H

#include "bridge/sim/world.h"

enum { PORTAL_BATCH_MAX = 100 };

/* One message of a batch, read and found good. Borrows the request's tree. */
struct draft {
    const struct value *json;
    struct slice id;
    int target_type;                    /* -1 = not given */
    const struct value *targets;        /* NULL = not given */
    struct hash128 content;
};

/* A refusal by a body code (http 0), or by the gateway (http above 0). */
struct refusal {
    int http, code;
    char message[96];
};

/* Who calls (notice_auth.c): NULL = refused. */
struct app *notice_authenticate(struct sim_call *);
void token_reply(struct sim_call *, const struct access_token *);

/* A message's rules (notice_message.c); false: refused. `is_known` = its id exists, or stands earlier in the batch. */
bool draft_read(struct sim_call *, struct app *, const struct value *json, bool is_known, struct draft *, struct refusal *);

/* What users see of it first: the header in its first locale. Good while the request is. */
struct slice draft_title(const struct draft *);

/* The store (notice_store.c). */
struct message *message_find(struct sim_call *, struct slice org, struct slice id);     /* NULL = unknown or forgotten */
void message_send(struct sim_call *, struct slice org, const struct draft *);           /* created if new; users are filtered */
void message_join_late(struct sim_call *);              /* late_joiner: new users get the old messages */
bool user_is_known(const struct sim *, struct slice user);

/* Calls that only read (notice_read.c). */
void notice_get(struct sim_call *, struct slice org, const struct value *body);
void notice_users(struct sim_call *, const struct value *body);
void notice_roster(struct sim_call *, const struct value *body);

#endif
