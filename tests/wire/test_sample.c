/* test_sample.c: what the sampler makes up is taken by the decoder, and is the same each time. */
#include "bridge/cmd/sample.h"
#include "codecs/buf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const struct decode_rules strict = { .format = FORMAT_AUTO, .strict = true, .record_bytes_max = RECORD_BYTES_MAX };

static uint64_t
hash_of(const struct sample *sample)
{
    const struct sipkey key = { 3, 4 };
    struct siphash hash;
    siphash_init64(&hash, &key);
    siphash_update(&hash, sample->record.key.at, sample->record.key.size);
    siphash_update(&hash, sample->record.value.at, sample->record.value.size);
    for (uint32_t i = 0; i < sample->record.n_headers; i++) {
        siphash_update(&hash, sample->record.headers[i].name.at, sample->record.headers[i].name.size);
        siphash_update(&hash, sample->record.headers[i].value.at, sample->record.headers[i].value.size);
    }
    return siphash_end64(&hash);
}

Test(sample, every_event_of_every_kind_and_form_satisfies_the_schema)
{
    const struct sample_config config = { .seed = 9, .format = FORMAT_AUTO, .repeats_ppm = 100000 };
    struct sampler *sampler = sampler_new(&config);
    struct decoder *decoder = decoder_new();
    unsigned forms[FORMAT_COUNT] = { 0 }, kinds[EVENT_KIND_COUNT] = { 0 };
    for (int i = 0; i < 5000; i++) {
        struct sample sample;
        struct decoded decoded;
        sampler_next(sampler, &sample);
        enum fault fault = decode(decoder, &strict, &sample.record, &decoded);
        cr_assert_eq(fault, FAULT_NONE, "record %d: %s, %.*s", i, fault_name(fault), (int)decoded.detail.size, decoded.detail.at);
        cr_assert_eq(decoded.n, 1);
        cr_assert_eq(decoded.unknown_fields, 0);
        const struct event *event = &decoded.events[0];
        cr_assert_eq(event->kind, sample.kind);
        cr_assert(slice_eq(event->id, sample.id), "%.*s", (int)event->id.size, event->id.at);
        struct slice key = event_order_key(event, (struct slice){ 0 });
        if (key.at)
            cr_assert(slice_eq(key, sample.record.key), "record %d", i);
        forms[decoded.format]++;
        kinds[event->kind]++;
    }
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
        cr_expect_gt(kinds[kind], 1000, "kind %d", kind);
    cr_expect_gt(forms[FORMAT_JSON], 1000);
    cr_expect_gt(forms[FORMAT_MSGPACK], 1000);
    cr_expect_gt(forms[FORMAT_CLOUDEVENTS], 2000);
    decoder_free(decoder);
    sampler_free(sampler);
}

Test(sample, an_event_says_the_same_in_json_and_messagepack)
{
    const struct sample_config json = { .seed = 4, .format = FORMAT_JSON }, msgpack = { .seed = 4, .format = FORMAT_MSGPACK };
    const struct sipkey key = { 5, 6 };
    struct sampler *a = sampler_new(&json), *b = sampler_new(&msgpack);
    struct decoder *decoder = decoder_new();
    for (int i = 0; i < 100; i++) {
        struct sample one, other;
        struct decoded decoded;
        sampler_next(a, &one);
        sampler_next(b, &other);
        cr_assert_eq(decode(decoder, &strict, &one.record, &decoded), FAULT_NONE);
        uint64_t fp = event_fingerprint(&decoded.events[0], &key);
        cr_assert_eq(decode(decoder, &strict, &other.record, &decoded), FAULT_NONE);
        cr_assert_eq(event_fingerprint(&decoded.events[0], &key), fp);
        cr_assert(slice_eq(one.id, other.id));
    }
    decoder_free(decoder);
    sampler_free(a);
    sampler_free(b);
}

