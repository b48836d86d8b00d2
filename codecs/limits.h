/* limits.h: the ceilings of what may come in. Hard ones; configuration may only lower them. */
#ifndef CODECS_LIMITS_H
#define CODECS_LIMITS_H

enum {
    RECORD_BYTES_DEFAULT = 256 * 1024,
    RECORD_BYTES_MAX = 1024 * 1024,
    DEPTH_MAX = 32,
    NODES_MAX = 16384,          /* values in one record, keys not counted */
    KEY_BYTES_MAX = 256,        /* one member's name */
    STRING_BYTES_MAX = 64 * 1024,
    EVENTS_IN_RECORD_MAX = 1000,
    ID_BYTES_MAX = 128,
    TARGETS_IN_EVENT_MAX = 1000,
    TAGS_MAX = 32,
    LABELS_MAX = 32,
    REQUEST_BODY_BYTES_MAX = 1024 * 1024,
    REPLY_BYTES_MAX = 64 * 1024,
    HEADERS_MAX = 64,           /* Kafka headers of a record that are looked at */
    SOAR_URL_BYTES_MAX = 8192,  /* the real limit is unpublished; a longer URL is judged too_large before it is sent */
};

#endif
