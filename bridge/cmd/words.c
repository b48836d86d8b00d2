/* words.c: the words of a command line: which options are common, which are the command's, and which nobody knows. */
#include "bridge/cmd/commands.h"
#include "bridge/suggest.h"

#include <stdio.h>

struct splitter {
    int argc, at;
    char **argv;
    struct command_words *words;
    struct cmd_context *context;
    char *error;
    size_t error_size;
};

static int
unknown_option(struct splitter *s, const char *word, size_t size)
{
    char name[64];
    struct suggest suggest;
    snprintf(name, sizeof name, "%.*s", (int)(size < sizeof name ? size : sizeof name - 1), word);
    suggest_begin(&suggest, name);
    for (unsigned i = 0; i < n_command_options; i++) {
        const struct command_option *option = &command_options[i];
        if (option->command == NULL || (s->words->name != NULL && strcmp(option->command, s->words->name) == 0))
            suggest_offer(&suggest, option->name);
    }
    if (suggest.best != NULL)
        snprintf(s->error, s->error_size, "unknown option --%s; did you mean --%s?", name, suggest.best);
    else
        snprintf(s->error, s->error_size, "unknown option --%s; see --help", name);
    return EXIT_USAGE;
}

static bool
is_one_of(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static int
take_common(struct splitter *s, const struct command_option *option, const char *value)
{
    struct cmd_context *context = s->context;
    const char *name = option->name;
    if (strcmp(name, "config") == 0 && context->n_files < WORDS_MAX) {
        s->words->files[context->n_files++] = value;
    } else if (strcmp(name, "set") == 0 && context->n_sets < WORDS_MAX) {
        s->words->sets[context->n_sets++] = value;
    } else if (strcmp(name, "output") == 0 && is_one_of(value, "text", "json")) {
        context->json = strcmp(value, "json") == 0;
    } else if (strcmp(name, "log-level") == 0 && (is_one_of(value, "error", "warning") || is_one_of(value, "info", "debug"))) {
        context->log_level = value;
    } else if (strcmp(name, "log-format") == 0 && (is_one_of(value, "auto", "text") || strcmp(value, "json") == 0)) {
        context->log_format = value;
    } else if (strcmp(name, "quiet") == 0) {
        context->quiet = true;
    } else if (strcmp(name, "help") == 0) {
        s->words->help = true;
    } else if (strcmp(name, "version") == 0) {
        s->words->version = true;
    } else {
        snprintf(s->error, s->error_size, "--%s %.60s is not possible; see --help", name, value);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static void
keep(struct splitter *s, char *word)
{
    if (s->context->argc < WORDS_MAX)
        s->words->own[s->context->argc++] = word;
}

/* `value` NULL = it stands in the next word, when the option takes one. */
static int
take_option(struct splitter *s, const struct command_option *option, const char *value)
{
    bool separate = option->argument[0] != '\0' && value == NULL;
    if (option->argument[0] == '\0' && value != NULL) {
        snprintf(s->error, s->error_size, "--%s takes no value", option->name);
        return EXIT_USAGE;
    }
    if (separate && s->at + 1 >= s->argc) {
        snprintf(s->error, s->error_size, "--%s needs a value: %s", option->name, option->argument);
        return EXIT_USAGE;
    }
    char *word = s->argv[s->at];
    if (separate)
        value = s->argv[++s->at];
    if (option->command == NULL)
        return take_common(s, option, value);
    keep(s, word);
    if (separate)
        keep(s, s->argv[s->at]);
    return EXIT_DONE;
}

static int
take_letters(struct splitter *s, const char *word)
{
    const struct command_option *option = command_letter_find(word[1]);
    if (option == NULL) {
        snprintf(s->error, s->error_size, "unknown option -%c; see --help", word[1]);
        return EXIT_USAGE;
    }
    bool attached = word[2] != '\0';
    if (attached && option->argument[0] == '\0') {
        snprintf(s->error, s->error_size, "write -%c by itself", word[1]);
        return EXIT_USAGE;
    }
    return take_option(s, option, attached ? word + 2 : NULL);
}

static int
take_word(struct splitter *s)
{
    char *word = s->argv[s->at];
    bool negative = word[0] == '-' && word[1] != '\0' && word[1] != '-';
    if (strncmp(word, "--", 2) == 0) {
        size_t size = strcspn(word + 2, "=");
        const struct command_option *option = command_option_find(s->words->name, word + 2, size);
        return option == NULL ? unknown_option(s, word + 2, size)
                              : take_option(s, option, word[2 + size] == '=' ? word + 3 + size : NULL);
    }
    if (negative)
        return take_letters(s, word);
    if (s->words->name == NULL)
        s->words->name = word;
    keep(s, word);
    return EXIT_DONE;
}

int
command_words_split(int argc, char **argv, struct command_words *words, struct cmd_context *context, char *error,
                    size_t error_size)
{
    struct splitter s = { argc, 1, argv, words, context, error, error_size };
    *context = (struct cmd_context){ .argv = words->own, .files = words->files, .sets = words->sets };
    int code = EXIT_DONE;
    for (; s.at < argc && code == EXIT_DONE; s.at++) {
        if (strcmp(argv[s.at], "--") == 0) {
            for (; s.at < argc; s.at++)
                keep(&s, argv[s.at]);
            break;
        }
        code = take_word(&s);
    }
    words->own[context->argc] = NULL;
    return code;
}