Test(sample, the_same_seed_makes_the_same_bytes_and_another_makes_others)
{
    const struct sample_config config = { .seed = 1, .format = FORMAT_AUTO, .repeats_ppm = 200000, .records = 500, .bad = 20 };
    struct sample_config other_config = config;
    other_config.seed = 2;
    struct sampler *a = sampler_new(&config), *b = sampler_new(&config), *c = sampler_new(&other_config);
    for (int i = 0; i < 500; i++) {
        struct sample one, again, other;
        sampler_next(a, &one);
        sampler_next(b, &again);
        sampler_next(c, &other);
        cr_assert_eq(hash_of(&one), hash_of(&again), "record %d", i);
        cr_assert(one.bad || other.bad || hash_of(&one) != hash_of(&other), "record %d", i);
        cr_assert(one.bad || other.bad || !slice_eq(one.id, other.id), "record %d", i);
    }
    sampler_free(a);
    sampler_free(b);
    sampler_free(c);
}

Test(sample, a_repeat_is_byte_for_byte_an_event_of_the_last_20000_records)
{
    enum { RECORDS = 60000 };
    const struct sample_config config = { .seed = 3, .format = FORMAT_AUTO, .repeats_ppm = 100000 };
    uint64_t *hashes = calloc(RECORDS, sizeof *hashes), *seen_at = calloc(RECORDS, sizeof *seen_at);
    struct sampler *sampler = sampler_new(&config);
    uint64_t events = 0, repeats = 0, farthest = 0;
    for (uint64_t i = 0; i < RECORDS; i++) {
        struct sample sample;
        sampler_next(sampler, &sample);
        if (!sample.repeat) {
            cr_assert_eq(sample.number, events);
            hashes[events] = hash_of(&sample);
            seen_at[events++] = i;
            continue;
        }
        repeats++;
        cr_assert_lt(sample.number, events);
        cr_assert_eq(hash_of(&sample), hashes[sample.number], "record %lu", (unsigned long)i);
        uint64_t distance = i - seen_at[sample.number];
        farthest = distance > farthest ? distance : farthest;
    }
    cr_expect_leq(farthest, SAMPLE_REPEAT_RECORDS);
    cr_expect_gt(farthest, SAMPLE_REPEAT_RECORDS / 2);
    cr_expect_gt(repeats, RECORDS / 10 - 300);
    cr_expect_lt(repeats, RECORDS / 10 + 300);
    sampler_free(sampler);
    free(hashes);
    free(seen_at);
}

Test(sample, bad_records_are_as_many_as_asked_and_taken_by_no_decoder)
{
    const struct sample_config config = { .seed = 3, .format = FORMAT_JSON, .records = 1000, .bad = 16 };
    const struct decode_rules lax = { .format = FORMAT_AUTO, .record_bytes_max = RECORD_BYTES_MAX };
    struct sampler *sampler = sampler_new(&config);
    struct decoder *decoder = decoder_new();
    unsigned bad = 0, in_first_half = 0;
    for (int i = 0; i < 1000; i++) {
        struct sample sample;
        struct decoded decoded;
        sampler_next(sampler, &sample);
        enum fault fault = decode(decoder, &lax, &sample.record, &decoded);
        cr_expect_eq(fault != FAULT_NONE, sample.bad, "record %d: %s", i, fault_name(fault));
        bad += sample.bad;
        in_first_half += sample.bad && i < 500;
    }
    cr_expect_eq(bad, 16);
    cr_expect_eq(in_first_half, 8);
    decoder_free(decoder);
    sampler_free(sampler);
}

Test(sample, sizes_kinds_and_groups_are_as_asked)
{
    const struct sample_config config = {
        .seed = 3, .format = FORMAT_JSON, .bytes = 2000, .group_keys = 7, .kinds = 1u << EVENT_ALERT_GENERATED
    };
    struct sampler *sampler = sampler_new(&config);
    char keys[7][64];
    unsigned n_keys = 0;
    for (int i = 0; i < 500; i++) {
        struct sample sample;
        char key[64];
        sampler_next(sampler, &sample);
        cr_assert_eq(sample.kind, EVENT_ALERT_GENERATED);
        cr_assert_eq(sample.record.value.size, 2000);
        snprintf(key, sizeof key, "%.*s", (int)sample.record.key.size, sample.record.key.at);
        unsigned at = 0;
        while (at < n_keys && strcmp(keys[at], key) != 0)
            at++;
        cr_assert_lt(at, 7, "an eighth key: %s", key);
        if (at == n_keys)
            strcpy(keys[n_keys++], key);
    }
    cr_expect_eq(n_keys, 7);
    sampler_free(sampler);
}
