/* commands.h: the rows of commands.def as tables. */
#ifndef BRIDGE_CMD_COMMANDS_H
#define BRIDGE_CMD_COMMANDS_H

#include "bridge/cmd/cmd.h"
#include "codecs/buf.h"

enum command_flag { OWN_HELP = 1 };     /* the command answers --help itself: it has more to say than its rows */

struct command {
    const char *name;
    unsigned flags;
    const char *usage, *summary, *examples;
};

struct command_option {
    const char *command;    /* NULL = of every command */
    char letter;            /* 0 = none */
    const char *name, *argument, *text;
};

extern const struct command commands[];
extern const unsigned n_commands;
extern const struct command_option command_options[];
extern const unsigned n_command_options;

const struct command *command_find(const char *name);       /* NULL = none */
const struct command_option *command_option_find(const char *command, const char *name, size_t size);
const struct command_option *command_letter_find(char letter);

void help_all(struct buf *);
void help_command(struct buf *, const struct command *);
void help_docs(struct buf *);                               /* docs/cli.md */

/* Splits common options from the command's own words and checks all names. Returns EXIT_DONE, or EXIT_USAGE with `error` filled.
 * The arrays that the context points to live in `words`. */
enum { WORDS_MAX = 256 };
struct command_words {
    const char *files[WORDS_MAX], *sets[WORDS_MAX];
    char *own[WORDS_MAX + 1];
    const char *name;       /* the command, NULL = none given */
    bool help, version;
};
int command_words_split(int argc, char **argv, struct command_words *, struct cmd_context *, char *error, size_t error_size);

/* Room for everything that a command prints at once; NULL when memory is short. */
struct buf *text_new(void);
void text_free(struct buf *);
bool text_write(const struct buf *);    /* to stdout, whole; else false, and stderr says why */
int text_print(struct buf *);       /* to stdout; EXIT_DONE or EXIT_IO. Frees it */

#endif
