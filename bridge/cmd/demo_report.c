/* demo_report.c: the ledger: what was produced against what the backends carried out and the dead-letter topic holds. */
#include "bridge/cmd/demo.h"
#include "bridge/cmd/explain_out.h"
#include "bridge/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>

enum { PROBLEMS_MAX = 12, PROBLEM_BYTES = 160 };

struct problems {
    char texts[PROBLEMS_MAX][PROBLEM_BYTES];
    uint32_t n;
};

static void __attribute__((format(printf, 2, 3)))
problem(struct problems *problems, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (problems->n < PROBLEMS_MAX)
        vsnprintf(problems->texts[problems->n++], PROBLEM_BYTES, format, args);
    va_end(args);
}

static uint64_t
in_doubt(const struct demo_result *result)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < result->n_targets; i++)
        n += result->stats->targets[i].possible_duplicates;
    return n;
}

/* Each rule compares two who do not know of each other. What was cut short is unfinished, and nothing more can be said of it. */
static void
judge(const struct demo_result *result, const struct demo_balance *balance, const struct demo_counts *counts,
      struct problems *problems)
{
    const struct demo_book *book = result->book;
    uint64_t delivered = balance->delivered[0] + balance->delivered[1];
    uint64_t sum = delivered + counts->duplicates + book->dead_letters;
    if (result->cut_short) {
        problem(problems, "%s: %llu records were not finished, so there is no balance", result->cut_short,
                (unsigned long long)balance->lost);
        return;
    }
    if (!result->dead_letters_read)
        problem(problems, "the dead-letter topic could not be read to its end");
    if (balance->lost)
        problem(problems, "%llu lost: neither carried out by a backend nor parked", (unsigned long long)balance->lost);
    if (sum != book->records)
        problem(problems, "delivered, duplicates and parked add up to %llu, not to %llu", (unsigned long long)sum,
                (unsigned long long)book->records);
    if (delivered != counts->delivered)
        problem(problems, "the worker says %llu delivered, the backends' ledgers say %llu", (unsigned long long)counts->delivered,
                (unsigned long long)delivered);
    if (book->dead_letters != counts->parked)
        problem(problems, "the worker says %llu parked, the dead-letter topic holds %llu", (unsigned long long)counts->parked,
                (unsigned long long)book->dead_letters);
    if (balance->shown_twice)
        problem(problems, "%llu notices were shown twice to a user", (unsigned long long)balance->shown_twice);
    if (balance->again > in_doubt(result))
        problem(problems, "%llu calls carried out again, but only %llu were sent again in doubt",
                (unsigned long long)balance->again, (unsigned long long)in_doubt(result));
    if (book->strangers)
        problem(problems, "%llu carried out or parked that were never produced", (unsigned long long)book->strangers);
    if (result->committed != (int64_t)book->records)
        problem(problems, "offsets are committed for %lld of %llu records", (long long)result->committed,
                (unsigned long long)book->records);
}

static void
put_parked(struct outline *out, const struct demo_book *book)
{
    outline_object(out, "parked");
    outline_number(out, "all", (int64_t)book->dead_letters);
    for (enum reason reason = 0; reason < REASON_COUNT; reason++)
        if (book->reasons[reason])
            outline_number(out, reason_name(reason), (int64_t)book->reasons[reason]);
    outline_close(out);
}

static void
put_faults(struct outline *out, struct sim *sim)
{
    const struct faults *played = sim_faults(sim);
    outline_object(out, "faults_played");
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++)
        if (played->fired[kind])
            outline_number(out, fault_kind_name((enum fault_kind)kind), (int64_t)played->fired[kind]);
    outline_close(out);
}

static void
put_target(struct outline *out, const struct config_target *target, const struct target_stats *stats, uint64_t delivered)
{
    uint64_t calls = 0, retries = 0;
    outline_object(out, NULL);
    outline_texts(out, "target", target->name);
    outline_number(out, "delivered", (int64_t)delivered);
    outline_number(out, "duplicates_suppressed", (int64_t)stats->terminal[TERMINAL_DUPLICATE]);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        calls += stats->calls[i];
        retries += stats->retries[i];
    }
    outline_number(out, "calls", (int64_t)calls);
    outline_number(out, "messages_sent", (int64_t)stats->messages);
    outline_number(out, "retries", (int64_t)retries);
    outline_object(out, "outcomes");
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (stats->calls[i])
            outline_number(out, outcome_name((enum outcome)i), (int64_t)stats->calls[i]);
    outline_close(out);
    if (target->batch_messages > 1) {
        outline_number(out, "batches_split", (int64_t)(stats->splits[0] + stats->splits[1]));
        outline_format(out, "messages_per_call", "%.1f", calls ? (double)stats->messages / (double)calls : 0.0);
    }
    outline_number(out, "sent_again_in_doubt", (int64_t)stats->possible_duplicates);
    outline_close(out);
}

