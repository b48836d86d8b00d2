/* test_notice_encode.c: events to notice requests: bytes, limits, and the headers of each attempt. */
#include "codecs/json.h"
#include "codecs/notice.h"
#include "tests/codecs/vectors.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const struct backend *const notice = &notice_backend;
static char memory[256 * 1024];
static struct request request;

static const struct backend_settings settings = {
    .kind = TARGET_NOTICE,
    .host = "apigw.example.com",
    .path = "/app-portal-service/v2.2/notice-message/produce",
    .org_id = "o15427722038191",
    .app_id = "",
    .app_name = { { { "default", "SOC" } }, 1 },
    .message_id_prefix = "inc-",
    .default_audience = AUDIENCE_ALL,
};

static struct member header_texts[] = {
    { SLICE("default"), { .type = VALUE_STRING, .text = SLICE("Incident") } },
    { SLICE("en_US"), { .type = VALUE_STRING, .text = SLICE("Incident") } },
    { SLICE("zh_CN"), { .type = VALUE_STRING, .text = SLICE("\xe4\xba\x8b\xe4\xbb\xb6") } },
};
static struct value header_value = { .type = VALUE_OBJECT, .count = 3, .members = header_texts };
static struct member body_texts[] = { { SLICE("en_US"), { .type = VALUE_STRING, .text = SLICE("hello") } } };
static struct value body_value = { .type = VALUE_OBJECT, .count = 1, .members = body_texts };
static struct value user_items[] = {{.type = VALUE_STRING, .text = SLICE("u123")}, {.type = VALUE_STRING, .text = SLICE("u456")}};
static struct value users = { .type = VALUE_ARRAY, .count = 2, .items = user_items };

static struct event
notice_event(void)
{
    return (struct event){
        .kind = EVENT_NOTICE,
        .id = SLICE("0001"),
        .title = { .object = &header_value },
        .body = { .object = &body_value },
        .audience = AUDIENCE_LIST,
        .users = &users,
    };
}

static enum encode_result
encode(const struct backend_settings *target, const struct event *event)
{
    request_init(&request, memory, 1024, 128 * 1024, 2048);
    notice->begin(target, &request);
    enum encode_result result = notice->add(target, event, &request);
    notice->end(target, &request);
    return result;
}

/* Part of the one message: what stands between its braces has to hold this text. */
static void
expect_holds(const char *text)
{
    cr_expect(memmem(request.body.at, request.body.size, text, strlen(text)), "no %s in %.*s", text, (int)request.body.size,
              request.body.at);
}

static void
expect_lacks(const char *text)
{
    cr_expect(!memmem(request.body.at, request.body.size, text, strlen(text)), "%s in %.*s", text, (int)request.body.size,
              request.body.at);
}

static const struct value *
v3(void)
{
    const struct value *rows = vectors("notice", "request_signature");
    for (uint32_t i = 0; i < rows->count; i++) {
        if (slice_is(text_at(&rows->items[i], "id"), "V3"))
            return &rows->items[i];
    }
    cr_assert_fail("no vector V3");
    return NULL;
}

Test(notice_encode, gives_the_bytes_and_the_signature_of_the_complete_example)
{
    struct crypto *crypto = crypto_new();
    struct event event = notice_event();
    cr_assert_eq(encode(&settings, &event), ENCODE_OK);
    EXPECT_SLICE(buf_view(&request.body), text_at(v3(), "body"));
    EXPECT_SLICE(buf_view(&request.target), SLICE("/app-portal-service/v2.2/notice-message/produce?orgId=o15427722038191"));

    struct credential credential = { SLICE("key"), text_at(v3(), "app_secret"), text_at(v3(), "access_token") };
    struct stamp stamp = { 1700000000000, "" };
    static const char *const expected[] = {
        "Content-Type: application/json;charset=UTF-8",
        "accept: application/json",
        "user-agent: alertbridge/" ALERTBRIDGE_VERSION,
        "apim-accesstoken: 61f1575d5daaef1a3d994466e54b97a89aded3be7dbc7ba0efd7b7ddafacf59b",
        "apim-signature: e8c9a89816b8a25872ce59afbcad95c6c0ac3d381f5eb6420828504a0d74016b",
        "apim-timestamp: 1700000000000",
    };
    for (int again = 0; again < 2; again++) {
        struct stamp other = { 1700000099999, "" };
        notice->sign(&settings, &credential, &other, crypto, &request);
        notice->sign(&settings, &credential, &stamp, crypto, &request);
        cr_assert_eq(request.n_lines, 6);
        for (uint32_t i = 0; i < 6; i++)
            cr_expect_str_eq(request.lines[i], expected[i]);
    }
    crypto_free(crypto);
}

