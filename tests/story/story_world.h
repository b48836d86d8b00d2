/* story_world.h: the state of the little world around the engine, for the files of story.h. */
#ifndef TESTS_STORY_STORY_WORLD_H
#define TESTS_STORY_STORY_WORLD_H

#include "bridge/core/engine.h"

enum { JOURNAL_MAX = 512 };
enum { EVENTS_MAX = 4096, SCRIPT_MAX = 256, TRACE_MAX = 1 << 18, RECORDS_MAX = 4096, CALL_MS = 10, SILENT_MS = 5 };

struct happening {
    ms_t at;
    uint64_t order;
    struct input input;
    bool used;
};

struct stored_record {
    struct record_view view;
    char value[2048], key[64];
    struct header header;
};

struct story_entry {
    enum journal_what what;
    bool again;
    enum terminal end;
    char id[64], target[64], text[256];
    uint32_t doubt;
};

struct story_key {
    uint32_t target;
    char id[64];
    struct claim_value value;
    ms_t written_ms;
};

struct story_window {
    uint32_t route;
    struct hash128 hash;
    char leader[64];
    ms_t expires_ms;
};

enum { STORE_KEYS_MAX = 2048, STORE_WINDOWS_MAX = 64 };

struct story_store {
    bool truthful;
    struct story_key keys[STORE_KEYS_MAX];
    struct story_window windows[STORE_WINDOWS_MAX];
    uint32_t n_keys, n_windows;
    char led_by[64];            /* of the next window that is asked for; "" = nobody */
};

struct story_world {
    struct engine_config config;
    struct backend_settings notice, soar;
    void *memory;
    struct engine *engine;
    struct decoder *decoder;
    ms_t now;
    uint64_t order;
    struct happening happenings[EVENTS_MAX];
    struct stored_record *records;
    uint32_t n_records;
    struct {
        char id[64];
        enum claim_verdict verdict;
        uint32_t doubt;
        uint64_t own_dispatch;      /* BUSY: held by this custody of this process; 0 = by another process */
        bool used;
    } claims[SCRIPT_MAX];
    uint32_t n_claims;
    struct verdict replies[SCRIPT_MAX];
    uint32_t n_replies, next_reply;
    enum settle_answer settle_answer;
    enum commit_result commit_result;
    uint32_t settles, parks_failing, commits;
    ms_t takes_ms[2];           /* a call of that target; 0 = CALL_MS */
    ms_t claim_ms;
    bool refusing, hanging, parks_hang, silent, paused, credentials_hang, tokens_stay;
    uint32_t credential_refusals;
    ms_t credential_life;
    char guilty_ids[100][16];
    uint32_t n_guilty;
    char last_ended[32];
    bool out_of_order;
    struct story_store store;
    char guilty[32], foreign[32], poison[32];
    enum outcome foreign_outcome;
    struct input held[SCRIPT_MAX];
    uint32_t n_held;
    struct input held_parks[SCRIPT_MAX];
    uint32_t n_held_parks;
    char trace[TRACE_MAX];
    size_t trace_size;
    int64_t committed;
    uint32_t freed, calls, drained, epoch;
    uint32_t parked[REASON_COUNT];
    uint32_t degradable[2], orders[2];      /* by target */
    bool complete;
    struct story_entry journal[JOURNAL_MAX];
    uint32_t n_journal;
    char last_end_id[64];       /* of the last SETTLE */
    enum claim_state last_end;
    char given_out[4096];       /* effects of claims, calls and the journal, in the order they were given out */
    size_t given_out_size;
};

extern struct story_world world;

void story_feed(struct input);              /* now */
void story_later(ms_t wait, struct input);  /* on the virtual clock */
struct claim_answer store_claim(const struct claim_order *);        /* story_store.c */
enum settle_answer store_settle(const struct claim_order *);
void story_perform(const struct effect *);  /* story_answers.c: what the scripts say to an effect */

#endif
