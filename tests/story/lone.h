/* lone.h: an engine and a world that answers nothing by itself. One delivery, "x", is led into a state; then the test says what
 * comes next, and in the end everything is answered well until nothing is open.
 *
 * What must always hold is watched all the way: nothing is committed beyond a record that is not finished, each record is given
 * back once, the counts add up. */
#ifndef TESTS_STORY_LONE_H
#define TESTS_STORY_LONE_H

#include "bridge/core/state.h"

enum { LONE_RECORDS = 16, LONE_OUT = 64 };

enum lone_target { LONE_PORTAL, LONE_SOAR };

struct lone {
    struct engine_config config;
    struct backend_settings settings[2];
    void *memory;
    size_t memory_size;
    struct engine *engine;
    struct decoder *decoder;
    ms_t now;
    struct {
        struct record_view view;
        char value[512], key[16];
        int64_t offset;
        uint32_t epoch;
        bool freed, abandoned;
    } records[LONE_RECORDS];
    char messages[LONE_RECORDS][1024];      /* as the worker keeps them with the record */
    uint32_t n_records, x;      /* x: the record of the delivery that the test is about */
    uint32_t epoch;
    struct header header;       /* of all records while they are open; without a name: none */
    int64_t next_offset, committed;
    struct lone_out {           /* effects that wait for an answer */
        struct effect effect;
        uint32_t handle;        /* of the record that it is for; UINT32_MAX = none */
        bool used;
    } out[LONE_OUT];
    struct tag delivery_tag, call_tag;      /* given out last for x */
    bool stale_commits;
    char failure[200];          /* "" = all is well */
};

/* Memory is used again for the next. Targets: portal with batches of two, soar with one call at a time. */
void lone_begin(struct lone *);
void lone_release(struct lone *);

uint32_t lone_receive(struct lone *, enum lone_target, const char *id, const char *incident);     /* handle */
uint32_t lone_receive_text(struct lone *, const char *text);
void lone_assign(struct lone *);
void lone_feed(struct lone *, struct input);        /* and pulls what comes of it */
void lone_feed_only(struct lone *, struct input);   /* the effects are pulled with the next */
void lone_wait(struct lone *, ms_t);                /* time passes, no answer comes */
void lone_pull(struct lone *);                      /* lone_watch.c: keeps what waits for an answer, looks at the rest */

/* Answers the effect of that kind that is out for a record; false when there is none. */
bool lone_claimed(struct lone *, uint32_t handle, enum claim_verdict);
bool lone_called(struct lone *, uint32_t handle, enum outcome, int64_t retry_after_ms);
bool lone_settled(struct lone *, uint32_t handle, enum settle_answer);      /* of a SETTLE or a RENEW */
bool lone_parked(struct lone *, uint32_t handle, bool ok);
void lone_answer_credentials(struct lone *);
void lone_forget_out(struct lone *, enum effect_kind, struct tag);          /* answered by lone_feed */

struct input lone_call_answer(struct tag, enum outcome, int64_t retry_after_ms);
enum delivery_state lone_state(const struct lone *);                        /* of x; FREE when it is over */
void lone_finish(struct lone *);            /* all is answered well until nothing is open; then the rules of rest are looked at */

#endif
