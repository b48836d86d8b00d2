"""cut_off.py: a worker that reaches Redis and the backends, but not Kafka, does not hold up who gets its partitions."""

import time

from configuration import POLICIES
from custody import deliveries
from deliveries import POISON
from events import encode, event
from kafka_group import numbers, shares
from link import Link, kafka_behind
from servers import expect, tail, wait_until
from world import World

BAD, CALL_MS, LEASE_S = 160, 500, 6
BOUND_S = LEASE_S / 3 + 10  # of that, ten to ask for the claims again, to call and to write the letters


def cut_off(servers, name):
    """Calls of A are refused while it is cut off, so it has dead letters to write, and claims for them. B gets its partitions."""
    link = Link()
    kafka = kafka_behind(link, servers, name)
    with World(servers, name, partitions=2, kafka=kafka) as world:
        expect(POLICIES["claim_lease"] == f"{LEASE_S}s", "the lease is another one")
        world.sim.fault("poison", match=POISON)
        world.sim.fault("delay", ms=CALL_MS)
        a, b = world.worker("a", kafka={"brokers": f"127.0.0.1:{link.outside}"}), world.worker("b")
        wait_until("each has a partition", lambda: shares([a, b], 2), 30)
        bad = [event(POISON + name, i, "incident.generated") for i in range(BAD)]
        world.produce([encode([made], "json") for made in bad], note=False)
        wait_until("A calls", lambda: deliveries(a, "calling") > 0, 10, lambda: tail(a.log), 0.05)
        link.cut = True
        wait_until("A has letters to write", lambda: deliveries(a, "parking") > 10, 5, lambda: tail(a.log), 0.05)
        wait_until("B has all partitions", lambda: numbers(b) == [0, 1], 20, lambda: tail(b.log), 0.1)
        begun = time.monotonic()
        world.all_committed(BOUND_S)
        took = time.monotonic() - begun
        expect(a.runs() and a.count("AB2203") > 0, f"A did not lose its partitions\n{tail(a.log)}")
        link.mend()
        for worker in (a, b):
            worker.leave()
        told = [dict(letter.headers())["alertbridge-id"].decode() for letter in world.letters()]
        expect(set(told) == {made["id"] for made in bad}, f"{len(set(told))} of {BAD} events have a dead letter")
    kafka.stop()
    link.stop()
    return f"all committed {took:.1f} s after the other had the partitions; {BAD} events, {len(told)} dead letters"


FULL = {"worker-cut-off": cut_off}
QUICK = {}
