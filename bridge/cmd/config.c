/* config.c: alertbridge config example|docs|schema. */
#include "bridge/config.h"

#include "bridge/cmd/commands.h"
#include "bridge/suggest.h"

#include <stdio.h>

static const struct {
    const char *name;
    void (*write)(struct buf *);
} documents[] = {
    { "example", config_example },
    { "docs", config_docs },
    { "schema", config_schema },
};

int
cmd_config(struct cmd_context *context)
{
    const char *word = context->argc == 2 ? context->argv[1] : "";
    struct suggest suggest;
    suggest_begin(&suggest, word);
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        suggest_offer(&suggest, documents[i].name);
        if (strcmp(word, documents[i].name) != 0)
            continue;
        struct buf *out = text_new();
        if (out == NULL)
            return EXIT_INTERNAL;
        documents[i].write(out);
        return text_print(out);
    }
    if (suggest.best != NULL && word[0] != '\0')
        fprintf(stderr, "alertbridge config: unknown \"%.60s\"; did you mean \"%s\"?\n", word, suggest.best);
    else
        fprintf(stderr, "alertbridge config: say which: example, docs or schema\n");
    return EXIT_USAGE;
}
