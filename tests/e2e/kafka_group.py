"""kafka_group.py: the group in motion: workers rolled one by one, names that stay, brokers that come and go."""

import re
import signal
import time

from deliveries import fill
from events import stream
from servers import Failure, expect, tail, wait_until
from world import World


def numbers(worker):
    """The partitions of a worker."""
    rows = worker.metrics()["alertbridge_window_records"] if worker.get("/livez") else []
    return sorted(int(re.search(r'partition="(\d+)"', labels).group(1)) for labels, _ in rows)


def shares(workers, partitions):
    """True when the workers have all partitions among them, and each has some."""
    try:
        had = [numbers(worker) for worker in workers]
    except Failure:
        return False
    return all(had) and sorted(sum(had, [])) == list(range(partitions))


def rebalances(worker):
    return {kind: worker.metric("alertbridge_kafka_rebalances_total", f'type="{kind}"') for kind in ("assign", "revoke", "lost")}


def reads_nothing(world, seconds=2):
    """After a complete drain that left nothing open, the next worker finds nothing to read."""
    idle = world.worker("idle").ready()
    wait_until("the idle worker has all partitions", lambda: idle.assigned() == world.partitions, 15)
    time.sleep(seconds)
    again = idle.metric("alertbridge_records_consumed_total")
    expect(again == 0, f"{again:.0f} records were read again after a complete drain")
    idle.leave()


def rolled(servers, name, count=30000):
    """Eight partitions, four workers; each is ended and begun again while the stream runs."""
    with World(servers, name, partitions=8) as world:
        world.sim.fault("delay", ms=5, jitter=20)
        fill(world, count, seed=6)
        fleet = [world.worker("w") for _ in range(4)]
        wait_until("four workers share eight partitions", lambda: shares(fleet, 8), 20)
        took = []
        for i in range(4):
            world.executed(0.15 + 0.15 * i)
            took.append(fleet[i].leave())
            world.never_doubled()
            fleet[i] = world.worker("w")
        world.finished(60)
        world.never_doubled()
        expect(world.ends(world.dead) == [0], "a roll was dead-lettered")
        read = sum(worker.metric("alertbridge_records_consumed_total") for worker in fleet)
        for worker in fleet:
            took.append(worker.leave())
        world.all_committed()
        reads_nothing(world)
        ends = ", ".join(f"{t:.1f}" for t in took)
        return f"{len(world.expected)} executions once each; exits 0 in {ends} s; the last four read {read:.0f}; then 0 again"


SLOW = {"call_timeout": "16s", "claim_lease": "45s"}


def leave_then_join(world, old):
    old.send(signal.SIGTERM)
    return world.worker(soar=SLOW, shutdown={"drain": "30s"})


def join_then_leave(world, old):
    before = old.count("AB2202")
    new = world.worker(soar=SLOW, shutdown={"drain": "30s"})
    wait_until("the partitions are asked back", lambda: old.count("AB2202") > before, 20, lambda: tail(old.log), 0.01)
    old.send(signal.SIGTERM)
    return new


def ends_its_calls(old, given_back):
    """The calls outlast the revoke, and neither that nor the shutdown cuts them short."""
    code = old.wait(40)
    expect(code == 75, f"exit {code}: a revoke that passed its bound is no complete drain\n{tail(old.log)}")
    given_up = sum(line.get("count", 0) for line in old.lines("AB2204")[given_back:])
    expect(given_up > 3, f"{given_up} calls outlasted the revoke\n{tail(old.log)}")
    said = [line.get("count", 0) for line in old.lines("AB8203")]
    expect(said == [0], f"calls were given up at the end: {said}\n{tail(old.log)}")
    return given_up


def rolled_under_way(servers, name):
    """One worker joins while another leaves, in both orders: calls that outlast the revoke end and are made once."""
    with World(servers, name) as world:
        old, outlasted = world.worker(soar=SLOW, shutdown={"drain": "30s"}).ready(), []
        for i, order in enumerate((leave_then_join, join_then_leave)):
            world.sim.fault("delay", ms=14000, api="soar")
            world.produce(stream(f"{name}-{i}", 40, seed=30 + i, repeats=0))
            wait_until("calls are under way", lambda: old.metric("alertbridge_calls_inflight", "soar") > 3, 20)
            given_back = old.count("AB2204")
            new = order(world, old)
            outlasted.append(ends_its_calls(old, given_back))
            world.sim.ask("DELETE", "/faults")
            world.finished(60, settle=20)
            world.never_doubled()
            taken = new.metric("alertbridge_claims_total", 'verdict="takeover"')
            expect(taken == 0, f"{taken:.0f} claims were taken over: calls were left in doubt\n{tail(new.log)}")
            old = new
        took = old.leave()
        world.all_committed()
        return (
            f"{outlasted[0]} and {outlasted[1]} calls outlasted a revoke and ended, {len(world.expected)} executions once each; "
            f"the last worker's exit 0 in {took:.1f} s"
        )


