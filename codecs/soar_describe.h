/* soar_describe.h: the two calls of SOAR that only look: is the playbook there, and which events does the account know?
 *
 * GET /, everything in the query, signed like the notify call; a reply is judged like any other of SOAR first. Facts:
 * https://www.alibabacloud.com/help/en/security-center/developer-reference/api-sophonsoar-2022-07-28-describeplaybooks and
 * .../api-sophonsoar-2022-07-28-describenotifytemplatelist */
#ifndef CODECS_SOAR_DESCRIBE_H
#define CODECS_SOAR_DESCRIBE_H

#include "codecs/backend.h"

enum soar_describe { SOAR_PLAYBOOKS, SOAR_TEMPLATES, SOAR_DESCRIBE_COUNT };

const char *soar_describe_name(enum soar_describe);     /* "DescribePlaybooks" */

/* Writes and signs the whole request; not whole (request_is_whole) when a key cannot stand in a header. */
void soar_describe_request(enum soar_describe, const struct backend_settings *, const struct credential *, const struct stamp *,
                           struct crypto *, struct request *);

struct soar_playbook {
    const char *uuid;       /* in: which one; borrowed */
    bool found, active;
};
void soar_playbook_read(struct slice body, struct soar_playbook *);

struct soar_templates {
    uint32_t n;             /* that the account has */
    uint32_t kinds;         /* bits of enum event_kind whose EventId is among them */
};
void soar_templates_read(struct slice body, struct soar_templates *);

#endif
