"""redis_faults.py: Redis stands still, forgets, or moves in mid-run: nothing is lost, and nothing new begins without it."""

import signal
import subprocess
import time

from deliveries import fill
from dependencies import alive, said
from servers import Process, Redis, expect, free_port, tail, wait_until
from world import World

CONCURRENCY = 16
NOTICED_MS = 2500  # redis.timeout, a call that was under way, and one that its claim's answer had just let begin
PAUSE = {"on_redis_down": "pause"}


def executions(world, begin, end):
    """Executions at SOAR and at the portal between two times."""
    counts = {False: 0, True: 0}
    for key, times in world.ledger.read().times.items():
        counts[isinstance(key, tuple)] += sum(begin < t < end for t in times)
    return counts[False], counts[True]


def begin(world, count):
    world.sim.fault("delay", ms=5, jitter=5)
    fill(world, count, repeats=0)
    worker = world.worker(soar=PAUSE | {"concurrency": CONCURRENCY}, notice=PAUSE)
    world.executed(0.2)
    return worker


def whole(world, worker, most_twice):
    """Ends the run: all was carried out, no notice twice, and not more at SOAR than was under way at the loss."""
    world.finished(90, settle=15)
    world.never_doubled(soar=False)
    twice = len(world.ledger.doubled(notice=False))
    expect(twice <= most_twice, f"{twice} SOAR calls were carried out twice, more than {most_twice}")
    worker.leave()
    return f"0 of {len(world.expected)} lost, {twice} twice at SOAR"


def left(world):
    expect(
        len(world.ledger.read()) < 0.9 * len(world.expected),
        f"{len(world.ledger)} of {len(world.expected)} are done: Redis goes away too late",
    )


def none_without_redis(world, worker, away, back):
    soar, notices = executions(world, away + NOTICED_MS, back)
    expect(soar == 0, f"{soar} SOAR calls were carried out while Redis was away\n{tail(worker.log)}")
    expect(notices == 0, f"{notices} notices were shown while Redis was away, with on_redis_down: pause\n{tail(worker.log)}")


def frozen(servers, name, seconds=20):
    """SIGSTOP. A late answer must not be taken for one of a later question."""
    redis = Redis(servers.folder / f"{name}-redis")
    with World(servers, name, redis=redis) as world:
        worker = begin(world, 20000)
        left(world)
        redis.process.send(signal.SIGSTOP)
        away = time.time() * 1000
        time.sleep(seconds)
        alive(worker)
        back = time.time() * 1000
        redis.process.send(signal.SIGCONT)
        told = whole(world, worker, most_twice=0)
        none_without_redis(world, worker, away, back)
        first = min(times[0] for times in world.ledger.times.values() if times[0] > back) - back
        lines = said(worker, ("AB4102", "AB4103"))
        redis.stop()
        return f"still for {seconds} s: 0 calls meanwhile, the first {first:.0f} ms after; {lines}; {told}"


def killed(servers, name, seconds=3):
    """kill -9, and back empty."""
    redis = Redis(servers.folder / f"{name}-redis")
    with World(servers, name, redis=redis) as world:
        worker = begin(world, 20000)
        left(world)
        redis.kill()
        away = time.time() * 1000
        time.sleep(seconds)
        alive(worker)
        back = time.time() * 1000
        redis.start()
        told = whole(world, worker, most_twice=2 * CONCURRENCY)
        none_without_redis(world, worker, away, back)
        expect(worker.count("AB4104") >= 1, f"the loss of Redis's memory is not said\n{tail(worker.log)}")
        lines = said(worker, ("AB4102", "AB4103"))
        redis.stop()
        return f"empty after {seconds} s: {lines}, AB4104 x{worker.count('AB4104')}; {told}"


def flushed(servers, name):
    """FLUSHALL under load."""
    redis = Redis(servers.folder / f"{name}-redis")
    with World(servers, name, redis=redis) as world:
        worker = begin(world, 20000)
        left(world)
        keys = int(redis.command("DBSIZE"))
        redis.command("FLUSHALL")
        wait_until("the loss of its memory is said", lambda: worker.count("AB4104"), 10, lambda: "\n" + tail(worker.log))
        told = whole(world, worker, most_twice=2 * CONCURRENCY)
        redis.stop()
        return f"{keys} keys gone, AB4104 x{worker.count('AB4104')}; {told}"


# ---- a replica becomes the master ----


class Sentinel:
    """One sentinel over a master and its replica."""

    def __init__(self, folder, master):
        folder.mkdir()
        self.port, path = free_port(), folder / "sentinel.conf"
        path.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {folder}\nsentinel monitor m 127.0.0.1 {master.port} 1\n"
            "sentinel down-after-milliseconds m 500\nsentinel failover-timeout m 2000\n"
        )
        self.process = Process(["redis-server", path, "--sentinel"], folder / "sentinel.log")

    @property
    def url(self):
        return f"redis+sentinel://127.0.0.1:{self.port}/m/0"

    def ask(self, *words):
        said_ = subprocess.run(["redis-cli", "-p", str(self.port), "SENTINEL", *words], capture_output=True, text=True)
        return said_.stdout

    def sees_replica(self):
        return "slave" in self.ask("replicas", "m")

    def master_is(self, redis):
        return str(redis.port) in self.ask("get-master-addr-by-name", "m").split()


def moved(world, worker, sentinel, new, act):
    """Does `act`, and waits until the new master works. Seconds until it is one, and until the next execution."""
    left(world)
    begun = time.monotonic()
    act()
    wait_until("the replica is the master", lambda: sentinel.master_is(new), 30, lambda: tail(sentinel.process.log))
    took, before = time.monotonic() - begun, int(new.command("DBSIZE"))
    wait_until("claims are made there", lambda: int(new.command("DBSIZE")) > before, 20, lambda: "\n" + tail(worker.log))
    return f"{took:.1f} + {time.monotonic() - begun - took:.1f} s"


def promoted(servers, name):
    """A replica is promoted twice: the old master is demoted first, and then killed."""
    pair = [Redis(servers.folder / f"{name}-{label}") for label in "ab"]
    pair[1].command("REPLICAOF", "127.0.0.1", pair[0].port)
    sentinel = Sentinel(servers.folder / f"{name}-sentinel", pair[0])
    wait_until("the sentinel sees the replica", sentinel.sees_replica, 30, lambda: tail(sentinel.process.log))
    with World(servers, name, redis=sentinel) as world:
        world.sim.fault("delay", ms=20, jitter=20)
        fill(world, 30000, repeats=0)
        worker = world.worker(soar=PAUSE | {"concurrency": CONCURRENCY}, notice=PAUSE)
        world.executed(0.1)
        demoted = moved(world, worker, sentinel, pair[1], lambda: sentinel.ask("failover", "m"))
        wait_until(
            "the old master follows", lambda: "master_link_status:up" in pair[0].command("INFO", "replication"), 30
        )
        time.sleep(2.5)  # the sentinel moves one master once in failover-timeout
        dead = moved(world, worker, sentinel, pair[0], pair[1].kill)
        told = whole(world, worker, most_twice=4 * CONCURRENCY)
        for process in (sentinel.process, pair[0].process):
            process.stop()
        return f"demoted: new master + first claims after {demoted}; killed: {dead}; {told}"


FULL = {
    "redis-frozen": frozen,
    "redis-restarted-empty": killed,
    "redis-flushed": flushed,
    "redis-promoted": promoted,
}
QUICK = {}
