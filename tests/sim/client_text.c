/* client_text.c: what an adapter writes into commands. */
#include "tests/sim/client_parts.h"

#include <stdio.h>

void
client_value_text(const struct claim_value *value, char text[STORE_TEXT_BYTES])
{
    struct buf buf;
    buf_init(&buf, text, STORE_TEXT_BYTES - 1);
    claim_value_write(&buf, value);
    text[buf.size] = '\0';
}

void
client_holder_text(const struct worker *worker, const struct claim_order *order, char text[STORE_TEXT_BYTES])
{
    snprintf(text, STORE_TEXT_BYTES, "%016lx.%lu", (unsigned long)worker->config.owner, (unsigned long)order->dispatch);
}
