/* random_orders.h: orders by draw, and what another process left before some of them, to be given to two stores alike. */
#ifndef TESTS_WIRE_RANDOM_ORDERS_H
#define TESTS_WIRE_RANDOM_ORDERS_H

#include "tests/wire/claim_rows.h"

enum { RANDOM_WINDOWS = 2 };

enum order_how { ORDER_CLAIM, ORDER_RENEW, ORDER_END };

struct random_order {
    enum order_how how;
    struct claim_order order;       /* with its end */
    char id[16];
    struct claim_window window;     /* of the order, if it has one */
    struct claim_value met;         /* NONE = nothing is put there */
    ms_t age_ms;
};

/* Few ids and custodies, so that they meet. In place: it is borrowed by its own order. */
void random_order_draw(struct random_order *, uint64_t *draws, uint32_t step);

/* The windows that its step may ask. */
void random_order_windows(uint32_t step, struct claim_window windows[RANDOM_WINDOWS]);

uint32_t random_order_ask(const struct random_order *, struct stand *);

/* Fails the test where one store answered otherwise than the other; `what` names them. */
void random_order_compare(const char *what, uint32_t step, const struct stand_answer *, const struct stand_answer *);
void random_order_compare_values(const char *what, uint32_t step, const struct claim_value *, const struct claim_value *);

#endif
