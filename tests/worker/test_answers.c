/* test_answers.c: what people are told of the answers to dead letters. */
#include "tests/worker/stand.h"

#include <criterion/criterion.h>

TestSuite(answers, .init = stand_setup, .fini = stand_teardown);

Test(answers, a_letter_that_has_no_room_yet_is_no_failure_to_tell_of)
{
    struct kafka_handler handler;
    stand_start();
    answers_kafka(&stand.worker, &handler);
    handler.parked(&stand.worker, (struct tag){ 1, 1 }, LETTER_LATER, NULL);
    cr_expect_eq(stand.worker.letters_told_ms, 0);
    cr_expect_eq(stand.worker.park_writes[0] + stand.worker.park_writes[1], 0);
    handler.parked(&stand.worker, (struct tag){ 1, 1 }, LETTER_REFUSED, "INVALID_TIMESTAMP");
    cr_expect_neq(stand.worker.letters_told_ms, 0);
    cr_expect_eq(stand.worker.park_writes[1], 1);
    handler.parked(&stand.worker, (struct tag){ 1, 1 }, LETTER_WRITTEN, NULL);
    cr_expect_eq(stand.worker.park_writes[0], 1);
    cr_expect_eq(worker_stats(&stand.worker)->stale_answers, 3, "each goes to the engine, which has no such letter here");
}
