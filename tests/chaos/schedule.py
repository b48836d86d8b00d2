"""schedule.py: which fault happens when: a pure function of the seed, the length of the run and the number of kills."""

import dataclasses
import math
import random

# Faults a minute. The groups go on side by side, each does one thing after the other.
A_MINUTE = {"kill": 5.2, "freeze": 1.25, "term": 1.1, "clock": 0.5, "redis": 1.7, "broker": 0.85, "link": 7.0, "backend": 5.0}
GROUPS = {"kill": "workers", "freeze": "workers", "term": "workers", "clock": "workers"}
VARIANTS = {
    "redis": ("flush", "restart", "failover", "failover-behind", "frozen", "full"),
    "broker": ("stop", "kill"),
    "link": ("latency", "cut", "reset", "half-open", "bandwidth", "slice"),
    "backend": (
        "execute_then_500", "execute_then_504", "reset_after", "close_after", "hang_after", "broken_json", "truncate",
        "status_before", "reset_before", "hang_before", "throttle", "keepalive_close", "drip", "data_false", "delay",
    ),
}  # fmt: skip
SERVICES = ("kafka", "redis", "sim")
WORKERS = 3


@dataclasses.dataclass(frozen=True)
class Fault:
    at: float  # seconds from the begin
    kind: str
    variant: str
    arguments: dict

    @property
    def name(self):
        return f"{self.kind}.{self.variant}" if self.variant else self.kind

    @property
    def group(self):
        return GROUPS.get(self.kind, self.kind)

    def __str__(self):
        told = " ".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"{self.at:7.1f} s  {self.name} {told}".rstrip()


def arguments_of(draw, kind, variant):
    if kind in ("kill", "term"):
        return {"worker": draw.randint(1, WORKERS), "back_s": round(draw.uniform(0, 2), 2)}
    if kind == "clock":
        return {"worker": draw.randint(1, WORKERS), "offset_s": draw.choice((-1, 1)) * draw.randint(60, 240)}
    if kind == "freeze":
        return {"worker": draw.randint(1, WORKERS), "for_s": round(draw.uniform(6.5, 10), 2)}
    if kind == "redis":
        return {"for_s": round(draw.uniform(0.3, 3), 2)}
    if kind == "broker":
        return {"for_s": round(draw.uniform(0, 4), 2)}
    if kind == "backend":
        return {"p": draw.choice((0.2, 0.4, 0.7)), "for_s": round(draw.uniform(2, 6), 2)}
    return link_arguments(draw, variant)


def link_arguments(draw, variant):
    service = draw.choice(SERVICES)
    found = {"link": f"{service}.{draw.choice((*range(1, WORKERS + 1), '*'))}", "for_s": round(draw.uniform(1, 5), 2)}
    found |= {
        "latency": {"ms": draw.choice((5, 50, 400)), "jitter": draw.choice((0, 20, 200))},
        "cut": {"bytes": draw.choice((0, 1, 40, 700, 5000)), "way": draw.choice(("up", "down"))},
        "reset": {},
        "half-open": {"way": draw.choice(("up", "down")), "then": draw.choice(("late", "never"))},
        "bandwidth": {"bytes": draw.choice((2000, 20000, 200000))},
        "slice": {"bytes": draw.choice((1, 7, 100))},
    }[variant]
    return found


def count_of(kind, seconds, kills):
    if kind == "kill" and kills:
        return kills
    n = math.ceil(A_MINUTE[kind] * seconds / 60)
    return max(n, len(VARIANTS.get(kind, "1")))


def plan(seed, seconds, kills=0):
    faults = []
    for kind in A_MINUTE:
        draw = random.Random(f"{seed} {kind}")
        n, variants = count_of(kind, seconds, kills), []
        while len(variants) < n:  # each as often as the others, in any order
            variants += draw.sample(VARIANTS.get(kind, ("",)), len(VARIANTS.get(kind, ("",))))
        for i in range(n):
            at = (i + draw.random()) * seconds / n
            faults.append(Fault(round(at, 1), kind, variants[i], arguments_of(draw, kind, variants[i])))
    return sorted(faults, key=lambda fault: fault.at)
