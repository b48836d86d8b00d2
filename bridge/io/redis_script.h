/* redis_script.h: the three Lua scripts. Each has one key, reads it, and writes it only if it is what the caller expects. */
#ifndef BRIDGE_IO_REDIS_SCRIPT_H
#define BRIDGE_IO_REDIS_SCRIPT_H

#include "bridge/io/redis_resp.h"

enum redis_script {
    SCRIPT_SWAP,        /* key; expected value ("" = no key, "?" = only look), new, its px, PTTL at most: 1, or {value, PTTL} */
    SCRIPT_HOLD,        /* key; our "<owner>.<dispatch>", connection, new value, its px: 1, or the value that stays */
    SCRIPT_PROMOTE,     /* key of a window; the leader expected there, the new one: 1, or who leads ("" = nobody) */
    SCRIPT_GIVE_BACK,   /* as SCRIPT_HOLD, but only what is held is written; new value "" = no key */
    SCRIPT_CANARY,      /* key; a generation to begin with: {before, after} */
    SCRIPT_COUNT,
};

enum { SCRIPT_SHA_DIGITS = 40 };

/* Redis tells the digests when the scripts are loaded; "" = not loaded yet, the text is sent instead (which loads it). */
struct redis_scripts {
    char sha[SCRIPT_COUNT][SCRIPT_SHA_DIGITS + 1];
};

void redis_script_load(struct resp *, enum redis_script);
bool redis_script_loaded(struct redis_scripts *, enum redis_script, struct slice sha);     /* false: not a digest */

/* Begins the call; `arguments` words follow. `by_text` after a NOSCRIPT. */
enum script_form { SCRIPT_BY_DIGEST, SCRIPT_BY_TEXT };
void redis_script_call(struct resp *, const struct redis_scripts *, enum redis_script, enum script_form, struct slice key,
                       uint32_t arguments);

#endif
