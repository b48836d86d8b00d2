/* explain_input.c: the record's bytes, and the source that its topic belongs to. */
#include "bridge/cmd/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <unistd.h>

/* As librdkafka reads a topic that starts with "^". */
static bool
pattern_fits(const char *pattern, const char *topic)
{
    regex_t compiled;
    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool fits = regexec(&compiled, topic, 0, NULL, 0) == 0;
    regfree(&compiled);
    return fits;
}

enum names { NAMES_EXACT, NAMES_PATTERNS };

static bool
look(const struct config *config, const char *topic, enum names which, uint32_t *source)
{
    for (uint32_t i = 0; i < config->n_sources; i++)
        for (uint32_t j = 0; j < config->sources[i].n_topics; j++) {
            const char *name = config->sources[i].topics[j];
            bool fits = which == NAMES_EXACT ? strcmp(name, topic) == 0 : name[0] == '^' && pattern_fits(name, topic);
            if (!fits)
                continue;
            *source = i;
            return true;
        }
    return false;
}

bool
explain_source_of(const struct config *config, const char *topic, uint32_t *source)
{
    return look(config, topic, NAMES_EXACT, source) || look(config, topic, NAMES_PATTERNS, source);
}

/* One byte more than any record may have is enough to see that it is too big. */
char *
explain_read(const char *path, size_t *size)
{
    size_t capacity = RECORD_BYTES_MAX + 1;
    char *bytes = malloc(capacity + 1);
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 || !bytes ? -1 : 1;
    for (*size = 0; got > 0 && *size < capacity; *size += (size_t)got) {
        got = read(fd, bytes + *size, capacity - *size);
        if (got < 0)
            break;
    }
    int error = errno;
    if (fd > STDIN_FILENO)
        close(fd);
    if (got >= 0) {
        bytes[*size] = '\0';
        return bytes;
    }
    free(bytes);
    errno = error;
    return NULL;
}
