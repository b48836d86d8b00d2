"""unheard.py: dead letters that Kafka took and whose acknowledgements never came, across a restart of the broker."""

import contextlib
import socket
import threading
import time

from configuration import SESSION_MS
from events import Record
from servers import Kafka, expect, free_port, tail, wait_until
from world import World

LETTERS, SOME, DEAF_S = 10000, 300, 1
PROPERTIES = {
    "session.timeout.ms": str(SESSION_MS),
    "heartbeat.interval.ms": "500",
    "batch.num.messages": "2",  # with all in it that may be, they are written before anybody can look
}
LISTENERS = """listeners=PLAINTEXT://127.0.0.1:@BROKER@,CONTROLLER://127.0.0.1:@CONTROLLER@,THROUGH://127.0.0.1:{inside}
advertised.listeners=PLAINTEXT://127.0.0.1:@BROKER@,THROUGH://127.0.0.1:{outside}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,THROUGH:PLAINTEXT
"""


class Link:
    """Passes on what is said to the broker; while `deaf`, nothing of what it answers."""

    def __init__(self):
        self.inside, self.outside, self.deaf, self.swallowed = free_port(), free_port(), False, 0
        self.listener = socket.create_server(("127.0.0.1", self.outside))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.inside), 2)
                except OSError:
                    near.close()
                    continue
                for ends in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self.relay, args=ends, daemon=True).start()

    def relay(self, source, drain, answers):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if answers and self.deaf:
                    self.swallowed += len(data)
                else:
                    drain.sendall(data)
        for end in (source, drain):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()


def unheard(servers, name):
    """The broker restarts in order while acknowledgements are owed: of each writer it then knows the last batch only."""
    link = Link()
    listeners = LISTENERS.format(inside=link.inside, outside=link.outside)
    kafka = Kafka(servers.kafka.version, servers.folder / f"{name}-kafka", listeners).start()
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
    link.close()
    return f"{link.swallowed} bytes of answers lost; {LETTERS} records parked, {len(headers)} dead letters, the worker went on"


FULL = {"dead-letters-unheard": unheard}
QUICK = {}
