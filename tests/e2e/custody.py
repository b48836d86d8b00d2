"""custody.py: a claim ends with its lease: who stood still sends nothing under it, and who died is followed in time."""

import signal
import time

from configuration import SESSION_MS
from events import stream
from ledger import Ledger
from servers import Redis, Sim, expect, tail, wait_until
from world import World

LEASE_S, ROUNDS, ROUNDS_MAX, EVENTS = 3, 2, 5, 3000
POLICIES = {
    "connect_timeout": "500ms",
    "call_timeout": "1s",
    "claim_lease": f"{LEASE_S}s",
    "retry": {"base": "1s", "max": "1s"},
    "breaker": {"failures": 1000, "every": "500ms"},
}
IN_FLIGHT_MS = 500  # what was handed to the kernel before the stop is carried out without the worker


class Pair:
    """Worker A with a backend of its own, worker B with another: each ledger tells what one of them sent."""

    def __init__(self, world):
        folder = world.folder / "b"
        folder.mkdir()
        self.world, self.sims = world, (world.sim, Sim(world.binary, folder))
        self.ledgers = world.ledger, Ledger(self.sims[1].ledger_path)
        self.workers = [world.worker(label, soar=self.at(sim), notice=self.at(sim)) for label, sim in zip("ab", self.sims)]

    def at(self, sim):
        return POLICIES | {"endpoint": f"http://{sim.listen}"}

    def share(self):
        """Both have partitions."""
        for worker in self.workers:
            wait_until("each worker has partitions", lambda: worker.assigned() > 0, 30, lambda: "\n" + tail(worker.log))

    def missing(self):
        return self.world.expected - self.ledgers[0].read().times.keys() - self.ledgers[1].read().times.keys()

    def finished(self):
        wait_until("everything is carried out", lambda: not self.missing(), 60, lambda: f"{sorted(map(str, self.missing()))[:5]}")
        self.world.all_committed(15)

    def stop(self):
        self.sims[1].stop()


def hold_much(sim):
    """Some calls are refused and a few never answered: at any time deliveries wait with their claim, and others ask for one.

    With more of them the target's limit falls to one call, and for seconds no claim is asked for."""
    sim.fault("status_before", p=0.12, status=503)
    sim.fault("hang_before", p=0.03, ms=60000)
    sim.fault("delay", ms=20, jitter=20)


def deliveries(worker, *stages):
    held = worker.metrics()["alertbridge_deliveries_inflight"]
    return sum(value for labels, value in held if any(s in labels for s in stages))


def in_custody(worker):
    return deliveries(worker, "backoff", "calling", "settling")


def redis_stops_on_claims(redis, worker):
    """Redis stands still while the worker waits for its answer to claims. With each slot under way the worker asks for none."""
    for _ in range(50):
        redis.process.send(signal.SIGSTOP)
        time.sleep(0.1)
        if deliveries(worker, "claiming") > 0:
            return
        redis.process.send(signal.SIGCONT)
        time.sleep(0.2)
    expect(False, f"the worker asked for no claim while Redis stood still, 50 times\n{tail(worker.log)}")


def stand_still(pair, taken):
    """Stops A for longer than its session and its lease. Returns when it stopped, and how many claims it held then.

    Redis stands still for a moment before, so that A stops with claims asked for: it finds the answers when it goes on."""
    a, b = pair.workers
    goal = len(pair.ledgers[0].read()) + 100
    wait_until("A is at work", lambda: len(pair.ledgers[0].read()) >= goal and in_custody(a) > 10, 30)
    held = in_custody(a)
    redis_stops_on_claims(pair.world.redis, a)
    a.send(signal.SIGSTOP)
    stopped = time.time() * 1000
    pair.world.redis.process.send(signal.SIGCONT)
    time.sleep(SESSION_MS / 1000 + LEASE_S + 1)
    wait_until(
        "B took claims over", lambda: b.metric("alertbridge_claims_total", 'verdict="takeover"') > taken, 20, lambda: tail(b.log)
    )
    pair.sims[0].ask("DELETE", "/faults")  # whatever it sends now is carried out
    a.send(signal.SIGCONT)
    return stopped, held