Test(notice_encode, the_organisation_is_signed_decoded_and_sent_encoded)
{
    struct crypto *crypto = crypto_new();
    const struct value *rows = vectors("notice", "request_signature"), *v5 = &rows->items[rows->count - 1];
    struct backend_settings target = settings;
    target.org_id = "a b+c";
    request_init(&request, memory, 1024, 1024, 1024);
    notice->begin(&target, &request);
    EXPECT_SLICE(buf_view(&request.target), SLICE("/app-portal-service/v2.2/notice-message/produce?orgId=a%20b%2Bc"));
    request_undo(&request.body, 0);
    buf_text(&request.body, "{}");
    struct credential credential = { SLICE("key"), text_at(v5, "app_secret"), text_at(v5, "access_token") };
    struct stamp stamp = { 1700000000000, "" };
    notice->sign(&target, &credential, &stamp, crypto, &request);
    EXPECT_SLICE(slice_of(request.lines[4] + strlen("apim-signature: ")), text_at(member_at(v5, "expect"), "signature"));
    crypto_free(crypto);
}

Test(notice_encode, link_tags_features_and_url_are_sent_where_they_are)
{
    struct event event = notice_event();
    struct backend_settings target = settings;
    event.url = SLICE("https://soc.example.com/a?b=\"c\"");
    event.link_app_id = SLICE("app");
    event.link_menu_code = SLICE("menu");
    event.link_states = SLICE("site%1");
    event.tags[0].text = SLICE("t1");
    event.tags[1].object = &header_value;
    event.n_tags = 2;
    event.features[0].text = SLICE("f1");
    event.n_features = 1;
    target.app_id = "app-key";
    cr_assert_eq(encode(&target, &event), ENCODE_OK);
    expect_holds(
        "\"messageType\":1,\"url\":\"https://soc.example.com/a?b=\\\"c\\\"\",\"linkedAppId\":\"app\",\"linkedMenuCode\":\"menu\","
        "\"linkedStates\":\"site%1\",");
    expect_holds("\"appId\":\"app-key\"");
    expect_lacks("appName");
    expect_holds("\"tags\":[{\"defaultValue\":\"t1\"},{\"defaultValue\":\"Incident\",\"i18nValue\":{\"en_US\":\"Incident\","
                 "\"zh_CN\":\"\xe4\xba\x8b\xe4\xbb\xb6\"}}]");
    expect_holds("\"features\":[{\"defaultValue\":\"f1\"}]}]}");
}

Test(notice_encode, who_gets_it)
{
    static const char *const names[] = { "a\"b", "c" };
    struct event event = notice_event();
    struct backend_settings target = settings;
    event.audience = AUDIENCE_ALL;
    encode(&target, &event);
    expect_holds("\"targetType\":0,");
    expect_lacks("targets");

    event.audience = AUDIENCE_ABSENT;
    encode(&target, &event);
    expect_holds("\"targetType\":0,");

    target.default_audience = AUDIENCE_LIST;
    target.default_users = names;
    target.n_default_users = 2;
    encode(&target, &event);
    expect_holds("\"targetType\":1,\"targets\":[\"a\\\"b\",\"c\"],");

    event.audience = AUDIENCE_LIST;
    encode(&target, &event);
    expect_holds("\"targetType\":1,\"targets\":[\"u123\",\"u456\"],");
}

Test(notice_encode, a_plain_http_url_needs_permission)
{
    struct event event = notice_event();
    struct backend_settings target = settings;
    static const char *const urls[] = { "http://x.example", "HTTP://x.example" };
    for (size_t i = 0; i < 2; i++) {
        event.url = slice_of(urls[i]);
        target.allow_http_urls = false;
        cr_expect_eq(encode(&target, &event), ENCODE_REFUSED);
        EXPECT_SLICE(buf_view(&request.body), SLICE("{\"messages\":[]}"));
        target.allow_http_urls = true;
        cr_expect_eq(encode(&target, &event), ENCODE_OK);
    }
}

