"""faults.py: what can happen: kinds, variants, how often a minute, with which arguments, and how often at least."""

SERVICES = ("kafka", "redis", "soar", "portal")
WORKERS = 3

# Faults a minute. The groups go on side by side, each does one thing after the other.
A_MINUTE = {
    "kill": 5.5, "freeze": 1.5, "term": 1.3, "clock": 0.6, "secret": 0.6, "descriptors": 0.6,
    "redis": 2.8, "broker": 1.6, "link": 6.5, "names": 0.6, "backend": 8.0,
}  # fmt: skip
GROUPS = {kind: "workers" for kind in ("kill", "freeze", "term", "clock", "descriptors")}
FORGETTING = ("flush", "restart", "failover", "failover-behind")
RESTARTS = ("stop", "kill")
VARIANTS = {
    "term": ("once", "once", "twice"),
    "secret": ("rotated", "cut"),
    "redis": (*FORGETTING, *FORGETTING, "frozen", "full", "busy", "misconfigured", "scripts-flushed", "password-changed"),
    "broker": (*RESTARTS, *RESTARTS, "empty-fetches", "letters-refused"),
    "link": tuple(
        f"{fault}.{service}"
        for fault in ("latency", "cut", "reset", "half-open", "bandwidth", "slice")
        for service in SERVICES
    ),
    # By the simulators' names; what comes before "carried out", after it, and with its reply.
    "backend": (
        "refuse", "delay", "reset_before", "close_before", "hang_before", "status_before", "throttle", "throttle_untold",
        "unauthorized", "forbidden", "redirect", "nonce_used", "bad_time", "error_html", "token_expiry", "too_large",
        "poison",
        "reset_after", "close_after", "hang_after", "execute_then_500", "execute_then_502", "execute_then_504",
        "truncate", "broken_json", "not_json", "huge", "drip", "wrong_length", "keepalive_close", "idle_close", "data_false",
    ),
}  # fmt: skip
# What a fault of that backend needs beside its probability.
BACKEND = {
    "throttle": {"retry_after": 300},
    "hang_before": {"ms": 4000},
    "hang_after": {"ms": 4000},
    "huge": {"count": 3},  # 10 MiB each
    # Two in a row and the target is paused, more and it waits half a minute before it tries again.
    "unauthorized": {"count": 2},
    "forbidden": {"count": 1},
    "redirect": {"count": 1},
    "too_large": {"count": 5},  # in all: who is refused alone is parked
    "poison": {"nth": 20, "api": "notice"},
}

# In the five minutes of faults that a run of six has; more and fewer in proportion.
FLOORS = {"kill -9": 25, "SIGSTOP beyond the lease": 6, "Redis lost its memory": 8, "broker restarts": 4, "SIGTERM": 5}
FLOORS_S = 300


def counted(fired, seen):
    """What the floors are about, of `fired`, and of what was `seen`, by the names of the schedule."""
    return {
        "kill -9": fired.get("kill", 0) + fired.get("clock", 0),
        "SIGSTOP beyond the lease": seen.get("freeze", 0),
        "Redis lost its memory": sum(fired.get(f"redis.{variant}", 0) for variant in FORGETTING),
        "broker restarts": sum(fired.get(f"broker.{variant}", 0) for variant in RESTARTS),
        "SIGTERM": fired.get("term.once", 0) + fired.get("term.twice", 0),
    }


def arguments_of(draw, kind, variant):
    worker = {"worker": draw.randint(1, WORKERS)}
    if kind in ("kill", "term"):
        return worker | {"back_s": round(draw.uniform(0, 2), 2)}
    if kind == "clock":
        return worker | {"offset_s": draw.choice((-1, 1)) * draw.randint(60, 240)}
    if kind == "freeze":
        return worker | {"for_s": round(draw.uniform(6.5, 10), 2)}
    if kind == "descriptors":
        return worker | {"for_s": round(draw.uniform(1, 4), 2)}
    if kind == "secret":
        return {"for_s": round(draw.uniform(0.2, 1.5), 2)}
    if kind == "redis":
        return {"for_s": round(draw.uniform(0.3, 3), 2)}
    if kind == "broker":
        least = 0 if variant in RESTARTS else 4
        return {"for_s": round(least + draw.uniform(0, 4), 2)}
    if kind == "names":
        return {"for_s": round(draw.uniform(1, 5), 2)}
    if kind == "backend":
        return {"p": draw.choice((0.2, 0.4, 0.7)), "for_s": round(draw.uniform(2, 6), 2)}
    return link_arguments(draw, *variant.split("."))


def link_arguments(draw, fault, service):
    found = {"link": f"{service}.{draw.choice((*range(1, WORKERS + 1), '*'))}", "for_s": round(draw.uniform(1, 5), 2)}
    found |= {
        "latency": {"ms": draw.choice((5, 50, 400)), "jitter": draw.choice((0, 20, 200))},
        "cut": {"bytes": draw.choice((0, 1, 40, 700, 5000)), "way": draw.choice(("up", "down"))},
        "reset": {},
        "half-open": {"way": draw.choice(("up", "down")), "then": draw.choice(("late", "never"))},
        "bandwidth": {"bytes": draw.choice((2000, 20000, 200000))},
        "slice": {"bytes": draw.choice((1, 7, 100))},
    }[fault]
    return found
