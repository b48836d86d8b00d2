"""contract.py: the delivery contract as a whole: both backends fail in every way at once while workers are killed and ended."""

import collections
import random
import time

from deliveries import POISON
from events import ACCOUNT, FORMS, SOURCE, encode, is_notice, order_key, shown_to
from journal import entries, second_ones_are_announced
from servers import expect
from world import World

LANES = 64  # open at a time: events of one lane follow each other closely enough to be in custody together
POISON_EVERY = 500
REPEATS = 0.05
CONCURRENCY = 16
FAULTS = (  # kind, share of calls, parameters; the portal tells in whole seconds for how long it throttles, so it does so rarely
    ("execute_then_reset", 0.02, {}),
    ("status_before", 0.03, {"status": 503}),
    ("execute_then_500", 0.02, {}),
    ("throttle", 0.05, {"api": "soar", "retry_after": 10}),
    ("throttle_untold", 0.045, {"api": "notice"}),
    ("throttle", 0.005, {"api": "notice", "retry_after": 1000}),
    ("broken_json", 0.01, {}),
)
POLICIES = {
    "connect_timeout": "500ms",
    "call_timeout": "1s",
    "claim_lease": "3s",
    "retry": {"base": "20ms", "max": "1s"},
    "breaker": {"failures": 8, "every": "500ms"},
}