def late_sends(pair, stopped, resumed):
    """What A sent after it stood still although B sent it as well, that is under a claim that was no longer its own."""
    late = {}
    for key in pair.ledgers[0].read().times.keys() & pair.ledgers[1].read().times.keys():
        times = [t for t in pair.ledgers[0].times[key] if stopped + IN_FLIGHT_MS < t]
        if times:
            late[key] = (times, pair.ledgers[1].times[key])
    expect(
        not late,
        f"stopped at {stopped:.0f}, resumed at {resumed:.0f}; both carried out, A after its stop: {list(late.items())[:3]}",
    )


def frozen(servers, name):
    redis = Redis(servers.folder / f"{name}-redis")
    with World(servers, name, redis=redis) as world:
        pair, claims, taken, aborts, i = Pair(world), 0, 0, 0, 0
        while i < ROUNDS or (aborts == 0 and i < ROUNDS_MAX):
            pair.share()
            hold_much(pair.sims[0])
            world.produce(stream(name, EVENTS, seed=20 + i, repeats=0, first=i * EVENTS))
            stopped, held = stand_still(pair, taken)
            resumed, claims = time.time() * 1000, claims + held
            pair.finished()
            late_sends(pair, stopped, resumed)
            taken = pair.workers[1].metric("alertbridge_claims_total", 'verdict="takeover"')
            aborts, i = pair.workers[0].metric("alertbridge_lease_aborts_total"), i + 1
        expect(aborts > 0, "no claim was answered while A stood still: its safe time was not tried")
        expect(pair.workers[0].count("AB5106") > 0, "a call whose safe time was over was not begun, and no line says so")
        both = pair.ledgers[0].times.keys() & pair.ledgers[1].times.keys()
        for worker in pair.workers:
            worker.leave()
        pair.stop()
        redis.stop()
        return (
            f"{i} stops of {SESSION_MS / 1000 + LEASE_S + 1:.0f} s with {claims:.0f} deliveries under a claim, {taken:.0f} "
            f"taken over by the other: 0 sent late, {aborts:.0f} calls not begun; {len(world.expected)} carried out, "
            f"{len(both)} by both, 0 lost"
        )


# ---- takeover after kill -9 ----


def paced(world, seconds, first, seed):
    """About 300 events a second; id -> when it was written."""
    written, end, n = {}, time.monotonic() + seconds, first
    while time.monotonic() < end:
        before, known = time.time() * 1000, set(world.expected)
        world.produce(stream(world.name, 50, seed, repeats=0, first=n))
        written.update((key, before) for key in world.expected - known)
        n, seed = n + 50, seed + 1
        time.sleep(0.1)
    return written, n


def takeover(servers, name, times=3):
    """Two workers under a light load; one is killed. How long does an event wait at most?"""
    with World(servers, name) as world:
        world.sim.fault("delay", ms=300, jitter=100)  # some calls are under way at any time, so also at the kill
        policies, waits, n, taken = {"soar": POLICIES | {"concurrency": 128}, "notice": POLICIES}, [], 0, 0
        dies = world.worker("a", **policies)
        for i in range(times):
            stays = world.worker("b", **policies)
            wait_until("both have partitions", lambda: stays.assigned() > 0 and dies.assigned() > 0, 30)
            before, n = paced(world, 2, n, 100 * i)
            dies.kill()
            after, n = paced(world, 2, n, 100 * i + 50)
            world.finished(30, settle=15)
            written = before | after
            waits.append(max(world.ledger.times[key][0] - at for key, at in written.items()) / 1000)
            taken += stays.metric("alertbridge_claims_total", 'verdict="takeover"')
            dies = stays
        world.never_doubled(soar=False)
        twice = len(world.ledger.doubled(notice=False))
        expect(taken >= times, f"{taken:.0f} claims were taken over after {times} kills: nothing was under way")
        bound = SESSION_MS / 1000 + LEASE_S + 1
        expect(max(waits) <= bound * 1.5, f"an event waited {max(waits):.1f} s after a kill; {bound:.0f} s are aimed at")
        stays.leave()
        longest = ", ".join(f"{wait:.1f}" for wait in waits)
        return (
            f"longest wait after kill -9: {longest} s (aim {bound:.0f} s); {taken:.0f} claims taken over, {len(world.expected)} "
            f"carried out, {twice} of them twice at SOAR"
        )


FULL = {"worker-frozen": frozen, "takeover": takeover}
QUICK = {}
