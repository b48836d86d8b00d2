/* story.h: the engine alone on a virtual clock; what it narrates is compared line by line.
 *
 * A story sets a stage, lets things happen, and expects the trace. Answers come from scripts: claims by id, replies in order;
 * what no script names goes well. Nothing sleeps. */
#ifndef TESTS_STORY_STORY_H
#define TESTS_STORY_STORY_H

#include "bridge/core/engine.h"

/* The stage: a notice target "portal" (index 0) and a soar target "soar" (index 1); routes: notices to portal,
 * incidents and alerts to soar. */
struct engine_config *stage(void);          /* fresh configuration to be changed before story_begin */
/* assigns alerts/3 from offset 41 on, credentials at hand; the trace starts after it */
void story_begin(void);

/* A record with one event. incident ids make the lane: equal ids wait for each other. */
void receive(int64_t offset, const char *id, const char *incident);             /* a notice for portal */
void receive_alert(int64_t offset, const char *id, const char *incident);       /* an incident for soar */
void receive_text(int64_t offset, const char *json);
void receive_alert_made(int64_t offset, const char *id, const char *incident, int64_t ago_ms);     /* its record is older */
void receive_repeat(int64_t offset, const char *id, const char *incident, const char *dedup_key);    /* a notice for portal */
void receive_replay(int64_t offset, const char *id, const char *incident);

/* Scripts. */
void claim_says(const char *id, enum claim_verdict, uint32_t doubt);    /* for the next claim of that id; more calls queue up */
void claim_meets_own(const char *id, uint64_t dispatch);                /* busy: another delivery here holds it */
void replies(enum outcome, ...);            /* outcomes of the next calls, ended by OUTCOME_COUNT; each takes 10 ms */
void reply_is(enum outcome, int status, const char *code, int64_t retry_after_ms);
/* calls with the message <prefix><2 digits> are rejected, others delivered */
void refuse_whatever_holds(const char *prefix, uint32_t number);
void refuse_message(const char *id);         /* likewise; as many as one likes */
void refuse_all(bool refuse);               /* every call is rejected, whatever the other scripts say */
void refuse_for(const char *id, enum outcome);      /* calls with that message are AUTH or CONFIG */
void fail_for(const char *id);               /* calls with that message are OUTCOME_NOT_EXECUTED */
void slow_target(uint32_t target, ms_t takes_ms);   /* instead of 10 ms a call */
void calls_hang(void);                      /* calls are not answered until calls_return() */
void calls_return(void);
void settles_say(enum settle_answer, uint32_t times);
void parks_fail(uint32_t times);
void parks_hang(bool hang);                 /* dead letters are not answered; false: those that hang are written */
void commits_say(enum commit_result, uint32_t times);
void store_forgets(void);                   /* Redis lost its memory, as of now */
void claims_take(ms_t ms);                   /* until a claim is answered; at once without it */
void store_is_silent(bool silent);          /* every claim and settle is answered UNKNOWN after 5 ms */

/* story_store.c: claims and ends by the tables, instead of by script. What is said of keys is said of portal's. */
void store_is_truthful(void);
/* the next window that is asked for, by an event of another worker */
void window_is_led_by(const char *id, enum claim_state, ms_t age_ms);
void key_is(const char *id, const struct claim_value *, ms_t age_ms);
enum claim_state key_state(const char *id);
uint32_t doubt_if_killed(void);             /* the sum of what others would find, were this worker gone from here on */

/* Happenings. */
void pass(ms_t ms);                         /* virtual time; answers come in as they fall due */
void revoke(void);
void lose(void);
void assign(int64_t next_offset);
void resume(void);
void drain(void);
void operator_says(enum control);
void credentials_live(ms_t ms);              /* from when they are fetched; without it for ever */
void credential_fails_then_hangs(void);     /* the next fetch is answered no, those after it not at all */
void tokens_stay(void);                     /* what is fetched is what there was before */
void rotate(uint32_t target);               /* new credentials are at hand */

/* What is asserted. */
void expect(const char *trace);             /* all lines since the last expect, joined by newlines */
void expect_line(const char *part);         /* one of the lines since the last expect contains this; the lines stay */
void expect_no_line(const char *part);
void tell_nothing(void);                    /* no trace from here on: too much happens */
void forget(void);                          /* drops the lines so far */
/* Claims, ends, renewals, calls, entries of the journal and records given back since the last time, in their order. */
void expect_order(const char *effects);
void expect_journal(const char *entries);    /* the journal since the last time, one line each */
enum claim_state last_end(const char *id);   /* what the last SETTLE wrote; it was of that id */
int64_t committed(void);                    /* last offset given to COMMIT and accepted; -1 = none */
uint32_t freed(void);                       /* records given back */
uint32_t degradable_orders(uint32_t target);    /* claims and ends that the store may answer by itself while Redis is away */
uint32_t calls_seen(void);
bool calls_kept_the_order(void);            /* messages ended in the order of their ids */
uint32_t parked_seen(const char *reason);
uint32_t drained_seen(void);
bool drained_complete(void);
bool is_paused(void);
bool takes(void);                           /* one more record of the partition is wanted */
const struct engine_stats *stats(void);
void everything_adds_up(void);              /* opened = terminal + in flight, for each target */

#endif