def lane_events(name, number, first):
    """The events of one incident, one alert or one Kafka key, in their order; each has an id, found in the ledger as it is."""
    kind = ("incident", "notice", "alert", "notice")[number % 4]
    made = []
    for i in range(1 + number // 4 % 4):
        event = {"v": 1, "id": f"{SOURCE}#{name}-{first + i}", "kind": f"{kind}.generated"}
        if kind == "notice":
            event |= {"kind": kind, "title": f"title {first + i}", "body": {"default": "body é中 " + "b" * (first % 200)}}
            if number % 8 == 1:
                event["targets"] = [f"user-{first % 7}", f"user-{first % 7 + 1}"]
        else:
            event |= {
                "aliyunUID": ACCOUNT,
                f"{kind}Name": event["id"],
                f"{kind}ID": f"{kind}-{name}-{number}",
                "startTime": 1767323045000 + i * 1000,
            }
        if kind == "incident" and i > 0:
            event |= {"kind": "incident.updated", "endTime": "2026-01-02 04:04:05", "status": "closed", "level": "high"}
        made.append(event)
    return made


def poison(name, i):
    """Refused by the backend for good: a lane of its own at SOAR, which is asked by its incident, and so at the portal."""
    event = lane_events(POISON + name, i % 2, i)[0]
    if not is_notice(event):
        event["incidentID"] = event["id"]
    return event


class Stream:
    """Records of many lanes, interleaved; each 500th event is poison, some are repeated later in another form."""

    def __init__(self, name, count, seed):
        self.draw, self.name, self.records = random.Random(seed), name, []
        self.lanes, self.bad, self.events, opened, open_ = {}, [], 0, 0, {}
        recent = collections.deque(maxlen=5000)
        while self.events < count:
            if self.events // POISON_EVERY > len(self.bad):
                self.bad.append(self.write(f"poison {len(self.bad)}", [poison(name, len(self.bad))]))
                continue
            while len(open_) < LANES:
                made = lane_events(name, opened, 4 * opened)
                open_[opened], self.lanes[opened], opened = list(made), made, opened + 1
            if recent and self.draw.random() < REPEATS:
                self.write(*self.draw.choice(recent))
                continue
            lane = self.draw.choice(tuple(open_))
            n = self.draw.randint(1, len(open_[lane]))
            group, open_[lane] = open_[lane][:n], open_[lane][n:]
            if not open_[lane]:
                del open_[lane]
            self.write(lane, group)
            recent.append((lane, group))
        for lane, left in open_.items():  # their rest was not written
            self.lanes[lane] = self.lanes[lane][: len(self.lanes[lane]) - len(left)]

    def write(self, lane, events):
        record = encode(events, "array" if len(events) > 1 else self.draw.choice(FORMS))
        record.key = (order_key(events[0]) or f"key {lane}").encode()
        self.records.append(record)
        self.events += len(events)
        return record

    def good(self):
        return [event for made in self.lanes.values() for event in made]

    def poison_letters(self):
        """A code is `-` where the fault broke the body of the refusal."""
        return [
            (
                record,
                "rejected",
                "portal" if is_notice(record.events[0]) else "soar-prod",
                record.events[0]["id"],
                r"200/31\d{3}" if is_notice(record.events[0]) else r"400/(\w+|-)",
            )
            for record in self.bad
        ]


def begin(world, count, seed):
    world.ledger.soar_key = "name"
    world.sim.fault("poison", match=POISON)
    world.sim.fault("token_expiry", gap=20000)
    world.sim.fault("delay", ms=2, jitter=4)
    for i, (kind, share, parameters) in enumerate(FAULTS):
        world.sim.fault(kind, p=share, seed=i, **parameters)
    stream = Stream(world.name, count, seed)
    world.produce(stream.records, note=False)
    world.note(stream.good())
    return stream


def restarted(world, times, ends, policies):
    """Runs to the end through `times` restarts, kill -9 and SIGTERM in turn. `ends` tells when the last one is done."""
    killed, worker = [], world.worker(**policies)
    for i in range(times):
        world.executed((i + 1) / (times + 1), 240)
        if i % 2 == 0:
            worker.kill()
            killed.append(time.time() * 1000)
        else:
            worker.leave()
        worker = world.worker(**policies)
    ends()
    worker.leave()
    return killed


def in_order(world, stream):
    """First executions of a lane come in the order in which its events were produced."""
    at = {key: i for i, key in enumerate(world.ledger.read().times)}
    pairs = 0
    for lane, events in stream.lanes.items():
        seen = [at[shown_to(event)[0]] for event in events if shown_to(event)[0] in at]
        expect(seen == sorted(seen), f"lane {lane} was carried out in the order {seen}: {[e['id'] for e in events]}")
        pairs += max(len(seen) - 1, 0)
    expect(pairs > 0, "no lane has two executions: order was not tried")
    return pairs


def nothing_mixed(world):
    """Nothing that nobody asked for, and one content for an id."""
    foreign = world.ledger.times.keys() - world.expected
    expect(not foreign, f"carried out without having been asked for: {sorted(map(str, foreign))[:5]}")
    mixed = [key for key, hashes in world.ledger.content.items() if len(hashes) > 1]
    conflicts = world.sim.stats()["content_conflicts"]
    expect(not mixed and conflicts == 0, f"{conflicts} contents conflict at the portal; several contents: {mixed[:5]}")


def faults_played(world):
    """Each kind about as often as was asked for, within four standard deviations; what it came to."""
    stats, asked = world.sim.stats(), collections.Counter()
    calls, fired = {api: stats[api]["requests"] for api in ("soar", "notice")}, stats["faults_fired"]
    for kind, share, parameters in FAULTS:
        asked[kind] += share * sum(n for api, n in calls.items() if parameters.get("api", api) == api)
    rare = [kind for kind, wanted in asked.items() if fired.get(kind, 0) < max(1, 0.85 * wanted - 4 * wanted**0.5)]
    expect(not rare, f"faults that were too rare in {calls} calls: {rare}: {fired}")
    expect(stats["token"]["executed"] >= 2, f"{stats['token']['executed']} tokens were had, none expired")
    played = " ".join(f"{kind} {fired[kind]}" for kind in asked)
    return f"{calls['soar']} + {calls['notice']} calls ({played}, {stats['token']['executed']} tokens)"


def explained(world):
    """Each second execution at SOAR was announced by a line of the log before it, and by an entry of the journal."""
    lines, again = second_ones_are_announced(world), collections.Counter()
    again.update(e["id"] for e in entries(world) if e["outcome"] == "resend" and e["target"] == "soar-prod")
    twice = world.ledger.doubled(notice=False)
    few = {key: (len(times), again[key]) for key, times in twice.items() if again[key] < len(times) - 1}
    expect(not few, f"executions and entries that announce one: {list(few.items())[:5]}")
    second = sum(len(times) - 1 for times in twice.values())
    expect(second > 0, "nothing was carried out twice: the faults did not do what they are here for")
    return f"{second} second executions at SOAR <= {lines} announced ({sum(again.values())} in Redis)"


def resend(servers, name, count=100000, times=10):
    with World(servers, name, sim_arguments=("--set", "token_life=20")) as world:
        stream = begin(world, count, seed=11)
        policies = {"soar": POLICIES | {"concurrency": CONCURRENCY}, "notice": POLICIES}
        begun = time.monotonic()
        killed = restarted(world, times, lambda: world.finished(300, settle=20), policies)
        seconds = time.monotonic() - begun
        world.never_doubled(soar=False)
        nothing_mixed(world)
        world.dead_letters_are(stream.poison_letters(), kills=len(killed))
        return (
            f"{stream.events} events in {world.written} records, {len(world.expected)} executions, 0 lost, {times} restarts "
            f"({len(killed)} kills), {seconds:.0f} s; {faults_played(world)}; notices: 0 shown twice, 0 conflicts; "
            f"{explained(world)}; {in_order(world, stream)} pairs in order; {len(stream.bad)} poison ids alone parked"
        )


# ---- on_ambiguous: hold ----


def held(world, stream):
    """Ids held as unconfirmed. The rest of the dead letters is poison; one of a batch in doubt may be held with it."""
    bad, found = {record.events[0]["id"] for record in stream.bad}, collections.defaultdict(set)
    for letter in world.letters():
        told = dict(letter.headers())
        found[told["alertbridge-reason"].decode()].add(told["alertbridge-id"].decode())
    expect(found.keys() == {"rejected", "unconfirmed"}, f"reasons in the dead-letter topic: {list(found)}")
    expect(found["rejected"] <= bad, f"rejected, and no poison: {sorted(found['rejected'] - bad)[:5]}")
    missing = bad - found["rejected"] - found["unconfirmed"]
    expect(not missing, f"poison that is not parked: {sorted(missing)[:5]}")
    return found["unconfirmed"] - bad


def hold(servers, name, count=20000, times=4):
    with World(servers, name, sim_arguments=("--set", "token_life=20")) as world:
        stream = begin(world, count, seed=12)
        policies = {"soar": POLICIES | {"concurrency": CONCURRENCY, "on_ambiguous": "hold"}}
        policies["notice"] = POLICIES | {"on_ambiguous": "hold"}
        begun = time.monotonic()
        restarted(world, times, lambda: world.all_committed(120), policies)
        seconds = time.monotonic() - begun
        unconfirmed = held(world, stream)
        world.never_doubled()
        nothing_mixed(world)
        done = {event["id"] for event in stream.good() if all(key in world.ledger.times for key in shown_to(event))}
        lost = {event["id"] for event in stream.good()} - done - unconfirmed
        expect(not lost, f"{len(lost)} events were neither carried out nor held: {sorted(lost)[:5]}")
        expect(unconfirmed and unconfirmed & done, "no call that was carried out is held: nothing was in doubt")
        return (
            f"{stream.events} events, 0 lost, {times} restarts, {seconds:.0f} s; {faults_played(world)}; 0 second executions; "
            f"{len(unconfirmed)} held as unconfirmed, {len(unconfirmed & done)} of them carried out once; "
            f"{in_order(world, stream)} pairs in order"
        )


FULL = {"contract": resend, "contract-hold": hold}
QUICK = {}
