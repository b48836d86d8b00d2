/* notice_parts.h: what the files of the notice backend share; for nobody else. */
#ifndef CODECS_NOTICE_PARTS_H
#define CODECS_NOTICE_PARTS_H

#include "codecs/notice.h"

#define NOTICE_CONTENT_TYPE "application/json;charset=UTF-8"
#define NOTICE_USER_AGENT   "alertbridge/" ALERTBRIDGE_VERSION

/* The portal's form of a text: {"defaultValue":...,"i18nValue":{locale:...}}. */
void notice_put_i18n(struct buf *, const struct i18n *);
void notice_put_template(struct buf *, const struct template *, const struct event *);

bool i18n_is_there(const struct i18n *);
uint32_t i18n_weigh(const struct i18n *);

void notice_sign(const struct backend_settings *, const struct credential *, const struct stamp *, struct crypto *,
                 struct request *);
void notice_judge(const struct reply *, struct verdict *);

#endif
