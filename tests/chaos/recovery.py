"""recovery.py: how long it took until things went on: told from outside, by what the backends carried out.

A takeover after a kill -9 is over when each partition of the dead is at work again under its next owner, and the last of its claims
is taken over. Redis is back for a worker when the first SOAR call of its partitions is carried out: those wait for Redis."""

import array
import bisect
import collections
import json
import math

SURROUNDED_MS = 1000  # what was over so long before is over
SLOWEST_MS = 30_000  # nothing is put down to what happened before that


def read(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def percentile(values, share):
    """The smallest value that so many are not above."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def first_from(times, at):
    """The first of sorted times at or after that one; None where there is none."""
    place = bisect.bisect_left(times, at)
    return times[place] if place < len(times) else None


class Recovery:
    """`facts`: name -> path; `takeovers`: (ms, number of the id) as the workers logged them; `times`: (fault, begin ms, end ms)."""

    def __init__(self, facts, takeovers, times, soar_targets):
        self.times, self.soar_targets = times, soar_targets
        self.partition_of = self.read_partitions(facts["produced"])
        self.carried_out = collections.defaultdict(lambda: array.array("q"))  # partition -> times
        self.carried_out_soar = collections.defaultdict(lambda: array.array("q"))
        self.read_ledger(facts["ledger"])
        self.owners = collections.defaultdict(list)  # partition -> (ms, life)
        for fact in read(facts["commits"]):
            if fact["fact"] == "assigned":
                self.owners[fact["partition"]].append((fact["at"], fact["worker"]))
        self.kills, self.still = [], collections.defaultdict(list)  # (ms, life); life -> when it cannot work
        for fact in read(facts["process"]):
            if fact["fact"] == "stopped":
                self.still[fact["worker"]].append((fact["at"], math.inf))
                if fact["word"] == "killed":
                    self.kills.append((fact["at"], fact["worker"]))
            elif fact["fact"] == "frozen":
                self.still[fact["worker"]].append((fact["at"], fact["at"] + fact["number"]))
        self.claims = self.attribute(takeovers)

    @staticmethod
    def read_partitions(path):
        found = {}
        for fact in read(path):
            if "id" in fact:
                found.setdefault(int(fact["id"][1:]), fact["partition"])
        return found

    def read_ledger(self, path):
        for fact in read(path):
            if fact["fact"] == "executed":
                partition = self.partition_of.get(int(fact["id"][1:]))
                self.carried_out[partition].append(fact["at"])
                if fact["target"] in self.soar_targets:
                    self.carried_out_soar[partition].append(fact["at"])
        for times in (self.carried_out, self.carried_out_soar):
            for partition in times:
                times[partition] = array.array("q", sorted(times[partition]))

    # ---- who had what ----

    def owner_at(self, partition, at):
        place = bisect.bisect_right(self.owners[partition], (at, math.inf)) - 1
        return self.owners[partition][place][1] if place >= 0 else 0

    def had(self, life, at):
        return [partition for partition in self.owners if self.owner_at(partition, at) == life]

    def next_owner_from(self, partition, life, at):
        return next((when for when, who in self.owners[partition] if when >= at and who != life), None)

    def alone(self, own, begin, end):
        """Whether nothing else was there at that time."""
        return not any(
            name not in own and since < end and until > begin - SURROUNDED_MS for name, since, until in self.times
        )

    # ---- takeovers ----

    def attribute(self, takeovers):
        """Kill -> the last time at which one of its claims was taken over."""
        found = {}
        for at, number in takeovers:
            partition = self.partition_of.get(number)
            for when, life in reversed(self.kills):
                if at - SLOWEST_MS < when <= at and self.owner_at(partition, when) == life:
                    found[(when, life)] = max(at, found.get((when, life), 0))
                    break
        return found

    def takeover_ms(self, at, life):
        """None where the dead had nothing, or nobody took it over."""
        ends = [self.claims[(at, life)]] if (at, life) in self.claims else []
        for partition in self.had(life, at):
            assigned = self.next_owner_from(partition, life, at)
            again = assigned and first_from(self.carried_out[partition], assigned)
            if again is None:
                return None
            ends.append(again)
        return max(ends) - at if ends else None

    def takeovers_s(self):
        """(all, those with nothing else around them)"""
        every, alone = [], []
        for at, life in self.kills:
            took = self.takeover_ms(at, life)
            if took is None:
                continue
            every.append(took / 1000)
            if self.alone(("kill", "clock"), at, at + took) and not self.other_kill(at, took):
                alone.append(took / 1000)
        return every, alone

    def other_kill(self, at, took):
        return any(at - SURROUNDED_MS < when <= at + took and when != at for when, _ in self.kills)

    # ---- Redis ----

    def works(self, life, begin, end):
        return not any(since < end and until > begin for since, until in self.still[life])

    def redis_s(self, back):
        """`back`: when it could be used again. (all, those with nothing else around them), each worker for itself."""
        every, alone = [], []
        for at in back:
            for life in {self.owner_at(partition, at) for partition in self.owners}:
                firsts = [first_from(self.carried_out_soar[partition], at) for partition in self.had(life, at)]
                first = min((first for first in firsts if first is not None), default=None)
                if first is None or first - at > SLOWEST_MS or not self.works(life, at, first):
                    continue
                every.append((first - at) / 1000)
                redis = {name for name, _, _ in self.times if name.startswith("redis.")}
                if self.alone(redis, at, first):
                    alone.append((first - at) / 1000)
        return every, alone


def told(values, bound_s):
    """A row of figures."""
    if not values:
        return {"n": 0}
    row = {"n": len(values), "within": sum(value <= bound_s for value in values), "bound": bound_s}
    return row | {
        name: round(percentile(values, share), 2) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))
    }


def row_text(name, row):
    if not row["n"]:
        return f"{name}: none"
    return (
        f"{name}: {row['n']}, p50 {row['p50']} s, p99 {row['p99']} s, at most {row['max']} s; "
        f"{row['within']} within {row['bound']:g} s"
    )
