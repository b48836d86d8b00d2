/* cmd.c: finds the command and runs it. */
#include "bridge/cmd/commands.h"

#include <stdio.h>

static int (*const functions[])(struct cmd_context *) = {
#define COMMAND(name, flags, usage, summary, examples) cmd_##name,
#define OPTION(command, name, argument, text)
#define COMMON(letter, name, argument, text)
#include "bridge/cmd/commands.def"
};

static int
print_help(const struct command *command)
{
    struct buf *out = text_new();
    if (out == NULL)
        return EXIT_INTERNAL;
    if (command != NULL)
        help_command(out, command);
    else
        help_all(out);
    return text_print(out);
}

static int
dispatch(const struct command *command, struct command_words *words, struct cmd_context *context)
{
    if (words->help && (command->flags & OWN_HELP) == 0)
        return print_help(command);
    if (words->help && context->argc < WORDS_MAX) {
        static char help[] = "--help";
        words->own[context->argc++] = help;
        words->own[context->argc] = NULL;
    }
    return functions[command - commands](context);
}

int
cmd_main(int argc, char **argv)
{
    struct command_words words = { 0 };
    struct cmd_context context;
    char error[256];
    if (command_words_split(argc, argv, &words, &context, error, sizeof error) != EXIT_DONE) {
        fprintf(stderr, "alertbridge: %s\n", error);
        return EXIT_USAGE;
    }
    if (words.name == NULL && words.version)
        return cmd_version(&context);
    if (words.name == NULL && words.help)
        return print_help(NULL);
    if (words.name == NULL) {
        fprintf(stderr, "alertbridge: no command; `alertbridge help` lists them, `alertbridge demo` shows it at work\n");
        return EXIT_USAGE;
    }
    const struct command *command = command_find(words.name);
    if (command != NULL)
        return dispatch(command, &words, &context);
    char *help[] = { words.own[0], words.own[0], NULL };
    return cmd_help(&(struct cmd_context){ .argc = 2, .argv = help });
}
