/* test_demo_book.c: the demo's books find each way in which a bridge can lie. */
#include "bridge/cmd/demo.h"
#include "bridge/sim/ledger.h"
#include "codecs/soar.h"

#include <criterion/criterion.h>

enum { RECORDS = 400 };

static struct demo_options options = { RECORDS, 7, 0 };
static struct demo_book book;
static struct decoder *decoder;

/* What the backend's simulator would put into its ledger for a sample. */
static void
execute(const struct sample *sample)
{
    static char message_id[256], params[4096];
    struct execution execution = { .api = API_NOTICE, .attempt = 1, .users = 3 };
    const struct decode_rules rules = { .record_bytes_max = RECORD_BYTES_DEFAULT };
    struct decoded decoded;
    struct buf buf;
    if (!decoder)
        decoder = decoder_new();
    cr_assert_eq(decode(decoder, &rules, &sample->record, &decoded), FAULT_NONE);
    buf_init(&buf, message_id, sizeof message_id);
    if (sample->kind == EVENT_NOTICE) {
        buf_text(&buf, "demo-");
        buf_slice(&buf, sample->id);
        execution.id = buf_view(&buf);
    } else {
        buf_init(&buf, params, sizeof params);
        soar_params(&buf, decoded.events);
        struct slice parts[] = { decoded.events->aliyun_uid, slice_of(soar_event_id(sample->kind)), buf_view(&buf) };
        execution.api = API_SOAR;
        execution.content = table_key(parts, 3);
    }
    demo_book_executed(&book, &execution);
}

static void
park(const char *reason, struct slice id)
{
    const struct header headers[] = {
        { SLICE("content-type"), SLICE("application/json") },
        { SLICE("alertbridge-reason"), slice_of(reason) },
        { SLICE("alertbridge-id"), id },
    };
    demo_book_dead_letter(&book, &(struct record_view){ .headers = headers, .n_headers = id.at ? 3 : 2, .timestamp_ms = -1 });
}

/* A whole run: all is carried out but the numbers of `skip` (its record's number), bad records are parked. */
static struct demo_balance
run(uint64_t skip, uint64_t twice)
{
    struct sample_config config;
    struct sample sample;
    struct demo_balance balance;
    demo_samples(&options, &config);
    struct sampler *sampler = sampler_new(&config);
    demo_book_release(&book);
    cr_assert(demo_book_init(&book, RECORDS));
    for (int i = 0; i < RECORDS; i++) {
        sampler_next(sampler, &sample);
        demo_book_produced(&book, &sample);
        if (sample.bad)
            park("bad_input.syntax", (struct slice){ 0 });
        else if (!sample.repeat && sample.number != skip)
            execute(&sample);
        if (!sample.bad && !sample.repeat && sample.number == twice)
            execute(&sample);
    }
    sampler_free(sampler);
    demo_book_close(&book, &balance);
    return balance;
}

static void
end(void)
{
    demo_book_release(&book);
    decoder_free(decoder);
}

TestSuite(demo_book, .fini = end);

Test(demo_book, balances_when_all_is_carried_out_or_parked)
{
    struct demo_balance balance = run(UINT64_MAX, UINT64_MAX);
    cr_expect_eq(book.records, RECORDS);
    cr_expect(book.bad == 1 && book.reasons[REASON_BAD_INPUT] == 1);
    cr_expect_eq(balance.delivered[0] + balance.delivered[1], book.distinct);
    cr_expect(balance.delivered[0] > balance.delivered[1] && balance.delivered[1] > 0);
    cr_expect(balance.lost == 0 && balance.again == 0 && balance.shown_twice == 0 && book.strangers == 0);
    cr_expect(book.distinct + book.bad < RECORDS, "some are repeats");
}

Test(demo_book, names_the_event_that_nobody_carried_out)
{
    struct demo_balance balance = run(123, UINT64_MAX);
    cr_expect(balance.lost == 1 && balance.n_lost_numbers == 1 && balance.lost_numbers[0] == 123);
    cr_expect_eq(balance.delivered[0] + balance.delivered[1], book.distinct - 1);
}

Test(demo_book, counts_a_second_execution_by_its_backend)
{
    struct demo_balance balance = run(UINT64_MAX, 3);       /* the fourth kind: a notice */
    cr_expect(balance.shown_twice == 1 && balance.again == 0 && balance.lost == 0);
    balance = run(UINT64_MAX, 4);
    cr_expect(balance.shown_twice == 0 && balance.again == 1 && balance.lost == 0);
}

Test(demo_book, takes_what_was_parked_off_the_delivered)
{
    char id[64];
    struct demo_balance balance;
    cr_assert(demo_poison_id(&options, id, sizeof id));
    run(UINT64_MAX, UINT64_MAX);
    park("rejected", slice_of(id));
    demo_book_close(&book, &balance);
    cr_expect(book.dead_letters == 2 && book.reasons[REASON_REJECTED] == 1 && book.strangers == 0);
    cr_expect_eq(balance.delivered[0] + balance.delivered[1], book.distinct - 1);
    cr_expect_eq(balance.lost, 0);
}

Test(demo_book, knows_what_was_never_produced)
{
    run(UINT64_MAX, UINT64_MAX);
    demo_book_executed(&book, &(struct execution){ .api = API_NOTICE, .id = SLICE("demo-nobody") });
    demo_book_executed(&book, &(struct execution){ .api = API_SOAR, .content = { 1, 2 } });
    park("rejected", SLICE("nobody"));
    park("no such reason", (struct slice){ 0 });
    cr_expect_eq(book.strangers, 4);
}

Test(demo_book, misses_a_record_that_should_have_been_parked)
{
    struct demo_balance balance;
    struct sample bad = { .bad = true };
    run(UINT64_MAX, UINT64_MAX);
    demo_book_produced(&book, &bad);
    demo_book_close(&book, &balance);
    cr_expect(balance.lost == 1 && balance.n_lost_numbers == 0);
}

Test(demo_poison, is_a_notice_of_the_run_and_the_same_each_time)
{
    char id[64], again[64];
    cr_assert(demo_poison_id(&options, id, sizeof id) && demo_poison_id(&options, again, sizeof again));
    cr_expect_str_eq(id, again);
    cr_expect(strstr(id, "ntc-") != NULL, "%s", id);
    struct demo_options one = { 1, 7, 0 };
    cr_expect(!demo_poison_id(&one, id, sizeof id));
}
