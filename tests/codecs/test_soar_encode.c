/* test_soar_encode.c: events to SOAR requests, and the headers that each attempt gets. */
#include "codecs/soar.h"
#include "tests/codecs/vectors.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const struct backend *const soar = &soar_backend;
static char memory[32 * 1024];
static struct request request;

static const struct backend_settings settings = {
    .kind = TARGET_SOAR,
    .host = "sophonsoar.ap-southeast-1.aliyuncs.com",
    .path = "/",
    .playbook_uuid = "c5c88b5e-97ca-435d-8c20-000000000000",
    .node_name = "notify_message",
    .component_name = "NotifyMessage",
    .action_name = "notifyByMessageCenter",
    .role_for = "1467894000733152",
    .channels = CHANNEL_EMAIL | CHANNEL_SMS,
    .lang = "en",
};

static struct event
incident(void)
{
    return (struct event){
        .kind = EVENT_INCIDENT_GENERATED,
        .id = SLICE("e-1"),
        .aliyun_uid = SLICE("1467890000733152"),
        .incident_name = SLICE("a b*c~\xe4\xb8\xad"),
        .incident_id = SLICE("i-1"),
        .start_time = { .text = SLICE("2026-01-02 03:04:05") },
    };
}

static enum encode_result
encode(const struct backend_settings *target, const struct event *event)
{
    request_init(&request, memory, 16 * 1024, 64, 8 * 1024);
    soar->begin(target, &request);
    enum encode_result result = soar->add(target, event, &request);
    soar->end(target, &request);
    return result;
}

/* The decoded value of a query parameter; absent when it is not there. */
static struct slice
parameter(const char *name)
{
    static char decoded_memory[16 * 1024];
    struct buf decoded;
    const char *at = request.target.at + 2, *end = request.target.at + request.target.size;
    buf_init(&decoded, decoded_memory, sizeof(decoded_memory));
    while (at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        stop = stop ? stop : end;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        cr_assert(equals);
        if (slice_is((struct slice){ at, (size_t)(equals - at) }, name)) {
            cr_assert(percent_decode(&decoded, (struct slice){ equals + 1, (size_t)(stop - equals - 1) }, false));
            return buf_view(&decoded);
        }
        at = stop + 1;
    }
    return (struct slice){ NULL, 0 };
}

