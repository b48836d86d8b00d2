"""deliveries.py: streams of events through crashes, restarts, rebalances and faults: nothing lost, nothing shown twice."""

import time

from events import Record, encode, event, stream
from journal import second_ones_are_announced, stream_is_whole
from servers import expect, wait_until
from world import World

HEADERS = [
    ("x-trace", b"abc"),
    ("twice", b"1"),
    ("twice", b"2"),
    ("empty", b""),
    ("null", None),
    ("alertbridge-reason", b"forged"),
]
POISON = "poison-"


def poisoned(world, kind, form="json"):
    """An event that the backend refuses for good, by the simulator's poison fault."""
    made = event(POISON + world.name, 6 if kind == "notice" else 1, kind)
    record = encode([made], form)
    record.headers, record.timestamp_ms = record.headers + HEADERS, int(time.time() * 1000) - 60000
    return record


def unreadable():
    return Record(b'{"v":1,"id":"broken', b"a key", HEADERS, int(time.time() * 1000) - 60000)


def bad_ones(world):
    """Three records that end as dead letters, and what is expected of their letters."""
    broken, notice, soar = unreadable(), poisoned(world, "notice"), poisoned(world, "incident.generated")
    world.sim.fault("poison", match=POISON)
    return [broken, notice, soar], [
        (broken, "bad_input.syntax", "_none", None, "-"),
        (notice, "rejected", "portal", notice.events[0]["id"], r"200/31\d{3}"),
        (soar, "rejected", "soar-prod", soar.events[0]["id"], r"400/\w+"),
    ]


