/* secrets.h: secret files: read, kept out of logs and argv, wiped, watched for rotation.
 *
 * A file that is empty, cut or gone keeps the old value (the caller logs AB1203 or AB1204). A trailing newline is not part of a
 * secret. */
#ifndef BRIDGE_IO_SECRETS_H
#define BRIDGE_IO_SECRETS_H

#include "codecs/slice.h"

#include <stdint.h>

enum { SECRET_BYTES_MAX = 8192 };

struct secret {
    const char *path;           /* borrowed; NULL or "" = no such secret */
    char *text;                 /* owned; NULL until read */
    size_t size;
    uint64_t seen;              /* hash of what was read */
};

enum secret_result { SECRET_SAME, SECRET_CHANGED, SECRET_MISSING, SECRET_EMPTY, SECRET_TOO_BIG, SECRET_UNREADABLE };

enum secret_result secret_read(struct secret *);    /* keeps the old value unless it says CHANGED or SAME */
struct slice secret_view(const struct secret *);
void secret_wipe(struct secret *);
const char *secret_result_text(enum secret_result);

#endif