def broker_restarts(servers, name, count=8000):
    """Once stopped and once killed in mid-run."""
    with World(servers, name) as world:
        world.sim.fault("delay", ms=5, jitter=15)
        fill(world, count, seed=7)
        worker = world.worker()
        world.executed(0.2)
        world.kafka.stop()
        time.sleep(1)
        world.kafka.start()
        world.executed(0.6, 60)
        world.kafka.kill()
        world.kafka.start()
        world.finished(60, settle=20)
        world.never_doubled()
        expect(worker.runs(), f"the worker ended\n{tail(worker.log)}")
        told = rebalances(worker)
        took = worker.leave()
        world.all_committed()
        reads_nothing(world)
        return f"{len(world.expected)} executions once each, {told}, exit 0 in {took:.1f} s, then 0 records read again"


STATIC = {"session.timeout.ms": "20000", "heartbeat.interval.ms": "500"}


def named(world, instance):
    return world.worker(
        instance,
        kafka={"brokers": world.kafka.brokers, "group": world.group, "instance_id": instance, "properties": STATIC},
    )


def static_membership(servers, name, count=10000):
    """A restart within the session's time moves no partition; two workers of one name: the older one ends with 70."""
    with World(servers, name) as world:
        world.sim.fault("delay", ms=5, jitter=10)
        fill(world, count, seed=8)
        first, second = named(world, "pod-0"), named(world, "pod-1")
        wait_until("both have partitions", lambda: shares([first, second], 4), 30)
        before, had = rebalances(second), numbers(first)
        world.executed(0.3)
        took = first.leave()
        time.sleep(1)
        again = named(world, "pod-0").ready()
        wait_until("it has its partitions again", lambda: numbers(again) == had, 10, lambda: f"(has {numbers(again)}, had {had})")
        world.executed(0.7)
        expect(rebalances(second) == before, f"the other one was rebalanced: {before}, then {rebalances(second)}")
        kept = numbers(second)
        newer = named(world, "pod-1")
        code = second.wait(15)
        expect(code == 70, f"fenced: exit {code}, not 70\n{tail(second.log)}")
        said = [line["error"] for line in second.lines("AB2401")]
        expect(len(said) == 1 and "FENCED_INSTANCE_ID" in said[0], f"the log says {said}\n{tail(second.log)}")
        wait_until("the newer one has them", lambda: newer.get("/livez") and numbers(newer) == kept, 10)
        world.finished(60, settle=10)
        world.never_doubled(soar=False)
        again.leave()
        newer.leave()
        return (
            f"exit 0 in {took:.1f} s, back with partitions {had} and no rebalance of the other; the older of two ends with 70, "
            f"{len(world.expected)} executions, 0 lost, {len(world.ledger.doubled(notice=False))} doubled at SOAR by the fence"
        )


def growing_topic(servers, name):
    """Partitions are added to a topic that is read, and written to before anybody noticed; the source begins at the end."""
    with World(servers, name, partitions=2) as world:
        world.produce(stream(f"{name}-old", 200, 9, 0), note=False)
        soon = {"session.timeout.ms": "2000", "heartbeat.interval.ms": "500", "topic.metadata.refresh.interval.ms": "1000"}
        worker = world.worker(
            kafka={"brokers": world.kafka.brokers, "group": world.group, "properties": soon},
            sources=[{"name": "alerts", "topics": [world.topic], "start": "end"}],
        ).ready()
        world.all_committed()
        world.produce(stream(f"{name}-before", 1000, 10, 0))
        world.grow(4)
        world.produce(stream(f"{name}-unnoticed", 2000, 11, 0))
        wait_until("four partitions", lambda: worker.assigned() == 4, 20)
        world.produce(stream(f"{name}-after", 1000, 12, 0))
        world.finished(30)
        world.never_doubled()
        worker.leave()
        return f"{len(world.expected)} executions once each, none of what was there before the group"


FULL = {
    "rolled-workers": rolled,
    "rolled-under-way": rolled_under_way,
    "broker-restarts": broker_restarts,
    "static-membership": static_membership,
    "growing-topic": growing_topic,
}
QUICK = {}