def spread(records, bad):
    """Good records with the bad ones between them."""
    good = list(records)
    for i, record in enumerate(bad):
        good.insert((i + 1) * len(good) // (len(bad) + 1), record)
    return good


def fill(world, count, seed=1, bad=(), repeats=0.1):
    """Writes a stream with bad records in it; only the good ones' events are expected to be carried out."""
    records = spread(stream(world.name, count, seed, repeats), bad)
    world.produce(records, note=False)
    for record in records:
        if record not in bad:
            world.note(record.events)


def mixed(servers, name, count=100000, kafka=None, restart=False):
    with World(servers, name, kafka=kafka) as world:
        bad, letters = bad_ones(world)
        fill(world, count, bad=bad)
        begun, worker = time.monotonic(), world.worker()
        took = ""
        if restart:
            world.executed(0.3)
            took = f", SIGTERM after a third: exit 0 in {worker.leave():.1f} s"
            world.never_doubled()
            worker = world.worker()
        world.finished(180)
        seconds = time.monotonic() - begun
        world.never_doubled()
        world.dead_letters_are(letters, starts=len(world.workers))
        rest = worker.metric("alertbridge_deliveries_inflight")
        expect(rest == 0, f"{rest} deliveries are open at the end")
        last = worker.leave()
        return (
            f"{count} events in {world.written} records, {len(world.expected)} executions once each, "
            f"3 dead letters, {seconds:.1f} s"
            f"{took}, last SIGTERM {last:.1f} s"
        )


def main(servers, name):
    return mixed(servers, name)


def quick(servers, name):
    return mixed(servers, name, 10000, restart=True)


def kafka_next(servers, name):
    return mixed(servers, name, 10000, kafka=servers.kafka_next, restart=True) + f", Kafka {servers.kafka_next.version}"


def second_ones(world, kills):
    """Every second execution at SOAR must be explained by a kill while the first was in flight."""
    twice = world.ledger.read().doubled(notice=False)
    for subject, times in twice.items():
        expect(
            any(kill - 3000 <= times[0] <= kill + 500 for kill in kills),
            f"{subject} was carried out twice, {times}, and no kill explains it: {kills}",
        )
    bound = len(kills) * 2 * 16
    expect(len(twice) <= bound, f"{len(twice)} second executions at SOAR are more than {bound} for {len(kills)} kills")
    return len(twice)


def kills(servers, name, count=100000, times=5):
    with World(servers, name) as world:
        world.sim.fault("delay", ms=2, jitter=4)
        bad, letters = bad_ones(world)
        fill(world, count, seed=2, bad=bad)
        killed, worker = [], world.worker()
        for i in range(times):
            world.executed((i + 1) / (times + 1))
            worker.kill()
            killed.append(time.time() * 1000)
            worker = world.worker()
        world.finished(180, settle=15)
        world.never_doubled(soar=False)
        twice = second_ones(world, killed)
        lines, again = second_ones_are_announced(world), stream_is_whole(world)
        world.dead_letters_are(letters, starts=len(world.workers))
        worker.leave()
        return (
            f"{len(world.expected)} executions, 0 lost, {times} kills, {twice} second executions at SOAR, announced by "
            f"{lines} lines and {again} entries"
        )


def sigterm(servers, name, count=60000):
    with World(servers, name) as world:
        world.sim.fault("delay", ms=5, jitter=20)
        fill(world, count, seed=3)
        took, worker = [], world.worker()
        for share in (0.2, 0.45, 0.7):
            world.executed(share)
            took.append(worker.leave())
            expect(took[-1] < worker.drain_s, f"the drain took {took[-1]:.1f} s")
            world.never_doubled()
            worker = world.worker()
        world.finished(180)
        world.never_doubled()
        took.append(worker.leave())
        idle = world.worker().ready()
        time.sleep(3)
        again = idle.metric("alertbridge_records_consumed_total")
        expect(again == 0, f"{again:.0f} records were read again after a complete drain")
        expect(
            idle.assigned() == world.partitions, f"the idle worker has {idle.assigned()} of {world.partitions} partitions"
        )
        idle.leave()
        ends = ", ".join(f"{t:.1f}" for t in took)
        return f"{len(world.expected)} executions once each, exits 0 in {ends} s, then 0 records read again"


def two_workers(servers, name, count=60000):
    with World(servers, name) as world:
        world.sim.fault("delay", ms=5, jitter=20)
        fill(world, count, seed=4)
        a = world.worker("a")
        world.executed(0.15)
        b = world.worker("b")
        wait_until("B got partitions", lambda: b.assigned() > 0, 30)
        world.executed(0.35)
        took = a.leave()
        world.executed(0.5)
        world.never_doubled()
        c = world.worker("c")
        wait_until("C got partitions", lambda: c.assigned() > 0, 30)
        world.executed(0.65)
        before = len(world.ledger.read().doubled(notice=False))
        expect(before == 0, f"{before} second executions at SOAR by rebalances alone")
        b.kill()
        killed = time.time() * 1000
        world.finished(60, settle=15)
        world.never_doubled(soar=False)
        twice = second_ones(world, [killed])
        c.leave()
        return f"{len(world.expected)} executions, 0 lost, A left in {took:.1f} s, {twice} second ones at SOAR after the kill"


FAULTS = (
    ("throttle", dict(p=0.03, retry_after=200)),
    ("status_before", dict(p=0.03, status=503)),
    ("reset_before", dict(p=0.02)),
    ("reset_after", dict(p=0.01)),
    ("execute_then_500", dict(p=0.01)),
    ("broken_json", dict(p=0.01)),
    ("truncate", dict(p=0.01)),
    ("close_after", dict(p=0.01)),
    ("keepalive_close", dict(p=0.03)),
    ("drip", dict(p=0.01)),
)


def faults(servers, name, count=20000):
    with World(servers, name, sim_arguments=("--set", "token_life=5")) as world:
        bad, letters = bad_ones(world)
        for i, (kind, parameters) in enumerate(FAULTS):
            world.sim.fault(kind, seed=i, **parameters)
        fill(world, count, seed=5, bad=bad)
        worker = world.worker()
        wait_until(
            "everything is carried out", lambda: world.expected <= world.ledger.read().times.keys(), 240, world.progress
        )
        world.sim.ask("DELETE", "/faults")
        world.finished(10, settle=45)
        world.never_doubled(soar=False)
        lines = second_ones_are_announced(world)
        stream_is_whole(world)
        twice = world.ledger.doubled(notice=False)
        told = worker.metric("alertbridge_possible_duplicates_total")
        expect(sum(len(t) - 1 for t in twice.values()) <= told, f"{len(twice)} doubled at SOAR, {told} counted as possible")
        expect(lines == told, f"{lines} lines AB5107 for {told} possible duplicates")
        fired = world.sim.stats()["faults_fired"]
        idle = [kind for kind, _ in FAULTS if not fired.get(kind)]
        expect(not idle, f"faults that never fired: {idle}: {fired}")
        world.dead_letters_are(letters)
        tokens = world.sim.stats()["token"]["executed"]
        expect(tokens >= 2, f"only {tokens} tokens were had")
        worker.leave()
        return (
            f"{len(world.expected)} executions, 0 lost, {sum(fired.values())} faults, {len(twice)} doubled at SOAR of "
            f"{told:.0f} possible, {lines} lines, "
            f"{tokens} tokens"
        )


FULL = {
    "main": main,
    "kills": kills,
    "sigterm": sigterm,
    "two-workers": two_workers,
    "faults": faults,
    "kafka-next": kafka_next,
}
QUICK = {"quick": quick}
