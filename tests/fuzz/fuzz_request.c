/* fuzz_request.c: events to a request of either backend, in buffers of any size: whole or refused, never more than fits, and the
 * messages that are kept make the same bytes as the events. The input: settings, then a record. */
#include "tests/fuzz/shared.h"

#include "codecs/notice.h"
#include "codecs/soar.h"

#include <stdlib.h>

struct sizes {
    size_t target, body, head;
};

struct stand {
    struct request request;
    void *memory;
};

static void
stand_make(struct stand *stand, const struct sizes *sizes)
{
    stand->memory = malloc(sizes->target + sizes->body + sizes->head);
    check(stand->memory);
    request_init(&stand->request, stand->memory, sizes->target, sizes->body, sizes->head);
}

static void
take_template(struct bytes *bytes, struct template *template)
{
    static const char *const texts[] = { "{title}", "{id} {kind} {labels.a}", "{{plain}}", "{incidentName}{body}", "" };
    static const char *const locales[] = { "default", "zh_CN", "en_US" };
    template->n = bytes_below(bytes, 4);
    for (uint32_t i = 0; i < template->n; i++)
        template->texts[i] = (struct locale_text){ locales[i], texts[bytes_below(bytes, 5)] };
}

static void
take_settings(struct bytes *bytes, struct backend_settings *settings)
{
    static const char *const users[] = { "u1", "u2" };
    uint8_t flags = bytes_u8(bytes);
    *settings = (struct backend_settings){
        .kind = flags & 1 ? TARGET_NOTICE : TARGET_SOAR, .host = "127.0.0.1:8080", .path = flags & 1 ? "/p/produce" : "/",
        .playbook_uuid = "p-1", .node_name = "n", .component_name = "c", .action_name = "a", .role_type = flags >> 1 & 1,
        .role_for = flags & 4 ? "123" : "", .channels = bytes_u8(bytes) & 15u, .lang = flags & 8 ? "zh" : "",
        .org_id = "o1", .app_id = flags & 16 ? "app" : "", .message_id_prefix = flags & 32 ? "ab-" : "",
        .default_audience = flags & 64 ? AUDIENCE_LIST : AUDIENCE_ALL, .default_users = users, .n_default_users = 2,
        .allow_http_urls = flags & 128,
    };
    settings->app_name.n = 1;
    settings->app_name.texts[0] = (struct locale_text){ "default", "SOC" };
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        take_template(bytes, &settings->titles[kind]);
        take_template(bytes, &settings->bodies[kind]);
    }
}

static void
take_sizes(struct bytes *bytes, struct sizes *sizes)
{
    uint8_t kind = bytes_u8(bytes);
    sizes->target = kind & 1 ? SOAR_URL_BYTES_MAX : 1 + 64u * bytes_u8(bytes);
    sizes->body = kind & 2 ? 64 * 1024 : 1 + 64u * bytes_u8(bytes);
    sizes->head = kind & 4 ? 8192 : 1 + 16u * bytes_u8(bytes);
}

/* Adds the event in both ways. */
static void
add_both(const struct backend *backend, const struct backend_settings *settings, const struct event *event,
         struct request *direct, struct request *kept)
{
    static char memory[256 * 1024];
    struct buf message;
    size_t before = direct->body.size, target = direct->target.size;
    enum encode_result result = backend->add(settings, event, direct), again;
    check(direct->body.size <= direct->body.capacity && direct->target.size <= direct->target.capacity);
    if (result != ENCODE_OK && backend->message)
        check(direct->body.size == before && direct->target.size == target);
    if (!backend->message)
        return;
    buf_init(&message, memory, sizeof(memory));
    again = backend->message(settings, event, &message);
    check(again == ENCODE_OK || message.size == 0);
    if (again == ENCODE_OK)
        again = backend->add_message(buf_view(&message), kept);
    check(again == result);
    check(kept->messages == direct->messages && slice_eq(buf_view(&kept->body), buf_view(&direct->body)));
}

static void
lines_must_be_sound(const struct request *request)
{
    check(request->n_lines <= REQUEST_HEADERS_MAX);
    for (uint32_t i = 0; i < request->n_lines; i++) {
        const char *line = request->lines[i];
        check(line >= request->head.at && line < request->head.at + request->head.size && strchr(line, ':'));
        for (; *line; line++)
            check((unsigned char)*line >= ' ' || *line == '\t');
    }
}

static void
must_be_sound(const struct backend_settings *settings, struct request *request)
{
    static char memory[SOAR_URL_BYTES_MAX];
    struct buf decoded;
    lines_must_be_sound(request);
    if (!request_is_whole(request) || request->messages == 0)
        return;
    if (settings->kind == TARGET_NOTICE)
        json_must_be_whole(buf_view(&request->body));
    buf_init(&decoded, memory, sizeof(memory));
    check(percent_decode(&decoded, buf_view(&request->target), false));
    for (size_t i = 0; i < request->target.size; i++)
        check(request->target.at[i] > ' ' && request->target.at[i] < 0x7f);
}

static void
sign(const struct backend *backend, const struct backend_settings *settings, struct request *request, int64_t wall_ms)
{
    static struct crypto *crypto;
    static const struct credential credential = { { "testid", 6 }, { "testsecret", 10 }, { "token", 5 } };
    struct stamp stamp = { .wall_ms = wall_ms, .nonce = "0123456789abcdef0123456789abcdef" };
    if (!crypto)
        crypto = crypto_new();
    check(crypto);
    backend->sign(settings, &credential, &stamp, crypto, request);
}

int
FUZZ(request)(const uint8_t *data, size_t size)
{
    struct bytes bytes = { data, size };
    struct backend_settings settings;
    struct sizes sizes;
    struct stand direct, kept;
    struct decoded decoded;
    take_settings(&bytes, &settings);
    take_sizes(&bytes, &sizes);
    const struct backend *backend = backend_of(settings.kind);
    struct decode_rules rules = { .format = FORMAT_AUTO, .record_bytes_max = RECORD_BYTES_DEFAULT };
    struct record_view record = { .value = bytes_rest(&bytes), .timestamp_ms = -1 };
    if (shared_decode(&rules, &record, &decoded) != FAULT_NONE)
        return 0;
    stand_make(&direct, &sizes);
    stand_make(&kept, &sizes);
    backend->begin(&settings, &direct.request);
    backend->begin(&settings, &kept.request);
    for (uint32_t i = 0; i < decoded.n && direct.request.messages < backend->batch_max; i++)
        add_both(backend, &settings, &decoded.events[i], &direct.request, &kept.request);
    backend->end(&settings, &direct.request);
    if (!request_is_whole(&direct.request) || direct.request.messages == 0)
        goto end;           /* such a request is never signed */
    sign(backend, &settings, &direct.request, 1767322000000);
    uint32_t n_lines = direct.request.n_lines;
    bool whole = request_is_whole(&direct.request);
    must_be_sound(&settings, &direct.request);
    sign(backend, &settings, &direct.request, 1767322999999);
    check(!whole || (direct.request.n_lines == n_lines && request_is_whole(&direct.request)));
    must_be_sound(&settings, &direct.request);
end:
    free(direct.memory);
    free(kept.memory);
    return 0;
}