Test(soar_encode, params_of_each_kind_are_exactly_the_vendors_fields)
{
    struct event event = incident();
    event.alert_name = SLICE("al\"ert");
    event.alert_id = SLICE("a-1");
    event.end_time = (struct event_time){ .ms = 1767323045000, .is_ms = true };
    event.status = SLICE("closed");
    event.level = SLICE("HIGH");
    event.title.text = SLICE("not sent");
    static const struct {
        enum event_kind kind;
        const char *event_id, *params;
    } rows[] = {
        {EVENT_INCIDENT_GENERATED, "yundun_soar_incident_generate",
         "{\"aliyunUID\":\"1467890000733152\",\"incidentName\":\"a "
         "b*c~\xe4\xb8\xad\",\"incidentID\":\"i-1\",\"startTime\":\"2026-01-02 "
         "03:04:05\"}"},
        {EVENT_ALERT_GENERATED, "yundun_soar_alert_generate",
         "{\"aliyunUID\":\"1467890000733152\",\"alertName\":\"al\\\"ert\",\"alertID\":\"a-1\",\"startTime\":\"2026-01-02 "
         "03:04:05\"}"},
        {EVENT_INCIDENT_UPDATED, "yundun_soar_incident_update",
         "{\"aliyunUID\":\"1467890000733152\",\"incidentName\":\"a "
         "b*c~\xe4\xb8\xad\",\"incidentID\":\"i-1\",\"startTime\":\"2026-01-02 "
         "03:04:05\",\"endTime\":\"2026-01-02 03:04:05\",\"status\":\"closed\",\"level\":\"HIGH\"}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        event.kind = rows[i].kind;
        cr_assert_eq(encode(&settings, &event), ENCODE_OK, "row %zu", i);
        EXPECT_SLICE(parameter("Params"), slice_of(rows[i].params));
        EXPECT_SLICE(parameter("EventId"), slice_of(rows[i].event_id));
        EXPECT_SLICE(parameter("Aliuid"), SLICE("1467890000733152"));
        cr_expect_eq(request.body.size, 0);
        cr_expect_eq(request.messages, 1);
        cr_expect_str_eq(request.method, "POST");
    }
}

/* The target is the canonical query as it stands: decoded and canonised again it is the same. */
Test(soar_encode, the_wire_query_is_canonical)
{
    struct event event = incident();
    event.channels = CHANNEL_SMS | CHANNEL_EMAIL | CHANNEL_WEBHOOK | CHANNEL_PMSG;
    cr_assert_eq(encode(&settings, &event), ENCODE_OK);
    static const char *const names[] = {
        "RoleType", "RoleFor", "PlaybookUuid", "Params", "NodeName", "Lang", "EventId", "ComponentName", "ChannelTypeList.4",
        "ChannelTypeList.3", "ChannelTypeList.2", "ChannelTypeList.1", "Aliuid", "ActionName",
    };
    enum { N = sizeof(names) / sizeof(names[0]) };
    struct pair pairs[N];
    char *values[N];
    for (size_t i = 0; i < N; i++) {
        struct slice value = parameter(names[i]);
        cr_assert(value.at, "%s", names[i]);
        values[i] = strndup(value.at, value.size);
        pairs[i] = (struct pair){ slice_of(names[i]), { values[i], value.size } };
    }
    static char canonical_memory[8192];
    struct buf canonical;
    buf_init(&canonical, canonical_memory, sizeof(canonical_memory));
    buf_text(&canonical, "/?");
    soar_canonical_query(&canonical, pairs, N);
    EXPECT_SLICE(buf_view(&request.target), buf_view(&canonical));
    for (size_t i = 0; i < N; i++)
        free(values[i]);
}

Test(soar_encode, settings_fill_what_the_event_leaves_out)
{
    struct event event = incident();
    struct backend_settings target = settings;
    encode(&target, &event);
    EXPECT_SLICE(parameter("ChannelTypeList.1"), SLICE("sms"));
    EXPECT_SLICE(parameter("ChannelTypeList.2"), SLICE("email"));
    EXPECT_SLICE(parameter("Lang"), SLICE("en"));
    EXPECT_SLICE(parameter("RoleFor"), SLICE("1467894000733152"));
    EXPECT_SLICE(parameter("RoleType"), SLICE("0"));

    event.channels = CHANNEL_PMSG;
    event.lang = SLICE("zh");
    target.role_type = 1;
    encode(&target, &event);
    EXPECT_SLICE(parameter("ChannelTypeList.1"), SLICE("pmsg"));
    cr_expect_null(parameter("ChannelTypeList.2").at);
    EXPECT_SLICE(parameter("Lang"), SLICE("zh"));
    EXPECT_SLICE(parameter("RoleType"), SLICE("1"));

    event = incident();
    target.channels = 0;
    target.lang = "";
    target.role_for = "";
    encode(&target, &event);
    cr_expect_null(parameter("ChannelTypeList.1").at);
    cr_expect_null(parameter("Lang").at);
    cr_expect_null(parameter("RoleFor").at);
}

Test(soar_encode, a_notice_or_an_event_without_an_account_is_refused)
{
    struct event event = incident();
    event.aliyun_uid = (struct slice){ NULL, 0 };
    cr_expect_eq(encode(&settings, &event), ENCODE_REFUSED);
    event = incident();
    event.kind = EVENT_NOTICE;
    cr_expect_eq(encode(&settings, &event), ENCODE_REFUSED);
    cr_expect_eq(request.messages, 0);
    cr_expect_null(soar_event_id(EVENT_NOTICE));
}

Test(soar_encode, one_event_a_request)
{
    struct event event = incident();
    encode(&settings, &event);
    size_t size = request.target.size;
    cr_expect_eq(soar->add(&settings, &event, &request), ENCODE_FULL);
    cr_expect_eq(request.target.size, size);
    cr_expect_eq(soar->batch_max, 1);
}

/* The longest name that fits, and one byte more: the limit is of the whole URL. */
Test(soar_encode, the_url_is_at_most_8_kib)
{
    static char name[9000];
    struct event event = incident();
    size_t longest = 0;
    memset(name, 'x', sizeof(name));
    for (size_t size = 6000; size < sizeof(name); size++) {
        event.incident_name = (struct slice){ name, size };
        if (encode(&settings, &event) != ENCODE_OK)
            break;
        longest = size;
    }
    event.incident_name = (struct slice){ name, longest };
    cr_assert_eq(encode(&settings, &event), ENCODE_OK);
    cr_expect_eq(strlen("https://") + strlen(settings.host) + request.target.size, SOAR_URL_BYTES_MAX);
    event.incident_name.size++;
    cr_expect_eq(encode(&settings, &event), ENCODE_FULL);
    cr_expect(request_is_whole(&request));
    EXPECT_SLICE(buf_view(&request.target), SLICE("/?"));
    event.incident_name.size = sizeof(name);
    cr_expect_eq(encode(&settings, &event), ENCODE_FULL);
}

static const struct credential keys = { SLICE("testid"), SLICE("testsecret"), { NULL, 0 } };
static const struct credential temporary = { SLICE("testid"), SLICE("testsecret"), SLICE("ststoken") };
static const struct stamp stamp = { 1767323045000, "0123456789abcdef0123456789abcdef" };

static const struct value *
vector(const char *id)
{
    const struct value *rows = vectors("soar", "acs3_hmac_sha256");
    for (uint32_t i = 0; i < rows->count; i++) {
        if (slice_is(text_at(&rows->items[i], "id"), id))
            return &rows->items[i];
    }
    cr_assert_fail("no vector %s", id);
    return NULL;
}

/* Vectors D and E are this very call; their Params are the vendor's sample, which has other members than ours, so they are put in
 * as they are. */
static void
vector_request(const struct value *row)
{
    request_init(&request, memory, 16 * 1024, 64, 8 * 1024);
    soar->begin(&settings, &request);
    buf_slice(&request.target, text_at(member_at(row, "expect"), "canonical_query"));
}

static struct slice
header(const char *name)
{
    for (uint32_t i = 0; i < request.n_lines; i++) {
        size_t size = strlen(name);
        if (strncmp(request.lines[i], name, size) == 0 && strncmp(request.lines[i] + size, ": ", 2) == 0)
            return slice_of(request.lines[i] + size + 2);
    }
    return (struct slice){ NULL, 0 };
}

Test(soar_encode, signs_this_call_as_the_vectors_have_it)
{
    struct crypto *crypto = crypto_new();
    vector_request(vector("D"));
    soar->sign(&settings, &keys, &stamp, crypto, &request);
    EXPECT_SLICE(header("Authorization"), text_at(member_at(vector("D"), "expect"), "authorization"));
    EXPECT_SLICE(header("x-acs-date"), SLICE("2026-01-02T03:04:05Z"));
    EXPECT_SLICE(header("x-acs-signature-nonce"), SLICE("0123456789abcdef0123456789abcdef"));
    EXPECT_SLICE(header("accept"), SLICE("application/json"));
    EXPECT_SLICE(header("user-agent"), SLICE("alertbridge/" ALERTBRIDGE_VERSION));
    cr_expect_null(header("x-acs-security-token").at);
    cr_expect_null(header("host").at);
    cr_expect_str_eq(request.lines[request.n_lines - 1], header("Authorization").at - strlen("Authorization: "));

    vector_request(vector("E"));
    soar->sign(&settings, &temporary, &stamp, crypto, &request);
    EXPECT_SLICE(header("Authorization"), text_at(member_at(vector("E"), "expect"), "authorization"));
    EXPECT_SLICE(header("x-acs-security-token"), SLICE("ststoken"));
    EXPECT_SLICE(header("x-acs-accesskey-id"), SLICE("testid"));
    crypto_free(crypto);
}

Test(soar_encode, signing_again_leaves_nothing_of_the_attempt_before)
{
    struct crypto *crypto = crypto_new();
    const struct credential *orders[][2] = {{&keys, &temporary}, {&temporary, &keys}, {&keys, &keys}, {&temporary, &temporary}};
    struct stamp other = { 1767323999000, "ffffffffffffffffffffffffffffffff" };
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        vector_request(vector("D"));
        soar->sign(&settings, orders[i][1], &stamp, crypto, &request);
        uint32_t n = request.n_lines;
        size_t size = request.head.size;
        struct slice once = header("Authorization");
        char *expected = strndup(once.at, once.size);

        vector_request(vector("D"));
        soar->sign(&settings, orders[i][0], &other, crypto, &request);
        cr_expect_neq(strcmp(header("Authorization").at, expected), 0, "row %zu", i);
        soar->sign(&settings, orders[i][1], &stamp, crypto, &request);
        cr_expect_eq(request.n_lines, n, "row %zu", i);
        cr_expect_eq(request.head.size, size, "row %zu", i);
        cr_expect_str_eq(header("Authorization").at, expected, "row %zu", i);
        free(expected);
    }
    crypto_free(crypto);
}

Test(soar_encode, an_attempt_that_does_not_fit_is_not_whole)
{
    struct crypto *crypto = crypto_new();
    static char long_token[10000];
    memset(long_token, 't', sizeof(long_token));
    struct credential large = { SLICE("id"), SLICE("secret"), { long_token, sizeof(long_token) } };
    vector_request(vector("D"));
    soar->sign(&settings, &large, &stamp, crypto, &request);
    cr_expect_not(request_is_whole(&request));
    crypto_free(crypto);
}

Test(soar_encode, the_table_knows_both_backends)
{
    enum target_kind kind;
    cr_expect_eq(backend_of(TARGET_SOAR), soar);
    cr_expect(target_kind_of(SLICE("soar"), &kind) && kind == TARGET_SOAR);
    cr_expect(target_kind_of(SLICE("notice"), &kind) && kind == TARGET_NOTICE);
    cr_expect_not(target_kind_of(SLICE("soa"), &kind));
    cr_expect_not(target_kind_of(SLICE(""), &kind));
    struct event event = incident();
    cr_expect_gt(soar->weigh(&settings, &event), 0);
}
