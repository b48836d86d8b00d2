/* replies.h: an HTTP reply out of fuzz bytes, and what any verdict on it must be like; for the targets of the two judges. */
#ifndef TESTS_FUZZ_REPLIES_H
#define TESTS_FUZZ_REPLIES_H

#include "codecs/outcome.h"
#include "tests/fuzz/shared.h"

/* A byte for how it ended, a status, headers each on a line, the body. */
static inline void
reply_take(struct bytes *bytes, struct reply *reply)
{
    static const int statuses[] = { 200, 201, 204, 0, 302, 400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504 };
    uint8_t end = bytes_u8(bytes), status = bytes_u8(bytes);
    *reply = (struct reply){ .transport = end & 128 ? (enum transport)(end % TRANSPORT_COUNT) : TRANSPORT_OK,
                             .begun = end & 64 ? end >> 4 & 3 : 1, .handed_over = !(end & 8) };
    reply->status = status < 16 ? statuses[status] : 100 + 2 * status;
    reply->content_type = bytes_part(bytes, '\n');
    reply->retry_after = bytes_part(bytes, '\n');
    reply->acs_retry_after = bytes_part(bytes, '\n');
    reply->date = bytes_part(bytes, '\n');
    reply->acs_request_id = bytes_part(bytes, '\n');
    reply->body = bytes_rest(bytes);
}

static inline void
verdict_must_be_sound(const struct reply *reply, const struct verdict *verdict)
{
    check(verdict->outcome < OUTCOME_COUNT && verdict->retry_after_ms >= 0);
    text_must_be_printable(verdict->code, sizeof(verdict->code));
    text_must_be_printable(verdict->request_id, sizeof(verdict->request_id));
    if (reply->transport != TRANSPORT_OK || reply->status < 200 || reply->status >= 300)
        check(verdict->outcome != OUTCOME_DELIVERED);
    if (verdict->outcome == OUTCOME_NOT_SENT)
        check(reply->transport == TRANSPORT_CONNECT || reply->transport == TRANSPORT_ABORTED || reply->begun == 0);
}

#endif
