/* test_event_write.c: an event back to bytes, and the schema that the program prints. */
#include "codecs/buf.h"
#include "codecs/event_schema.h"
#include "codecs/json.h"
#include "tests/codecs/sample.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct decoded decoded;

Test(event_write, goes_back_to_the_same_bytes)
{
    static char json[4096], packed[4096];
    struct buf buf;
    cr_assert_eq(sample_decode(slice_of(sample_full), NULL, 0, FORMAT_AUTO, true, &decoded), FAULT_NONE);
    uint64_t fp = event_fingerprint(&decoded.events[0], &sample_key);
    buf_init(&buf, packed, sizeof packed);
    event_to_msgpack(&buf, &decoded.events[0]);
    buf_init(&buf, json, sizeof json);
    event_to_json(&buf, &decoded.events[0]);
    cr_expect_not_null(strstr(buf_cstr(&buf), "\"channels\":[\"sms\",\"pmsg\"]"));
    cr_expect_not_null(strstr(json, "12345678901234567890"));
    cr_expect_eq(strncmp(json, "{\"v\":1,\"id\":\"inc-7\",\"kind\":", 27), 0);
    const struct slice forms[] = { buf_view(&buf), sample_msgpack(json) };
    for (int i = 0; i < 2; i++) {
        char again[4096];
        struct buf written;
        cr_assert_eq(sample_decode(forms[i], NULL, 0, FORMAT_AUTO, true, &decoded), FAULT_NONE, "form %d", i);
        cr_expect_eq(event_fingerprint(&decoded.events[0], &sample_key), fp, "form %d", i);
        buf_init(&written, again, sizeof again);
        event_to_json(&written, &decoded.events[0]);
        cr_expect_str_eq(buf_cstr(&written), json, "form %d", i);
    }
}

/* A real of MessagePack has no digits to repeat: the shortest that read back as the same number are found. */
Test(event_write, numbers_of_messagepack_are_the_same_numbers_in_json)
{
    static const char event[] = "{\"v\":1,\"id\":\"n\",\"kind\":\"notice\",\"body\":\"b\",\"targets\":\"all\","
                                "\"data\":[2.0,-0.0,0.1,0.30000000000000004,5e-324,1e22,true,false]}";
    static char json[1024];
    struct buf buf;
    cr_assert_eq(sample_decode(sample_msgpack(event), NULL, 0, FORMAT_MSGPACK, true, &decoded), FAULT_NONE);
    uint64_t fp = event_fingerprint(&decoded.events[0], &sample_key);
    buf_init(&buf, json, sizeof json);
    event_to_json(&buf, &decoded.events[0]);
    cr_expect_not_null(strstr(buf_cstr(&buf), "[2.0,-0.0,0.1,0.30000000000000004,"), "%s", json);
    cr_expect_not_null(strstr(json, ",true,false]"), "%s", json);
    cr_expect_not_null(strstr(json, "\"targets\":\"all\""), "%s", json);
    cr_assert_eq(sample_decode(buf_view(&buf), NULL, 0, FORMAT_JSON, true, &decoded), FAULT_NONE);
    cr_expect_eq(event_fingerprint(&decoded.events[0], &sample_key), fp);
}

Test(event_write, the_schema_that_is_printed_is_the_file)
{
    static char text[EVENT_SCHEMA_BYTES_MAX], file[EVENT_SCHEMA_BYTES_MAX];
    struct buf buf;
    buf_init(&buf, text, sizeof text);
    event_schema_write(&buf);
    FILE *stream = fopen(SOURCE_ROOT "/codecs/event_v1.schema.json", "r");
    cr_assert_not_null(stream);
    size_t size = fread(file, 1, sizeof file - 1, stream);
    fclose(stream);
    file[size] = '\0';
    cr_expect_str_eq(buf_cstr(&buf), file);
}

/* The reader's table and the schema know the same members: each property of the schema is known, and its $defs are used. */
Test(event_write, the_schema_names_what_the_reader_knows)
{
    static char text[EVENT_SCHEMA_BYTES_MAX], tree[1 << 18];
    struct buf buf;
    struct arena arena;
    const struct value *root;
    buf_init(&buf, text, sizeof text);
    event_schema_write(&buf);
    arena_init(&arena, tree, sizeof tree);
    cr_assert_eq(json_read(buf_view(&buf), &arena, &root), FAULT_NONE);
    const struct value *properties = value_member(root, "properties");
    cr_assert_eq(properties->count, 29);
    for (uint32_t i = 0; i < properties->count; i++) {
        char json[600];
        struct slice name = properties->members[i].name;
        snprintf(json, sizeof json, "{\"%.*s\":{\"never\":[]}}", (int)name.size, name.at);
        enum fault fault = sample_decode(slice_of(json), NULL, 0, FORMAT_JSON, false, &decoded);
        bool takes_anything = slice_is(name, "data") || slice_is(name, "traceparent") || slice_is(name, "id");
        cr_expect(fault != FAULT_NONE, "%s", json);
        cr_expect(takes_anything || slice_eq(decoded.detail, name), "%s is not known", json);
    }
}
