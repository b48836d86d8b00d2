"""tokens.py: workers that share one key of the portal, whose tokens end each other."""

import time

from deliveries import fill
from world import World


def token_storm(servers, name):
    """Each token/get ends the token that the others hold, which the vendor's pages do not say. All is delivered, and soon."""
    with World(servers, name, partitions=3, sim_arguments=("--set", "get_mode=new_kill_old")) as world:
        world.sim.fault("delay", ms=20, jitter=20)
        fill(world, 3000, repeats=0)
        begun = time.monotonic()
        for _ in range(3):
            world.worker(notice={"batch": {"max_messages": 1}, "concurrency": 4})
        world.finished(90, settle=10)
        took = time.monotonic() - begun
        world.never_doubled()
        tokens = world.sim.stats()["token"]["executed"]
        for worker in world.workers:
            worker.leave()
        return f"{len(world.expected)} executions in {took:.1f} s, {tokens} tokens"


FULL = {"token-storm": token_storm}
QUICK = {}
