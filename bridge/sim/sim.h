/* sim.h: the door of the simulators of both backends: SOAR's gateway with STS, and the portal's gateway with its token service.
 *
 * Pure: a request and its time go in, a reply and what to do to its connection come out. No socket, no clock; randomness comes
 * from the seed, so the same requests at the same times give the same replies. The HTTP server of sim_server.h and a
 * deterministic simulation call the same two functions. What the vendors do not document is a knob (knobs.def). */
#ifndef BRIDGE_SIM_SIM_H
#define BRIDGE_SIM_SIM_H

#include "bridge/sim/faults.h"
#include "bridge/sim/knobs.h"
#include "bridge/sim/ledger.h"
#include "bridge/sim/stats.h"
#include "codecs/buf.h"

enum { SIM_REQUEST_HEADERS_MAX = 64, SIM_REPLY_BYTES = 512 * 1024, SIM_BODY_BYTES_MAX = 8 * 1024 * 1024 };

struct sim;

/* Who may call. Texts are copied. Without keys: testid:testsecret, and testkey:testsecret for the portal; without playbooks or
 * organizations, any is known. */
struct sim_options {
    uint64_t seed;
    const char *const *access_keys;     /* "ID:SECRET" or "ID:SECRET:SECURITY_TOKEN" */
    const char *const *app_keys;        /* "KEY:SECRET" */
    const char *const *orgs;
    const char *const *playbooks;       /* a UUID; "-UUID" is known and disabled */
    unsigned n_access_keys, n_app_keys, n_orgs, n_playbooks;
};

struct sim_header {
    struct slice name, value;           /* the value without white space around it */
};

/* One request as it was received; nothing is decoded. Slices are borrowed for the call. */
struct sim_request {
    struct slice method, target, body;
    const struct sim_header *headers;
    uint32_t n_headers;
    int64_t wall_ms;
};

/* How the exchange ends. */
enum sim_end {
    SIM_END_KEEP,               /* the reply, and the connection lives on */
    SIM_END_CLOSE,              /* the reply, announced by Connection: close */
    SIM_END_CLOSE_SILENTLY,     /* the reply, then a close that was not announced */
    SIM_END_NO_REPLY_CLOSE,     /* closed without a byte */
    SIM_END_NO_REPLY_RESET,     /* reset without a byte */
    SIM_END_HANG,               /* no byte for hang_ms, then closed */
};

struct sim_reply {
    int status;
    struct buf head;            /* header lines, each ended by CRLF; Content-Length is the server's */
    struct buf body;
    uint64_t filler_bytes;      /* spaces behind the body, counted as part of it */
    enum sim_end end;
    int64_t delay_ms;           /* before the first byte */
    int64_t hang_ms;
    int64_t idle_close_ms;      /* >= 0: close when nothing follows for so long */
    int64_t cut_at;             /* >= 0: this many bytes of the body are sent, then the connection is closed */
    int64_t length_error;       /* added to the Content-Length that is announced */
    int64_t drip_bytes, drip_ms;/* drip_bytes > 0: head and body leave so many bytes at a time */
    bool executed;              /* at least one message was taken */
};

struct sim *sim_new(const struct sim_options *, char *error, size_t error_size);    /* NULL: `error` says why */
void sim_free(struct sim *);

/* Forgets ledger, statistics, faults, tokens and nonces; keys and knobs stay. */
void sim_reset(struct sim *);

/* `memory` of SIM_REPLY_BYTES belongs to the reply until its last use. */
void sim_reply_init(struct sim_reply *, void *memory);

/* A connection was accepted: false = reset it at once. */
bool sim_accept(struct sim *, int64_t wall_ms);
void sim_handle(struct sim *, const struct sim_request *, struct sim_reply *);

struct knobs *sim_knobs(struct sim *);
struct faults *sim_faults(struct sim *);
struct ledger *sim_ledger(struct sim *);
struct stats *sim_stats(struct sim *);

/* GET /stats: counts by API, outcome and fault, as one JSON object. */
void sim_stats_json(struct sim *, struct buf *);

#endif
