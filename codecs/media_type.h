/* media_type.h: what a content type says about the bytes it stands for. */
#ifndef CODECS_MEDIA_TYPE_H
#define CODECS_MEDIA_TYPE_H

#include "codecs/slice.h"

enum media_type {
    MEDIA_OTHER,                /* one that says nothing to us */
    MEDIA_JSON,                 /* application/json, text/json, anything +json but the two below */
    MEDIA_MSGPACK,              /* application/msgpack, application/x-msgpack, application/vnd.msgpack */
    MEDIA_CLOUDEVENT,           /* application/cloudevents+json */
    MEDIA_CLOUDEVENT_BATCH,     /* application/cloudevents-batch+json */
};

/* Parameters behind a semicolon and the case of letters do not matter. */
enum media_type media_type_of(struct slice content_type);

/* What the first byte tells: MEDIA_JSON, MEDIA_MSGPACK (a map or an array), else MEDIA_OTHER. */
enum media_type media_type_guess(struct slice bytes);

#endif
