"""unheard.py: dead letters that Kafka took and whose acknowledgements never came, across a restart of the broker."""

import time

from configuration import SESSION_MS
from events import Record
from link import Link, kafka_behind
from servers import expect, tail, wait_until
from world import World

LETTERS, SOME, DEAF_S = 10000, 300, 1
PROPERTIES = {
    "session.timeout.ms": str(SESSION_MS),
    "heartbeat.interval.ms": "500",
    "batch.num.messages": "8",  # with all in it that may be, they are written before anybody can look
}


def unheard(servers, name):
    """The broker restarts in order while acknowledgements are owed: of each writer it then knows the last batch only."""
    link = Link()
    kafka = kafka_behind(link, servers, name)
    with World(servers, name, partitions=1, kafka=kafka) as world:
        world.produce([Record(b"not an event", f"k{i}".encode()) for i in range(LETTERS)], note=False)
        worker = world.worker(kafka={"brokers": f"127.0.0.1:{link.outside}", "properties": PROPERTIES})
        wait_until("dead letters are written", lambda: world.ends(world.dead)[0] >= SOME, 30, lambda: tail(worker.log))
        link.deaf = True
        time.sleep(DEAF_S)
        owed = world.ends(world.dead)
        time.sleep(DEAF_S)
        expect(owed == world.ends(world.dead) and owed[0] < LETTERS, "the writer waits for no answer: nothing was tried")
        kafka.stop()
        link.deaf = False
        kafka.start()
        wait_until(
            "all is committed", lambda: world.at_work() and world.committed() == [LETTERS], 60, lambda: "\n" + tail(worker.log)
        )
        worker.leave()
        headers = [dict(letter.headers()) for letter in world.letters()]
        parked = {(one["alertbridge-partition"], one["alertbridge-offset"]) for one in headers}
        expect(len(parked) == LETTERS, f"{len(parked)} of {LETTERS} records have a dead letter")
    kafka.stop()
    link.stop()
    return f"{link.swallowed} bytes of answers lost; {LETTERS} records parked, {len(headers)} dead letters, the worker went on"


FULL = {"dead-letters-unheard": unheard}
QUICK = {}
