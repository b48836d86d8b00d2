/* claim_value.h: the value of a delivery's key in Redis, one short text.
 *
 *   C:<attempt>:<owner>.<custody>:<doubt>:<first_sent_ms>:<lease_ms>:<ttl_ms>:<fp>    claimed: a call may be under way
 *   C:<attempt>:<owner>.<custody>:<doubt>=:...                                        likewise, idle: surely none is
 *   D:<fp>            done                   R:<attempt>:<fp>   released, surely not executed
 *   U:<doubt>:<fp>    unconfirmed (held)     X:<fp>             dead
 *
 * Integers decimal, owner and fp 16 hex digits. Times in Redis's clock. lease_ms 0 = given up. The last seven digits of <custody>
 * are the connection, those in front of them the dispatch. */
#ifndef CODECS_CLAIM_VALUE_H
#define CODECS_CLAIM_VALUE_H

#include "codecs/buf.h"

enum claim_state {
    CLAIM_STATE_NONE = 0,       /* no key */
    CLAIM_STATE_CLAIMED = 'C',
    CLAIM_STATE_DONE = 'D',
    CLAIM_STATE_RELEASED = 'R',
    CLAIM_STATE_UNCONFIRMED = 'U',
    CLAIM_STATE_DEAD = 'X',
};

struct claim_value {
    enum claim_state state;
    uint32_t attempt;           /* from 1 */
    uint32_t doubt;             /* sends whose end is unknown */
    bool idle;                  /* claimed, and no call is under way nor begins before this is taken back */
    uint64_t owner;             /* random number of the process */
    uint64_t dispatch;          /* number of the custody within the process */
    uint32_t connection;        /* of the process, over which this was written: an older one overwrites nothing newer */
    int64_t first_sent_ms;      /* wall clock of the first call, 0 = none yet */
    int64_t lease_ms;
    int64_t ttl_ms;
    uint64_t fp;
};

enum {
    CLAIM_VALUE_BYTES_MAX = 192,
    CLAIM_CONNECTION_MAX = 9999999,     /* from there on they are all the same */
};

void claim_value_write(struct buf *, const struct claim_value *);
bool claim_value_read(struct slice, struct claim_value *);      /* false: not one of ours; nothing is assumed then */

#endif
