/* fuzz_soar_judge.c: any reply to SOAR's judge, and to the readers of the two calls that only look. */
#include "codecs/soar.h"
#include "codecs/soar_describe.h"
#include "tests/fuzz/replies.h"

int
FUZZ(soar_judge)(const uint8_t *data, size_t size)
{
    struct bytes bytes = { data, size };
    struct reply reply;
    struct verdict verdict;
    struct soar_playbook playbook = { .uuid = "p-1" };
    struct soar_templates templates;
    if (size > REPLY_BYTES_MAX)
        return 0;
    reply_take(&bytes, &reply);
    soar_backend.judge(&reply, &verdict);
    verdict_must_be_sound(&reply, &verdict);
    soar_playbook_read(reply.body, &playbook);
    check(playbook.found || !playbook.active);
    soar_templates_read(reply.body, &templates);
    check(templates.kinds >> EVENT_KIND_COUNT == 0);
    return 0;
}