Test(notice_encode, kinds_without_a_text_of_their_own_use_the_built_in_or_the_configured_one)
{
    struct event event = {
        .kind = EVENT_INCIDENT_UPDATED, .id = SLICE("1"), .incident_name = SLICE("in\"trusion"), .incident_id = SLICE("i-1"),
        .start_time = { .text = SLICE("s") }, .end_time = { .text = SLICE("e") }, .status = SLICE("open"), .level = SLICE("HIGH"),
    };
    struct backend_settings target = settings;
    encode(&target, &event);
    expect_holds("\"header\":{\"defaultValue\":\"Incident updated: in\\\"trusion\",\"i18nValue\":{\"zh_CN\":");
    expect_holds("Incident i-1 has status open and level HIGH. Started at s, ended at e.");
    target.titles[EVENT_INCIDENT_UPDATED] =
        (struct template){{{"en_US", "E {incidentID}"}, {"ja_JP", "J"}, {NULL, "D {status}"}}, 3};
    encode(&target, &event);
    expect_holds("\"header\":{\"defaultValue\":\"D open\",\"i18nValue\":{\"en_US\":\"E i-1\",\"ja_JP\":\"J\"}}");
    target.titles[EVENT_INCIDENT_UPDATED].n = 2;
    encode(&target, &event);
    expect_holds("\"header\":{\"defaultValue\":\"E i-1\",\"i18nValue\":{\"en_US\":\"E i-1\",\"ja_JP\":\"J\"}}");

    event.kind = EVENT_ALERT_GENERATED;
    event.alert_name = SLICE("scan");
    encode(&settings, &event);
    expect_holds("\"defaultValue\":\"Alert: scan\"");
    event.kind = EVENT_INCIDENT_GENERATED;
    encode(&settings, &event);
    expect_holds("\"defaultValue\":\"Incident: in\\\"trusion\"");
    event.kind = EVENT_NOTICE;
    event.body.text = SLICE("only a body");
    encode(&settings, &event);
    expect_lacks("\"header\"");
    expect_holds("\"body\":{\"defaultValue\":\"only a body\"}");
}

/* Whatever the size of the memory, a body is whole JSON with as many messages as were taken, and one that was not taken left no
 * byte. */
Test(notice_encode, a_message_is_in_whole_or_not_at_all)
{
    struct event event = notice_event();
    static char tree[256 * 1024];
    for (size_t size = sizeof("{\"messages\":[]}"); size < 2000; size += 7) {
        request_init(&request, memory, 1024, size, 1024);
        notice->begin(&settings, &request);
        uint32_t taken = 0;
        while (notice->add(&settings, &event, &request) == ENCODE_OK)
            taken++;
        notice->end(&settings, &request);
        cr_expect(request_is_whole(&request), "%zu bytes", size);
        cr_expect_eq(request.messages, taken);

        struct arena arena;
        const struct value *root;
        arena_init(&arena, tree, sizeof(tree));
        cr_assert_eq(json_read(buf_view(&request.body), &arena, &root), FAULT_NONE, "%zu bytes", size);
        cr_expect_eq(member_at(root, "messages")->count, taken, "%zu bytes", size);
        cr_expect_eq(taken, (size - 14) / 264, "%zu bytes", size);
    }
}

/* One that is kept beside its record is counted as it is when it is written on the spot: the batch is the same either way. */
Test(notice_encode, a_kept_message_fits_where_its_event_fits)
{
    static char kept_memory[4096], text[4096];
    struct event event = notice_event();
    struct request kept;
    struct buf message;
    buf_init(&message, text, sizeof(text));
    cr_assert_eq(notice->message(&settings, &event, &message), ENCODE_OK);
    size_t two = 2 * message.size + sizeof("{\"messages\":[,]}") - 1;
    for (size_t body = 1; body <= two + 4; body++) {
        request_init(&request, memory, 1024, body, 1024);
        request_init(&kept, kept_memory, 1024, body, 1024);
        notice->begin(&settings, &request);
        notice->begin(&settings, &kept);
        for (int i = 0; i < 2; i++) {
            enum encode_result direct = notice->add(&settings, &event, &request);
            cr_expect_eq(notice->add_message(buf_view(&message), &kept), direct, "%zu bytes, message %d", body, i);
        }
        cr_expect(slice_eq(buf_view(&request.body), buf_view(&kept.body)), "%zu bytes", body);
        cr_expect(body < two ? request.messages < 2 : request.messages == 2, "%zu bytes: %u", body, request.messages);
    }
}

