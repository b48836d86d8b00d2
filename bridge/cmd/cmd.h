/* cmd.h: the subcommands. One file each; commands, options, help come from commands.def. */
#ifndef BRIDGE_CMD_CMD_H
#define BRIDGE_CMD_CMD_H

#include <stdbool.h>

/* Exit codes, sysexits(3). */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_USAGE = 64,
    EXIT_DATA = 65,
    EXIT_NO_INPUT = 66,
    EXIT_UNAVAILABLE = 69,
    EXIT_INTERNAL = 70,
    EXIT_SYSTEM = 71,
    EXIT_IO = 74,
    EXIT_TEMPORARY = 75,
    EXIT_NO_PERMISSION = 77,
    EXIT_CONFIG = 78,
};

int cmd_main(int argc, char **argv);

/* What every command gets: its own words after the command's name, and the options that are the same everywhere. */
struct cmd_context {
    int argc;
    char **argv;                    /* argv[0] is the command */
    const char *const *files;       /* --config, -c */
    unsigned n_files;
    const char *const *sets;        /* --set */
    unsigned n_sets;
    bool json;                      /* --output json */
    bool quiet;                     /* -q: no progress */
    const char *log_level, *log_format;     /* NULL = the configuration's */
};

int cmd_run(struct cmd_context *);
int cmd_check(struct cmd_context *);
int cmd_explain(struct cmd_context *);
int cmd_sim(struct cmd_context *);
int cmd_produce(struct cmd_context *);
int cmd_demo(struct cmd_context *);
int cmd_config(struct cmd_context *);
int cmd_schema(struct cmd_context *);
int cmd_version(struct cmd_context *);
int cmd_help(struct cmd_context *);

struct config;
/* Loads the configuration named by the context, prints what is wrong to stderr (or JSON to stdout) and returns NULL
 * with `*code` = 78, 66 or 64. */
struct config *cmd_load(struct cmd_context *, int *code);

#endif
