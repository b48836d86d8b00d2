"""redis_away.py: what the policies for Redis do in the whole: notices go on without it; what it forgot is held."""

import time

from deliveries import fill
from dependencies import alive, done
from events import encode, event
from servers import Redis, expect, tail, wait_until
from world import World


def shown(world, notice):
    return {key for key in world.ledger.read().times if isinstance(key, tuple) == notice}


def redis_degraded(servers, name):
    """Killed in mid-run for good 5 s: every notice goes out meanwhile, no SOAR event does; then Redis is told, and all ends."""
    redis = Redis(servers.folder / f"{name}-redis")
    with World(servers, name, redis=redis) as world:
        world.sim.fault("delay", ms=5, jitter=5)
        fill(world, 6000, repeats=0)
        notices = {key for key in world.expected if isinstance(key, tuple)}
        worker = world.worker(soar={"on_redis_down": "pause"}, notice={"on_redis_down": "degrade"})
        world.executed(0.2)
        redis.kill()
        time.sleep(0.5)
        halted = len(shown(world, False))
        wait_until("every notice goes out without Redis", lambda: notices <= shown(world, True), 30, world.progress)
        time.sleep(4)
        alive(worker)
        soar = len(shown(world, False)) - halted
        expect(soar == 0, f"{soar} SOAR events went out without Redis")
        expect(halted < len(world.expected) - len(notices), "SOAR was done before Redis went away: the scenario shows nothing")
        by_memory = worker.metric("alertbridge_degraded_deliveries_total", 'target="portal"')
        owed = worker.metric("alertbridge_redis_owed_ends")
        expect(worker.metric("alertbridge_dedup_degraded", 'target="portal"') == 1, "the gauge does not say degraded")
        expect(worker.metric("alertbridge_dedup_degraded", 'target="soar-prod"') == 0, "SOAR is said to be degraded")
        expect(by_memory > 0 and owed >= by_memory, f"{by_memory} claims by memory, {owed} ends owed")
        expect(worker.count("AB4109") == 1, f"AB4109 is said {worker.count('AB4109')} times\n{tail(worker.log)}")
        redis.start()
        wait_until("Redis is told", lambda: worker.metric("alertbridge_redis_owed_ends") == 0, 10, lambda: tail(worker.log))
        expect(worker.metric("alertbridge_redis_owed_ends_lost_total") == 0, "ends were lost on the way")
        world.finished(60, settle=10)
        world.never_doubled(soar=False)
        expect(worker.count("AB4110") == 1, f"AB4110 is said {worker.count('AB4110')} times\n{tail(worker.log)}")
        worker.leave()
        redis.stop()
        return f"{by_memory:.0f} notices by memory, {owed:.0f} ends told to Redis after it, 0 SOAR events meanwhile"


def redis_emptied_unseen(servers, name):
    """Emptied while no worker runs: the next one knows by the group's offsets, and holds what was produced before."""
    redis = Redis(servers.folder / f"{name}-redis")
    with World(servers, name, redis=redis) as world:
        fill(world, 600, repeats=0)
        worker = world.worker(soar={"on_amnesia": "hold"})
        world.finished(60)
        expect(worker.count("AB4104") == 0, f"a new group on a new Redis is no loss\n{tail(worker.log)}")
        worker.leave()
        redis.kill()
        redis.start()
        before = [encode([event(name, 1000 + i, "alert.generated")], "json") for i in range(20)]
        world.produce(before, note=False)
        time.sleep(0.1)
        worker = world.worker(soar={"on_amnesia": "hold"}, notice={"on_amnesia": "continue"})
        wanted = [(record, "unconfirmed", "soar-prod", record.events[0]["id"], "-") for record in before]
        world.dead_letters_are(wanted, 30)
        expect(worker.count("AB4104") == 1, f"the loss is said {worker.count('AB4104')} times\n{tail(worker.log)}")
        expect(worker.metric("alertbridge_redis_amnesia_total") == 1, "the loss is not counted")
        world.produce([encode([event(name, 2000 + i)], "json") for i in range(60)])
        done(world, worker, soar=True)
        redis.stop()
        return f"{len(before)} SOAR events from before held, {len(world.expected)} others once each"


QUICK = {}
FULL = {"redis-degraded": redis_degraded, "redis-emptied-unseen": redis_emptied_unseen}
