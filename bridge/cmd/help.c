/* help.c: help and docs/cli.md from the rows of commands.def. */
#include "bridge/log.h"
#include "bridge/metrics.h"
#include "bridge/cmd/commands.h"
#include "bridge/suggest.h"

#include <stdio.h>

const struct command commands[] = {
#define COMMAND(name, flags, usage, summary, examples) { #name, flags, usage, summary, examples },
#define OPTION(command, name, argument, text)
#define COMMON(letter, name, argument, text)
#include "bridge/cmd/commands.def"
};
const unsigned n_commands = sizeof commands / sizeof commands[0];

const struct command_option command_options[] = {
#define COMMAND(name, flags, usage, summary, examples)
#define OPTION(command, name, argument, text) { #command, 0, name, argument, text },
#define COMMON(letter, name, argument, text) { NULL, letter, name, argument, text },
#include "bridge/cmd/commands.def"
};
const unsigned n_command_options = sizeof command_options / sizeof command_options[0];

static const struct {
    int number;
    const char *name, *when;
} exits[] = {
#define EXIT(constant, number, name, when) { constant, name, when },
#include "bridge/exit.def"
#undef EXIT
};

#define EXIT(constant, number, name, when) _Static_assert(constant == (number), name " differs between cmd.h and exit.def");
#include "bridge/exit.def"
#undef EXIT

const struct command *
command_find(const char *name)
{
    for (unsigned i = 0; i < n_commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static bool
is_of(const struct command_option *option, const char *command)
{
    return option->command == NULL || (command != NULL && strcmp(option->command, command) == 0);
}

const struct command_option *
command_option_find(const char *command, const char *name, size_t size)
{
    struct slice wanted = { name, size };
    for (unsigned i = 0; i < n_command_options; i++)
        if (is_of(&command_options[i], command) && slice_is(wanted, command_options[i].name))
            return &command_options[i];
    return NULL;
}

const struct command_option *
command_letter_find(char letter)
{
    for (unsigned i = 0; i < n_command_options; i++)
        if (letter != 0 && command_options[i].letter == letter)
            return &command_options[i];
    return NULL;
}

/* ---- help */

static void
put_option(struct buf *out, const struct command_option *option)
{
    char left[64];
    const char letter[] = { '-', option->letter, ',', ' ', '\0' };
    snprintf(left, sizeof left, "%s--%s%s%s", option->letter != 0 ? letter : "    ", option->name, option->argument[0] ? " " : "",
             option->argument);
    buf_format(out, "  %-32s %s\n", left, option->text);
}

static void
put_options(struct buf *out, const char *command)
{
    for (unsigned i = 0; i < n_command_options; i++)
        if (command == NULL ? command_options[i].command == NULL
                            : command_options[i].command != NULL && is_of(&command_options[i], command))
            put_option(out, &command_options[i]);
}

static bool
has_options(const char *command)
{
    for (unsigned i = 0; i < n_command_options; i++)
        if (command_options[i].command != NULL && is_of(&command_options[i], command))
            return true;
    return false;
}

static void
put_indented(struct buf *out, const char *lines, const char *indent)
{
    while (*lines != '\0') {
        size_t n = strcspn(lines, "\n");
        buf_format(out, "%s%.*s\n", indent, (int)n, lines);
        lines += n + (lines[n] == '\n');
    }
}

void
help_all(struct buf *out)
{
    buf_text(out,
             "Examples:\n  alertbridge demo\n  alertbridge config example > bridge.yaml\n  alertbridge check -c bridge.yaml\n"
             "  alertbridge run -c bridge.yaml\n\nUsage: alertbridge COMMAND [options]\n\nCommands:\n");
    for (unsigned i = 0; i < n_commands; i++)
        buf_format(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    buf_text(out, "\nOptions of every command:\n");
    put_options(out, NULL);
    buf_text(out, "\n`alertbridge help COMMAND` says more.\n");
}

void
help_command(struct buf *out, const struct command *command)
{
    buf_text(out, "Examples:\n");
    put_indented(out, command->examples, "  ");
    buf_format(out, "\nUsage: alertbridge %s\n\n%s\n", command->usage, command->summary);
    if (has_options(command->name)) {
        buf_text(out, "\nOptions:\n");
        put_options(out, command->name);
    }
    buf_text(out, "\nOptions of every command:\n");
    put_options(out, NULL);
}

/* ---- docs/cli.md */

static void
put_option_rows(struct buf *out, const char *command)
{
    buf_text(out, "\n| option | meaning |\n|---|---|\n");
    for (unsigned i = 0; i < n_command_options; i++) {
        const struct command_option *option = &command_options[i];
        bool mine = command == NULL ? option->command == NULL : option->command != NULL && is_of(option, command);
        if (!mine)
            continue;
        buf_text(out, "| ");
        if (option->letter != 0)
            buf_format(out, "`-%c`, ", option->letter);
        buf_format(out, "`--%s%s", option->name, option->argument[0] ? " " : "");
        for (const char *c = option->argument; *c != '\0'; c++)
            buf_format(out, *c == '|' ? "\\%c" : "%c", *c);
        buf_format(out, "` | %s |\n", option->text);
    }
}

void
help_docs(struct buf *out)
{
    buf_text(out, "# Command line\n\nThis page is made from `bridge/cmd/commands.def` by `alertbridge help --docs`.\n\nData goes "
                  "to stdout, talk to stderr; "
                  "nothing asks a question.\n\n## Options of every command\n");
    put_option_rows(out, NULL);
    for (unsigned i = 0; i < n_commands; i++) {
        buf_format(out, "\n## %s\n\n`alertbridge %s`\n\n%s\n\n```sh\n%s```\n", commands[i].name, commands[i].usage,
                   commands[i].summary, commands[i].examples);
        if (has_options(commands[i].name))
            put_option_rows(out, commands[i].name);
    }
    buf_text(out, "\n## Exit codes\n\n| code | sysexits | when |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
        buf_format(out, "| %d | %s | %s |\n", exits[i].number, exits[i].name, exits[i].when);
}

static int
unknown_command(const char *name)
{
    struct suggest suggest;
    suggest_begin(&suggest, name);
    for (unsigned i = 0; i < n_commands; i++)
        suggest_offer(&suggest, commands[i].name);
    if (suggest.best != NULL)
        fprintf(stderr, "alertbridge: unknown command \"%.60s\"; did you mean \"%s\"?\n", name, suggest.best);
    else
        fprintf(stderr, "alertbridge: unknown command \"%.60s\"; `alertbridge help` lists them\n", name);
    return EXIT_USAGE;
}

/* Pages of docs/ that come out of tables: help --docs writes the command line's, --errors and --metrics the other two. */
static const struct page {
    const char *option;
    void (*write)(struct buf *);
} pages[] = { { "--docs", help_docs }, { "--errors", log_docs }, { "--metrics", metrics_docs } };

static const struct page *
page_of(const char *word)
{
    for (size_t i = 0; word != NULL && i < sizeof pages / sizeof pages[0]; i++)
        if (strcmp(word, pages[i].option) == 0)
            return &pages[i];
    return NULL;
}

int
cmd_help(struct cmd_context *context)
{
    const char *word = context->argc > 1 ? context->argv[1] : NULL;
    const struct page *page = page_of(word);
    const struct command *command = word == NULL || page ? NULL : command_find(word);
    if (word != NULL && !page && command == NULL)
        return unknown_command(word);
    struct buf *out = text_new();
    if (out == NULL)
        return EXIT_INTERNAL;
    if (page)
        page->write(out);
    else if (command != NULL)
        help_command(out, command);
    else
        help_all(out);
    return text_print(out);
}
