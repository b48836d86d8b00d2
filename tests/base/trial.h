/* trial.h: one load of a configuration written in the test, with its report. */
#ifndef TESTS_BASE_TRIAL_H
#define TESTS_BASE_TRIAL_H

#include "bridge/config.h"
#include "codecs/buf.h"
#include "tests/support/servers.h"

struct trial {
    struct config *config;          /* NULL = refused */
    struct config_report report;
    char text[65536];               /* the report, as it is printed */
    struct temp_dir dir;            /* files of the trial: bridge.yaml, second.yaml, secret, empty */
};

/* @/ in the texts stands for the folder's path. The others NULL = none; lists end with NULL. */
struct trial_input {
    const char *yaml, *second;
    const char *const *sets;
    const char *const *environment;
    bool (*check_kafka)(const struct config *, const char **property, char *error, size_t error_size);
};
struct trial *trial_run(const struct trial_input *);
struct trial *trial_of(const char *yaml);
void trial_end(struct trial *);

/* The problem with this path; NULL = none. */
const struct config_problem *trial_problem(const struct trial *, const char *path);

/* The example of the documents: a whole file that is accepted. */
const char *trial_whole(void);

/* The whole file with one text in place of another, which must be there. Lives until the next call. */
const char *trial_changed(const char *from, const char *to);

#endif