static void
put_ledger(struct outline *out, const struct demo_result *result, const struct demo_balance *balance)
{
    const struct demo_book *book = result->book;
    double seconds = (double)(result->worked_ms > 0 ? result->worked_ms : 1) / 1000;
    outline_number(out, "seed", (int64_t)result->options->seed);
    outline_texts(out, "dedup", result->world->redis ? "a private redis-server" : "memory");
    outline_number(out, "produced", (int64_t)book->records);
    outline_number(out, "distinct_events", (int64_t)book->distinct);
    outline_number(out, "repeats", (int64_t)(book->records - book->distinct - book->bad));
    outline_number(out, "unreadable", (int64_t)book->bad);
    outline_list(out, "targets");
    for (uint32_t i = 0; i < result->n_targets; i++)
        put_target(out, &result->world->config->targets[i], &result->stats->targets[i], balance->delivered[i]);
    outline_close(out);
    put_parked(out, book);
    put_faults(out, result->world->sim);
    outline_number(out, "carried_out_again_after_doubt", (int64_t)balance->again);
    outline_number(out, "notices_shown_twice", (int64_t)balance->shown_twice);
    outline_number(out, "offsets_committed", result->committed);
    outline_format(out, "seconds", "%.1f", seconds);
    outline_format(out, "events_per_second", "%.0f", (double)book->records / seconds);
}

/* Who they are follows from seed and number: they are made again. */
static void
put_lost(struct outline *out, const struct demo_result *result, const struct demo_balance *balance)
{
    struct sample_config config;
    struct sample sample;
    demo_samples(result->options, &config);
    struct sampler *sampler = balance->n_lost_numbers ? sampler_new(&config) : NULL;
    if (!sampler)
        return;
    outline_list(out, result->cut_short ? "first_unfinished" : "first_lost");
    for (uint32_t n = 0; n < balance->n_lost_numbers;) {
        sampler_next(sampler, &sample);
        if (sample.bad || sample.repeat || sample.number != balance->lost_numbers[n])
            continue;
        outline_text(out, NULL, sample.id);
        n++;
    }
    outline_close(out);
    sampler_free(sampler);
}

static void
put_verdict(struct outline *out, const struct demo_result *result, const struct demo_balance *balance,
            const struct demo_counts *counts, const struct problems *problems)
{
    char line[256];
    put_lost(out, result, balance);
    outline_list(out, "problems");
    for (uint32_t i = 0; i < problems->n; i++)
        outline_texts(out, NULL, problems->texts[i]);
    outline_close(out);
    outline_texts(out, "balanced", problems->n ? "no" : "yes");
    snprintf(line, sizeof(line), "produced %llu = delivered %llu + duplicates %llu + parked %llu, %s %llu",
             (unsigned long long)result->book->records, (unsigned long long)(balance->delivered[0] + balance->delivered[1]),
             (unsigned long long)counts->duplicates, (unsigned long long)result->book->dead_letters,
             result->cut_short ? "unfinished" : "lost", (unsigned long long)balance->lost);
    if (out->form == OUTLINE_JSON)
        outline_texts(out, "balance", line);
    else
        buf_format(&out->buf, "\n%s\n", line);
}

int
demo_report(const struct demo_result *result, bool json)
{
    struct outline out;
    struct demo_balance balance;
    struct demo_counts counts;
    struct problems problems = { .n = 0 };
    if (!outline_init(&out, json ? OUTLINE_JSON : OUTLINE_TEXT))
        return EXIT_INTERNAL;
    demo_book_close(result->book, &balance);
    demo_count(result->stats, result->n_targets, &counts);
    judge(result, &balance, &counts, &problems);
    put_ledger(&out, result, &balance);
    put_verdict(&out, result, &balance, &counts, &problems);
    if (json)
        outline_texts(&out, "configuration", result->world->shown);
    else
        buf_format(&out.buf, "\nThe configuration, as a file for `alertbridge run -c` would have it:\n\n%s",
                   result->world->shown);
    bool printed = outline_print(&out);
    outline_release(&out);
    return !printed ? EXIT_IO : problems.n ? EXIT_DATA : EXIT_DONE;
}