Test(notice_encode, at_most_100_messages)
{
    struct event event = notice_event();
    request_init(&request, memory, 1024, 128 * 1024, 1024);
    notice->begin(&settings, &request);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(notice->add(&settings, &event, &request), ENCODE_OK);
    size_t size = request.body.size;
    cr_expect_eq(notice->add(&settings, &event, &request), ENCODE_FULL);
    cr_expect_eq(request.body.size, size);
    cr_expect_eq(request.messages, 100);
}

Test(notice_encode, a_message_id_that_is_too_long_becomes_a_hash)
{
    static char prefix[300], id[128];
    char out[512];
    struct buf buf;
    memset(id, 'i', sizeof(id));
    memset(prefix, 'p', 128);
    buf_init(&buf, out, sizeof(out));
    notice_message_id(&buf, prefix, (struct slice){ id, 128 });
    cr_expect_eq(buf.size, 256);
    cr_expect_eq(memcmp(out + 128, id, 128), 0);

    memset(prefix, 'p', 129);
    char first[161];
    for (int round = 0; round < 2; round++) {
        buf_init(&buf, out, sizeof(out));
        notice_message_id(&buf, prefix, (struct slice){ id, 128 });
        cr_assert_eq(buf.size, 129 + 1 + 32);
        cr_expect_eq(out[129], '#');
        cr_expect_eq(strspn(out + 130, "0123456789abcdef") >= 32, true);
        if (round == 0) {
            memcpy(first, out, sizeof(first));
            id[127] = 'j';
        }
    }
    cr_expect_neq(memcmp(first + 130, out + 130, 31), 0, "another id, another hash");
}

/* The hash is part of what the portal remembers: it may never change. Value: `openssl mac ... -macopt size:16 SIPHASH`, halves
 * swapped. */
Test(notice_encode, the_hash_of_a_long_id_is_fixed)
{
    static char prefix[201], id[101];
    char out[512];
    struct buf buf;
    memset(prefix, 'p', 200);
    memset(id, 'i', 100);
    buf_init(&buf, out, sizeof(out));
    notice_message_id(&buf, prefix, slice_of(id));
    EXPECT_SLICE(((struct slice){ out + 200, buf.size - 200 }), SLICE("#d02df3b10e577ad6a0ba62ad3877a9e3"));
}

Test(notice_encode, users_of_the_settings_weigh_what_they_take)
{
    static const char *const listed[] = { "u-0001", "u-0002", "u-0003" };
    struct backend_settings target = settings;
    struct event event = notice_event();
    event.audience = AUDIENCE_ABSENT;
    uint32_t everybody = notice->weigh(&target, &event);
    target.default_audience = AUDIENCE_LIST;
    target.default_users = listed;
    target.n_default_users = 3;
    cr_expect_eq(notice->weigh(&target, &event), everybody + 3 * sizeof("\"u-0001\""));
}

Test(notice_encode, the_weight_is_about_the_size)
{
    struct event events[2] = {notice_event(),
                              {.kind = EVENT_INCIDENT_GENERATED,
                               .id = SLICE("e-00000001"),
                               .incident_name = SLICE("Suspicious login on host web-17 from 198.51.100.7"),
                               .incident_id = SLICE("i-1"),
                               .start_time = {.text = SLICE("2026-01-02 03:04:05")}}};
    for (size_t i = 0; i < 2; i++) {
        encode(&settings, &events[i]);
        double ratio = (double)notice->weigh(&settings, &events[i]) / (double)(request.body.size - 15);
        cr_expect(ratio > 0.9 && ratio < 1.1, "row %zu: %f", i, ratio);
    }
}
