"""link.py: a way to the broker that a scenario may spoil: the broker advertises it beside its own address."""

import contextlib
import socket
import threading

from servers import Kafka, Process, free_port

LISTENERS = """listeners=PLAINTEXT://127.0.0.1:@BROKER@,CONTROLLER://127.0.0.1:@CONTROLLER@,THROUGH://127.0.0.1:{inside}
advertised.listeners=PLAINTEXT://127.0.0.1:@BROKER@,THROUGH://127.0.0.1:{outside}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,THROUGH:PLAINTEXT
"""


class Link:
    """Passes on what is said to the broker; while `deaf`, nothing of what it answers; while `cut`, nothing at all."""

    def __init__(self):
        self.inside, self.outside, self.swallowed = free_port(), free_port(), 0
        self.deaf = self.cut = False
        self.ways = []
        self.listener = socket.create_server(("127.0.0.1", self.outside))
        threading.Thread(target=self.accept, daemon=True).start()
        Process.living.append(self)  # it ends as processes do

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.inside), 2)
                except OSError:
                    near.close()
                    continue
                self.ways.append((near, far))
                for ends in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self.relay, args=ends, daemon=True).start()

    def relay(self, source, drain, answers):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.cut or (answers and self.deaf):
                    self.swallowed += len(data)
                else:
                    drain.sendall(data)
        self.end(source, drain)

    def end(self, *ends):
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self):
        """What was swallowed is never said again on those connections: they end."""
        self.cut = False
        for way in self.ways:
            self.end(*way)

    def stop(self, seconds=0):
        self.end(self.listener)
        self.listener.close()
        for way in self.ways:
            self.end(*way)
        Process.living.remove(self)


def kafka_behind(link, servers, name):
    """A node of its own: brokers are its own address, the link's port is the other way to it."""
    listeners = LISTENERS.format(inside=link.inside, outside=link.outside)
    return Kafka(servers.kafka.version, servers.folder / f"{name}-kafka", listeners).start()
