/* kafka_parts.h: what the kafka*.c files share: one struct kafka, and who does what with it.
 *
 *   kafka.c         the turn: wake-ups, polling, leaving
 *   kafka_record.c  a polled message: its record, its headers, its error
 *   kafka_conf.c    properties: what the promise needs, what the user may set
 *   kafka_rules.c   which source a topic belongs to
 *   kafka_event.c   librdkafka's errors and log lines in the words of the handler
 *   kafka_group.c   assignment: assigned, looked up, begun, revoked, lost
 *   kafka_fetch.c   keeps librdkafka fetching
 *   kafka_queues.c  a queue for each partition, and which of them are silent
 *   kafka_commit.c  offsets on their way to the group
 *   kafka_park.c    dead letters: headers, stubs, answers
 *   kafka_writer.c  the clients that write them */
#ifndef BRIDGE_IO_KAFKA_PARTS_H
#define BRIDGE_IO_KAFKA_PARTS_H

#include "bridge/io/kafka.h"

#include <regex.h>

struct event;
struct rd_kafka_s;
struct rd_kafka_conf_s;
struct rd_kafka_queue_s;
struct rd_kafka_message_s;
struct rd_kafka_op_s;
struct rd_kafka_headers_s;
struct rd_kafka_topic_partition_s;
struct rd_kafka_topic_partition_list_s;

enum {
    KAFKA_ERROR_BYTES = 512,
    KAFKA_RECORDS_A_TURN = 256,     /* then the loop gets to see its other descriptors */
    KAFKA_LOOKUP_MS = 5000,
    KAFKA_LOOKUP_AGAIN_MS = 500,
};

#define KAFKA_BEGUN "begun"         /* metadata of a commit: nothing was finished so far */

/* Where the membership stands. */
enum group_state {
    GROUP_IDLE,         /* no assignment                                                          */
    GROUP_LOOKUP,       /* assigned by the group, committed offsets are being looked up           */
    GROUP_READING,      /* the worker was told                                                    */
    GROUP_REVOKING,     /* the worker was asked to give up, and has not answered                  */
};

/* One partition of the assignment; its index is that of `assignment`. */
struct position {
    int64_t given;      /* one past the last record handed out; -1 = none yet and the start is not known */
    int64_t wanted;     /* to be committed with the next flush; -1 = nothing */
    int64_t asked;      /* the highest that the worker asked for since the last flush; `wanted` may be above it */
    int64_t sent, told; /* the same two of the commit under way; -1 = none */
    int64_t done;       /* the highest offset that was asked for in this epoch */
    bool silent;        /* paused: no record of it is taken */
    struct rd_kafka_queue_s *queue;
    int64_t end;        /* where the broker said that the partition ended, while it did; -1 = not at its end */
    bool pinned;        /* where reading began was committed */
    bool went_back;     /* and it was said */
    bool stopped;       /* what is to be read next is not in the log any more */
};

struct source_rule {
    char *name;
    uint32_t source;
    bool start_at_end, is_pattern;
    regex_t pattern;
};

struct kafka {
    struct kafka_handler handler;
    struct event_base *base;
    struct rd_kafka_s *consumer;
    struct rd_kafka_queue_s *records, *events;      /* of the consumer: its own, and answers, logs */
    int wake_fd;                                    /* eventfd that librdkafka writes to */
    struct event *on_wake, *on_tick, *on_again, *on_owner_had;
    bool taken_turn;                                /* of records, in this round of the loop */
    struct header *headers;                         /* scratch of one record */
    uint32_t headers_capacity;

    char *group;
    struct source_rule *rules;
    uint32_t n_rules;
    char **names;                                   /* topics ever assigned; live until kafka_free */
    uint32_t n_names;

    enum group_state state;
    uint32_t epoch;
    struct assignment *assignment;                  /* sorted by topic and number */
    struct position *positions;
    bool *at_end;                                   /* start_at_end of each, while looked up */
    uint32_t n_partitions;
    bool fetcher_sleeps;                            /* see kafka_fetch.c */
    size_t taken_bytes;                             /* since the fetching thread was last woken */
    uint32_t next_queue;                            /* the partition whose turn is next */
    uint32_t last_partition;                        /* of the last record: the next is usually of the same */
    uintptr_t lookup;                               /* serial; an older answer is stale */
    struct event *on_lookup;                        /* asks again */

    bool committing, flush_again;
    uint32_t commit_epoch;

    struct letter_writer {
        struct rd_kafka_s *client;
        struct rd_kafka_queue_s *reports;
    } together, alone;                              /* see kafka_writer.c; `alone` is made when it is needed */
    char *park_topic;
    struct refused_letter {
        struct tag tag;
        int error;
    } *refused;                                     /* parks that never reached the queue; answered in the next turn */
    uint32_t n_refused, refused_capacity;

