/* schema.c: alertbridge schema event. */
#include "bridge/cmd/commands.h"
#include "codecs/event_schema.h"

#include <stdio.h>

int
cmd_schema(struct cmd_context *context)
{
    if (context->argc != 2 || strcmp(context->argv[1], "event") != 0) {
        fprintf(stderr, "alertbridge schema: say which: event (the configuration's is `alertbridge config schema`)\n");
        return EXIT_USAGE;
    }
    struct buf *out = text_new();
    if (out == NULL)
        return EXIT_INTERNAL;
    event_schema_write(out);
    return text_print(out);
}
