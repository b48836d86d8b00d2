/* fuzz_notice_judge.c: any reply to the portal's judge and to that of its token service. */
#include "codecs/notice.h"
#include "tests/fuzz/replies.h"

int
FUZZ(notice_judge)(const uint8_t *data, size_t size)
{
    struct bytes bytes = { data, size };
    struct reply reply;
    struct verdict verdict;
    struct token_reply token;
    if (size > REPLY_BYTES_MAX)
        return 0;
    reply_take(&bytes, &reply);
    notice_backend.judge(&reply, &verdict);
    verdict_must_be_sound(&reply, &verdict);
    notice_token_judge(&reply, &token);
    text_must_be_printable(token.token, sizeof(token.token));
    check((token.result == TOKEN_OK) == (token.token[0] != '\0'));
    if (token.result == TOKEN_OK)
        check(token.expire_s > 0 && reply.transport == TRANSPORT_OK && reply.status >= 200 && reply.status < 300);
    return 0;
}
