/* test_words.c: how a command line is taken apart, and that help and documents come from the same rows. */
#include "bridge/cmd/commands.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct command_words words;
static struct cmd_context context;
static char error[256];

static int
split(const char *line)
{
    static char copy[512];
    static char *argv[32];
    int argc = 0;
    snprintf(copy, sizeof copy, "alertbridge %s", line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    words = (struct command_words){ 0 };
    error[0] = '\0';
    return command_words_split(argc, argv, &words, &context, error, sizeof error);
}

Test(words, common_options_may_stand_before_and_behind_the_command)
{
    cr_assert_eq(split("-c a.yaml run --config=b.yaml -cc.yaml --set x.y=z --output json -q --log-level debug"), EXIT_DONE, "%s",
                 error);
    cr_assert_str_eq(words.name, "run");
    cr_assert_eq(context.n_files, 3);
    cr_assert_str_eq(context.files[0], "a.yaml");
    cr_assert_str_eq(context.files[1], "b.yaml");
    cr_assert_str_eq(context.files[2], "c.yaml");
    cr_assert_str_eq(context.sets[0], "x.y=z");
    cr_assert(context.json && context.quiet);
    cr_assert_str_eq(context.log_level, "debug");
    cr_assert_eq(context.argc, 1);
}

Test(words, a_command_keeps_its_own_options_in_order)
{
    cr_assert_eq(split("produce --brokers b:1 -q --rate=3/s - -- --json"), EXIT_DONE, "%s", error);
    static const char *const expected[] = { "produce", "--brokers", "b:1", "--rate=3/s", "-", "--", "--json" };
    cr_assert_eq(context.argc, 7);
    for (int i = 0; i < 7; i++)
        cr_expect_str_eq(context.argv[i], expected[i]);
    cr_assert(context.argv[7] == NULL);
}

Test(words, mistakes_are_usage_errors_with_a_hint)
{
    static const struct { const char *line, *error; } rows[] = {
        { "run --confg a", "unknown option --confg; did you mean --config?" },
        { "run --zzzzzz", "unknown option --zzzzzz; see --help" },
        { "run --events 3", "unknown option --events; see --help" },
        { "run -x", "unknown option -x; see --help" },
        { "run --config", "--config needs a value: FILE" },
        { "run --quiet=1", "--quiet takes no value" },
        { "run --output xml", "--output xml is not possible; see --help" },
        { "run --log-level loud", "--log-level loud is not possible; see --help" },
        { "run -qc a", "write -q by itself" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(split(rows[i].line), EXIT_USAGE, "row %zu", i);
        cr_expect_str_eq(error, rows[i].error, "row %zu", i);
    }
}

Test(words, help_opens_with_examples_and_names_every_option)
{
    for (unsigned i = 0; i < n_commands; i++) {
        struct buf *out = text_new();
        help_command(out, &commands[i]);
        const char *text = buf_cstr(out);
        cr_expect_eq(strncmp(text, "Examples:\n  alertbridge ", 24), 0, "%s", commands[i].name);
        for (unsigned k = 0; k < n_command_options; k++) {
            char name[64];
            const char *of = command_options[k].command;
            snprintf(name, sizeof name, "--%s", command_options[k].name);
            if (of == NULL || strcmp(of, commands[i].name) == 0)
                cr_expect(strstr(text, name) != NULL, "%s %s", commands[i].name, name);
        }
        text_free(out);
    }
}

Test(words, the_written_command_line_page_is_what_the_program_prints)
{
    static char whole[64 * 1024];
    FILE *file = fopen(SOURCE_ROOT "/docs/cli.md", "r");
    cr_assert(file != NULL);
    whole[fread(whole, 1, sizeof whole - 1, file)] = '\0';
    fclose(file);
    struct buf *out = text_new();
    help_docs(out);
    cr_assert_str_eq(whole, buf_cstr(out));
    text_free(out);
}
