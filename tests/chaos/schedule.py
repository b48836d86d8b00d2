"""schedule.py: which fault happens when: a pure function of the seed and the length of the run."""

import dataclasses
import math
import random

from faults import A_MINUTE, GROUPS, VARIANTS, arguments_of

REST_S = 60  # of the minutes of a run, for its begin and its end

# Now and then one thing happens while nothing else does, so that its recovery can be told from that of other things. A window
# begins with the time in which what happened before it comes to an end.
ALONE_EVERY_S, CLEARING_S = 300, 15
GROWS_AT = 0.4  # of the time: the topic gets another partition
ALONE = {"kill": 14, "redis": 4}  # seconds for its recovery


@dataclasses.dataclass(frozen=True)
class Fault:
    at: float  # seconds from the begin
    kind: str
    variant: str
    arguments: dict
    alone: bool = False

    @property
    def name(self):
        return f"{self.kind}.{self.variant}" if self.variant else self.kind

    @property
    def group(self):
        return GROUPS.get(self.kind, self.kind)

    def __str__(self):
        told = " ".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"{self.at:7.1f} s  {self.name} {told}".rstrip()


def window():
    """Seconds of one window, and where in it its faults happen."""
    at, places = 0, []
    for kind, seconds in ALONE.items():
        places.append((kind, at + CLEARING_S * (not places)))
        at = places[-1][1] + seconds
    return at, places


def together(seed, seconds):
    """Of all kinds, each kind evenly over the time, each variant as often as the others, in any order."""
    for kind in A_MINUTE:
        draw, variants = random.Random(f"{seed} {kind}"), VARIANTS.get(kind, ("",))
        n, drawn = max(math.ceil(A_MINUTE[kind] * seconds / 60), len(variants)), []
        while len(drawn) < n:
            drawn += draw.sample(variants, len(variants))
        for i in range(n):
            at = (i + draw.random()) * seconds / n
            yield Fault(at, kind, drawn[i], arguments_of(draw, kind, drawn[i]))


def windows(seconds):
    """(begin, end) of each; nothing else begins in them, however late it is."""
    length, _ = window()
    n = round(seconds / ALONE_EVERY_S)
    rest = seconds - n * length
    return [((i + 0.5) * rest / n + i * length, (i + 0.5) * rest / n + (i + 1) * length) for i in range(n)]


def plan(seed, seconds):
    """The windows stand evenly in between the others, which make room for them."""
    length, places = window()
    alone, draw = windows(seconds), random.Random(f"{seed} alone")
    faults = [Fault(round(GROWS_AT * seconds, 1), "broker", "partition-added", {"for_s": 0})]
    for fault in together(seed, seconds - len(alone) * length):
        before = sum(fault.at > begin - i * length for i, (begin, _) in enumerate(alone))
        faults.append(dataclasses.replace(fault, at=round(fault.at + before * length, 1)))
    for begin, _ in alone:
        for kind, at in places:
            variant = "restart" if kind == "redis" else ""
            faults.append(Fault(round(begin + at, 1), kind, variant, arguments_of(draw, kind, variant), True))
    return sorted(faults, key=lambda fault: fault.at)
