/* client.h: a client of the simulator for its tests: signs with the codecs, keeps one simulator and one clock for the process. */
#ifndef TESTS_SIMULATORS_CLIENT_H
#define TESTS_SIMULATORS_CLIENT_H

#include "bridge/sim/sim.h"

#include <criterion/criterion.h>

enum { PARAMETERS_MAX = 24 };

/* The simulator under test. */
struct client {
    struct sim *sim;
    struct sim_reply reply;
    int64_t now_ms;             /* the client's and the simulator's clock */
    uint32_t nonces;
    char token[128];
};
extern struct client client;

void begin(void);                               /* a fresh simulator, keys testid:testsecret and testkey:testsecret */
void begin_with(const struct sim_options *);
void knob(const char *pair);
void fault(const char *spec);
const char *body(void);                         /* of the last reply */
bool body_has(const char *text);
bool head_has(const char *text);
struct stats *stats(void);
uint64_t executions(void);
const struct execution *execution(uint64_t i);
bool text_is(struct slice, const char *text);

/* One SOAR call; begin with soar() and change what the test is about. */
struct soar {
    const char *method, *path, *key, *secret, *token, *action, *version, *nonce, *accept, *authorization;
    int64_t skew_ms;
    const char *names[PARAMETERS_MAX], *values[PARAMETERS_MAX];
    unsigned n;
    const char *body;
};
struct soar soar(void);
void with(struct soar *, const char *name, const char *value);     /* value NULL takes the parameter away */
int send_soar(const struct soar *);                                 /* the status */
int send_incident(const char *id);                                  /* soar() with that incidentID */
bool code_is(const char *code);

/* The portal. */
int token_get(int64_t ms);                      /* status of the service's envelope; keeps the token */
int token_refresh(int64_t ms);
int portal(const char *path, const char *org, const char *json);    /* `code` of the reply, else `status`, else -HTTP status */
int produce(const char *messages);              /* org o1; the inside of the list */
int produce_one(const char *id, const char *to);                    /* to: "all", or a JSON list */
const char *message(const char *id, const char *to);                /* its text, good until the fourth next call */
int raw(const char *method, const char *target, const char *body);  /* unsigned; the HTTP status */

#endif
