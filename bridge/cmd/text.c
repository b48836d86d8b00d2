/* text.c: what a command prints is built whole, then written: a full disk or a closed pipe is an exit code, not half a document.
 */
#include "bridge/cmd/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 1024 * 1024 };

struct buf *
text_new(void)
{
    struct buf *text = malloc(sizeof *text + TEXT_BYTES_MAX);
    if (text != NULL)
        buf_init(text, text + 1, TEXT_BYTES_MAX);
    return text;
}

void
text_free(struct buf *text)
{
    free(text);
}

bool
text_write(const struct buf *text)
{
    if (!text->overflow && fwrite(text->at, 1, text->size, stdout) == text->size && fflush(stdout) == 0)
        return true;
    fprintf(stderr, "alertbridge: cannot write to stdout: %s\n", text->overflow ? "there is too much of it" : strerror(errno));
    return false;
}

int
text_print(struct buf *text)
{
    bool whole = text_write(text);
    text_free(text);
    return whole ? EXIT_DONE : EXIT_IO;
}
