/* reason.h: why a delivery was parked. Closed list: the dead letter's alertbridge-reason header and a metrics label. */
#ifndef BRIDGE_CORE_REASON_H
#define BRIDGE_CORE_REASON_H

#define REASONS(X) \
    X(REASON_BAD_INPUT,   "bad_input",   "the record cannot be read; the full reason is bad_input.<why>")       \
    X(REASON_NO_ROUTE,    "no_route",    "no route matches the event")                                          \
    X(REASON_REJECTED,    "rejected",    "the backend refuses this content for good")                           \
    X(REASON_EXPIRED,     "expired",     "past its expiresAt or the target's max_age")                          \
    X(REASON_CONFLICT,    "conflict",    "the same id was used before for another content")                     \
    X(REASON_UNCONFIRMED, "unconfirmed", "in doubt, and the target's policy says hold")                         \
    X(REASON_AUTH,        "auth",        "credentials refused for this event only; others were delivered")      \
    X(REASON_CONFIG,      "config",      "our settings refused for this event only; others were delivered")     \
    X(REASON_TOO_LARGE,   "too_large",   "the request for this event alone is too large")                       \
    X(REASON_BUDGET,      "budget",      "retry.max_attempts or retry.max_elapsed is used up")

enum reason {
#define REASON_ENUM(constant, name, text) constant,
    REASONS(REASON_ENUM)
#undef REASON_ENUM
    REASON_COUNT,
};

const char *reason_name(enum reason);
const char *reason_text(enum reason);

#endif
