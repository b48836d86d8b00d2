/* chain_walk.c: made-up files and services for a credential chain. */
#include "tests/worker/chain_walk.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void
note(struct walk *walk, const char *what, const char *where)
{
    size_t used = strlen(walk->trace);
    snprintf(walk->trace + used, sizeof(walk->trace) - used, "%s %s\n", what, where);
}

static void
file(struct walk *walk, struct chain *chain)
{
    note(walk, "read", chain->path);
    for (int i = 0; i < WALK_FILES_MAX; i++)
        if (walk->files[i].path && strcmp(walk->files[i].path, chain->path) == 0) {
            const char *text = walk->files[i].text;
            chain_take_file(chain, text ? SECRET_CHANGED : SECRET_UNREADABLE, slice_of(text));
            return;
        }
    chain_take_file(chain, SECRET_MISSING, (struct slice){ 0 });
}

static void
write_request(struct walk *walk, const struct chain *chain, char *line, size_t size)
{
    static char memory[96 * 1024];
    struct request request;
    request_init(&request, memory, 16 * 1024, 64 * 1024, 16 * 1024);
    request.method = "POST";
    chain_write(chain, &request, walk->wall_ms);
    cr_assert(request_is_whole(&request));
    const char *target = buf_cstr(&request.target);
    snprintf(line, size, "%s%.*s", chain->endpoint.origin, (int)strcspn(target, "?"), target);
    int used = snprintf(walk->last, sizeof(walk->last), "%s %s\n", request.method, target);
    for (uint32_t i = 0; i < request.n_lines; i++)
        used += snprintf(walk->last + used, sizeof(walk->last) - (size_t)used, "%s\n", request.lines[i]);
    snprintf(walk->last + used, sizeof(walk->last) - (size_t)used, "\n%s", buf_cstr(&request.body));
    note(walk, request.method, line);
}

static bool
answers(const struct walk *walk, const struct walk_service *service, const char *line)
{
    if (!service->request)
        return false;
    size_t method = strcspn(service->request, " ") + 1;
    return strncmp(service->request, walk->last, method) == 0 && strcmp(service->request + method, line) == 0
           && (!service->with || strstr(walk->last, service->with));
}

static void
call(struct walk *walk, struct chain *chain)
{
    char line[512];
    struct reply reply = { .transport = TRANSPORT_CONNECT };
    write_request(walk, chain, line, sizeof(line));
    walk->endpoint = chain->endpoint;
    for (int i = 0; i < WALK_SERVICES_MAX && reply.transport != TRANSPORT_OK; i++)
        if (answers(walk, &walk->services[i], line))
            reply = (struct reply){ .transport = TRANSPORT_OK, .begun = 1, .handed_over = true,
                                    .status = walk->services[i].status, .body = slice_of(walk->services[i].body) };
    chain_take_reply(chain, &reply, walk->wall_ms);
}

void
walk_round(struct walk *walk, struct chain *chain)
{
    walk->trace[0] = '\0';
    chain_begin(chain);
    for (int i = 0; i < 32 && chain_ask(chain) != CHAIN_DONE; i++)
        if (chain_ask(chain) == CHAIN_FILE)
            file(walk, chain);
        else
            call(walk, chain);
    cr_assert_eq(chain_ask(chain), CHAIN_DONE, "a round has an end");
}
