"""windows.py: storms of repeats within a window, over two workers and a kill: each window is delivered at least once."""

import collections
import random

from events import FORMS, PREFIX, encode, event
from journal import entries
from servers import expect, wait_until
from world import World

KEYS = 40
WINDOW = {"window": "10m"}
BREAKER = {"failures": 1000, "every": "200ms"}  # behind an open one those that failed are tried again, and no twin is ever asked for


def repeats(name, count, first=0, seed=1):
    """Events of KEYS windows at both targets, in every form, each with an id of its own."""
    draw = random.Random(seed)
    records = []
    for i in range(first, first + count):
        made = event(name, i, "notice" if i % 2 else "alert.generated") | {"dedupKey": f"k{i // 2 % KEYS}"}
        made.pop("targets", None)
        form = draw.choice(FORMS)
        records.append(encode([made], "json" if form == "array" else form))
    return records


def routes(world):
    soar, portal = world.config()["routes"]
    return [soar | {"dedup": WINDOW}, portal | {"dedup": WINDOW}]


def executed_of(world, records):
    """(target, key of the window) -> ids that were carried out."""
    world.ledger.read()
    found = collections.defaultdict(set)
    for record in records:
        for made in record.events:
            notice = made["kind"] == "notice"
            seen = (PREFIX + made["id"], "*") if notice else made["id"]
            window = ("portal" if notice else "soar", made["dedupKey"])
            found[window] |= {made["id"]} if seen in world.ledger.times else set()
    return found


def count(workers, name):
    return sum(worker.metric("alertbridge_" + name) for worker in workers)


def twin_storms(servers, name, number=4000):
    """The leaders are claimed and not yet delivered when their worker is killed; nothing may be suppressed by them then."""
    with World(servers, name, sim=False) as world:
        records = repeats(name, number)
        world.produce(records, note=False)
        a, b = (world.worker(label, routes=routes(world), soar={"breaker": BREAKER}).ready() for label in "ab")
        wait_until("both have partitions", lambda: a.assigned() and b.assigned(), 30)
        wait_until("twins wait", lambda: all(w.metric("alertbridge_claims_total", 'verdict="twin"') for w in (a, b)), 90)
        expect(count([a, b], "deliveries_suppressed_total") == 0, "suppressed by leaders that are only claimed")
        a.kill()
        world.sim.start()
        world.all_committed(120)
        windows = executed_of(world, records)
        lost = [window for window in windows if not windows[window]]
        expect(not lost, f"{len(lost)} of {len(windows)} windows were delivered to nobody: {lost[:5]}")
        calls = sum(len(ids) for ids in windows.values())
        suppressed = count([b], "deliveries_suppressed_total")
        expect(suppressed <= number - calls, f"{suppressed} suppressed and {calls} delivered of {number}")

        more = repeats(name, 400, first=number, seed=2)
        world.produce(more, note=False)
        world.all_committed(60)
        ids = {made["id"] for record in more for made in record.events}
        late = [window for window, done in executed_of(world, more).items() if done]
        expect(not late, f"repeats of delivered windows were delivered: {late[:5]}")
        grown = count([b], "deliveries_suppressed_total") - suppressed
        expect(grown == len(ids), f"{grown} of {len(ids)} repeats were counted as suppressed")
        leaders_were_delivered(world, ids)
        b.leave()
        return f"{number + 400} events of {len(windows)} windows, {calls} delivered, one worker killed"


def leaders_were_delivered(world, ids):
    """The journal names for each of these the event that was delivered in its place."""
    named = {entry["id"]: entry["suppressed_by"] for entry in entries(world) if entry.get("suppressed_by")}
    expect(ids <= named.keys(), f"{len(ids - named.keys())} suppressed events are not journaled with their leader")
    told = world.ledger.read().times.keys()
    wrong = [leader for leader in named.values() if leader not in told and (PREFIX + leader, "*") not in told]
    expect(not wrong, f"suppressed in favour of what was never carried out: {wrong[:5]}")


FULL = {"twin-storms": twin_storms}
QUICK = {}
