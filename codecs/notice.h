/* notice.h: EnOS Application Portal, notice-message/produce, and the token service in front of it.
 * Facts: https://support.enos-iot.com/docs/app-portal-api/en/2.4.4/application/notice_message_produce.html;
 * signature: https://support.enos-iot.com/docs/api/zh_CN/3.0.0/token/invoke_api_with_access_token.html */
#ifndef CODECS_NOTICE_H
#define CODECS_NOTICE_H

#include "codecs/backend.h"

extern const struct backend notice_backend;

enum { NOTICE_BATCH_MAX = 100, MESSAGE_ID_BYTES_MAX = 256 };

/* lower-case hex SHA-256 of token + sorted decoded query (key+value) + body + timestamp_ms + secret. */
struct notice_parameter {
    struct slice name, value;
};
void notice_signature(struct crypto *, struct slice token, const struct notice_parameter *sorted, uint32_t n, struct slice body,
                      int64_t timestamp_ms, struct slice secret, char hex[65]);

/* lower-case hex SHA-256 of appKey + timestamp_ms + appSecret. */
void notice_encryption(struct crypto *, struct slice app_key, int64_t timestamp_ms, struct slice app_secret, char hex[65]);

/* messageId: prefix + id, or prefix + "#" + 32 hex digits when that is too long for MESSAGE_ID_BYTES_MAX. */
void notice_message_id(struct buf *, const char *prefix, struct slice id);

/* The token calls, POST /apim-token-service/v2.0/token/get and /refresh. `old` absent = get. */
void notice_token_request(struct request *, struct crypto *, const struct credential *, struct slice old, int64_t wall_ms);

enum token_result {
    TOKEN_OK,
    TOKEN_AGAIN,        /* 1001 (same millisecond as another replica), transport, 5xx: soon again with a new timestamp */
    TOKEN_GET_INSTEAD,  /* 1204: the refresh failed, get a new one */
    TOKEN_REFUSED,      /* 1002, 1003, 1004, 1202: key or secret are wrong */
};
struct token_reply {
    enum token_result result;
    char token[512];
    int64_t expire_s;   /* remaining life, seconds */
    int code;
    int status;
};
void notice_token_judge(const struct reply *, struct token_reply *);

#endif