    bool leaving, closed, told_closed;
    bool can_destroy;                               /* rd_kafka_destroy() will not hang */
    struct event *on_deadline;
    bool fatal;
    struct kafka_stats stats;
    struct kafka *next;                             /* left behind, with clients that could not be destroyed */
};

/* kafka.c */
void kafka_wake(struct kafka *);                    /* a turn soon, from the loop */

/* kafka_record.c */
void kafka_on_message(struct kafka *, const struct rd_kafka_message_s *);
bool kafka_headers_reserve(struct kafka *, size_t n);
bool kafka_headers_of(struct kafka *, const struct rd_kafka_message_s *, const struct header **, uint32_t *n);

/* kafka_conf.c: NULL with `error` when a property is refused. */
struct rd_kafka_conf_s *kafka_consumer_conf(const struct kafka_config *, char *error, size_t error_size);
struct rd_kafka_conf_s *kafka_producer_conf(const struct kafka_config *, char *error, size_t error_size);
long kafka_conf_number(const struct rd_kafka_conf_s *, const char *name);  /* 0 = it has none */

/* kafka_event.c */
bool kafka_is_offset_lost(int error);               /* what was to be read next is not in the log any more */
void kafka_say(struct kafka *, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Tells the owner, once, that the clients are of no more use: with the cause that the client knows, else with this one. */
void kafka_end_fatally(struct kafka *, struct rd_kafka_s *client, int error, const char *text);
void kafka_on_error(struct kafka *, struct rd_kafka_s *client, int error, const char *text);
void kafka_on_log(struct kafka *, struct rd_kafka_op_s *event);
void kafka_on_statistics(struct kafka *, const char *json, size_t size);

/* kafka_rules.c: which source a topic belongs to. */
bool kafka_rules_check(const struct kafka_config *, char *error, size_t error_size);
bool kafka_rules_init(struct kafka *, const struct kafka_config *);
void kafka_rules_release(struct kafka *);
const struct source_rule *kafka_rule_of(const struct kafka *, const char *topic);

/* kafka_fetch.c */
bool kafka_fetcher_sleeps(const struct rd_kafka_conf_s *);
void kafka_wake_fetcher(struct rd_kafka_s *consumer);
void kafka_took(struct kafka *, size_t bytes);      /* of a record that was polled */

/* kafka_queues.c */
void kafka_queues_open(struct kafka *);             /* before the partitions are assigned */
void kafka_queues_close(struct kafka *);            /* before they are given back */
bool kafka_queues_take(struct kafka *, uint32_t most);  /* true: there may be more */

/* kafka_group.c */
bool kafka_subscribe(struct kafka *, const struct kafka_config *, char *error, size_t error_size);
void kafka_on_rebalance(struct kafka *, int error, struct rd_kafka_topic_partition_list_s *);
void kafka_on_looked_up(struct kafka *, struct rd_kafka_op_s *event);
void kafka_look_up(struct kafka *);
bool kafka_is_only_begun(const struct rd_kafka_topic_partition_s *);       /* a committed offset with KAFKA_BEGUN */
void kafka_group_tick(struct kafka *);              /* an assignment that was lost while a revoke is open */
void kafka_group_end(struct kafka *);               /* gives everything back without asking */
bool kafka_partition_of(struct kafka *, const char *topic, int32_t number, uint32_t *partition);
void kafka_partitions_release(struct kafka *);

/* kafka_commit.c */
void kafka_on_committed(struct kafka *, struct rd_kafka_op_s *event);
void kafka_on_end(struct kafka *, uint32_t partition, int64_t offset);
void kafka_on_given(struct kafka *, uint32_t partition, int64_t offset);    /* a record is about to be handed on */
enum commit_result kafka_commit_result(int error);
void kafka_flush_ends(struct kafka *);              /* sends what kafka_on_end left */

/* kafka_park.c */
bool kafka_letters_turn(struct kafka *);            /* true: there is more */
void kafka_letter_reported(struct kafka *, struct letter_writer *, const struct rd_kafka_message_s *);

/* kafka_writer.c: the clients behind it. */
bool kafka_writers_start(struct kafka *, const struct kafka_config *, char *error, size_t error_size);
bool kafka_writer_turn(struct kafka *, struct letter_writer *);     /* true: there is more */
/* Takes `headers` over, also when it fails. Returns librdkafka's code. */
int kafka_write(struct kafka *, struct letter_writer *, struct slice key, struct slice value, struct rd_kafka_headers_s *headers,
                int64_t timestamp_ms, void *opaque);
int kafka_write_alone(struct kafka *, const struct rd_kafka_message_s *);           /* the same letter once more */
int64_t kafka_letter_ms(const struct rd_kafka_message_s *);     /* the time that it was written with, also when it was refused */
bool kafka_had_company(const struct letter_writer *, const struct rd_kafka_message_s *);    /* it may have had */
void kafka_writers_end(struct kafka *);

#endif
