"""dependencies.py: Kafka, Redis, a backend or the dead-letter topic away: the worker waits, says so, and goes on by itself."""

import time
from datetime import datetime

from deliveries import fill, unreadable
from events import encode, event
from servers import Redis, expect, tail, wait_until
from world import World

FLOOD_LINES = 12  # a dependency away for some seconds: its first lines and what repeats at intervals, not one a try


def said(worker, codes, least=1, most=FLOOD_LINES):
    """How often the log says one of the codes: at least once, and not at every try."""
    n = {code: worker.count(code) for code in codes}
    expect(least <= sum(n.values()) <= most, f"the log says {n}, not {least} to {most} lines\n{tail(worker.log)}")
    return " ".join(f"{code} x{count}" for code, count in n.items() if count)


def alive(worker):
    expect(worker.runs(), f"the worker ended with {worker.child.returncode}\n{tail(worker.log)}")
    got = worker.get("/livez")
    expect(got and got[0] == 200, f"/livez answered {got}")


def done(world, worker, seconds=60, soar=True):
    world.finished(seconds, settle=10)
    world.never_doubled(soar=soar)
    worker.leave()


def kafka_away(servers, name):
    """Away at the start; then away again in mid-run."""
    with World(servers, name) as world:
        world.sim.fault("delay", ms=5, jitter=5)
        fill(world, 10000)
        world.kafka.stop()
        worker = world.worker()
        time.sleep(4)
        alive(worker)
        ready = worker.get("/readyz")
        expect(ready and ready[0] == 503 and "kafka" in ready[1], f"/readyz without Kafka: {ready}")
        first = said(worker, ("AB2102", "AB2103", "AB2105"))
        world.kafka.start()
        worker.ready(30)
        world.executed(0.3)
        world.kafka.stop()
        time.sleep(4)
        alive(worker)
        world.kafka.start()
        world.finished(60, settle=20)
        world.never_doubled(soar=False)
        twice = len(world.ledger.doubled(notice=False))
        expect(twice == 0, f"{twice} SOAR calls were carried out twice")
        worker.leave()
        return f"away 4 s at the start ({first}) and in mid-run, {len(world.expected)} executions once each"


def redis_away_at_start(servers, name):
    redis = Redis(servers.folder / f"{name}-redis", start=False)
    with World(servers, name, redis=redis) as world:
        fill(world, 5000)
        worker = world.worker(notice={"on_redis_down": "pause"})
        time.sleep(4)
        alive(worker)
        expect(len(world.ledger.read()) == 0, f"{len(world.ledger)} executions without a claim")
        ready = worker.get("/readyz")
        expect(ready and ready[0] == 503 and "redis" in ready[1], f"/readyz without Redis: {ready}")
        lines = said(worker, ("AB4102", "AB4103"))
        expect(worker.count("AB4102") == 1, f"AB4102 is said {worker.count('AB4102')} times")
        redis.start()
        worker.ready(20)
        done(world, worker)
        redis.stop()
        return f"4 s without Redis: 0 executions, {lines}; then {len(world.expected)} once each"


def backend_away_at_start(servers, name):
    """Nobody listens there for 8 s. An outage dead-letters nothing."""
    with World(servers, name, sim=False) as world:
        fill(world, 5000)
        worker = world.worker(
            soar={"breaker": {"failures": 5, "every": "2s"}}, notice={"breaker": {"failures": 5, "every": "2s"}}
        )
        time.sleep(8)
        alive(worker)
        expect((worker.get("/readyz") or (0,))[0] == 200, "an outage of a backend must not make the worker unready")
        lines = said(worker, ("AB5201", "AB5302"), 1, 2 * FLOOD_LINES)
        world.sim.start()
        done(world, worker, 60)
        expect(world.ends(world.dead) == [0], "an outage was dead-lettered")
        return f"refused for 8 s: {lines}; then {len(world.expected)} executions once each, 0 dead letters"


def backend_away(servers, name):
    """20 s in mid-run: connections refused, requests reset before anything is carried out."""
    with World(servers, name) as world:
        world.sim.fault("delay", ms=5, jitter=5)
        fill(world, 10000)
        worker = world.worker(
            soar={"breaker": {"failures": 5, "every": "3s"}}, notice={"breaker": {"failures": 5, "every": "3s"}}
        )
        world.executed(0.3)
        world.sim.fault("refuse", for_ms=20000)
        world.sim.fault("outage", for_ms=20000, status=503)
        begun, before = time.monotonic(), len(world.ledger.read())
        time.sleep(3)
        requests = world.sim.stats()
        time.sleep(15)
        alive(worker)
        requests = sum(world.sim.stats()[api]["requests"] - requests[api]["requests"] for api in ("soar", "notice"))
        expect(requests < 200, f"{requests} requests in 15 s of outage: no breaker")
        during = len(world.ledger.read()) - before
        world.finished(60, settle=10)
        recovered = time.monotonic() - begun
        world.never_doubled()
        expect(world.ends(world.dead) == [0], "an outage was dead-lettered")
        wait_until(
            "the circuits are closed", lambda: worker.metric("alertbridge_target_circuit_state", 'state="closed"') == 2, 5
        )
        worker.leave()
        return (
            f"{requests} requests and {during} executions in the outage, whole after {recovered:.0f} s, "
            f"{len(world.expected)} once each, "
            f"0 dead letters"
        )


def dead_letter_topic_missing(servers, name):
    """A bad record cannot be parked: its offset is not committed, the good ones go on, and all heals when the topic is there."""
    with World(servers, name, partitions=1, dead_letters=False) as world:
        broken = unreadable()
        records = [encode([event(name, i)], "json") for i in range(200)]
        records.insert(100, broken)
        world.produce(records)
        worker = world.worker()
        wait_until(
            "all good ones are carried out", lambda: world.expected <= world.ledger.read().times.keys(), 20, world.progress
        )
        wait_until("the committed offset is that of the bad record", lambda: world.committed() == [100], 5, world.progress)
        wait_until("the dead letter that cannot be written is told", lambda: worker.count("AB6102"), 5, world.progress)
        told, ready = worker.lines("AB6102")[0], worker.lines("AB8102")[0]
        first = (datetime.fromisoformat(told["ts"]) - datetime.fromisoformat(ready["ts"])).total_seconds()
        expect(first < 10, f"told {first:.1f} s after it was ready")
        expect(told["topic"] == world.dead and "create the topic" in told["error"], f"the line does not help: {told}")
        time.sleep(12)
        alive(worker)
        expect(world.committed() == [100], f"committed {world.committed()} past a record that is not parked")
        lines = said(worker, ("AB6102", "AB2305"), 1, 1)
        took = worker.leave()
        expect(took < 5, f"a letter that cannot be written held a SIGTERM up for {took:.1f} s")
        worker = world.worker()
        wait_until("it is told again", lambda: worker.count("AB6102"), 10, world.progress)
        world.make_topic(world.dead, 1)
        world.dead_letters_are([(broken, "bad_input.syntax", "_none", None, "-")], 100)
        world.finished(10)
        world.never_doubled()
        worker.leave()
        return f"told {first:.1f} s after the start, 12 s without it: {lines}, nothing committed past the bad record; healed when it was made"


FULL = {
    "kafka-away": kafka_away,
    "redis-away-at-start": redis_away_at_start,
    "backend-away-at-start": backend_away_at_start,
    "backend-away-20s": backend_away,
    "dead-letter-topic-missing": dead_letter_topic_missing,
}
QUICK = {}
