"""proxy.py: one process between the workers and all that they talk to. Each link is a port of its own for one worker and one
service; faults are laid on links by JSON lines on standard input, and counted where they took effect. What goes through to Kafka is
read on its way: each commit that was sent is a line of a file."""

import asyncio
import collections
import json
import random
import socket
import struct
import sys
import time

from broker_requests import Requests

CHUNK = 65536
SLICED_MAX = 4096  # of a chunk; the rest goes whole
RESET = struct.pack("ii", 1, 0)


def now():
    return time.monotonic()


class Link:
    """One port; `upstream` may change, which concerns new connections."""

    def __init__(self, name, port, upstream, seed, commits):
        self.name, self.port, self.upstream, self.commits = name, port, upstream, commits
        self.faults, self.connections, self.fired = {}, set(), collections.Counter()
        self.draw = random.Random(f"{seed} {name}")

    def active(self, kind):
        fault = self.faults.get(kind)
        return fault if fault and fault["until"] > now() else None

    def lay(self, kind, fault):
        self.faults[kind] = fault | {"until": now() + fault["for_s"]}
        if kind == "reset":
            for connection in list(self.connections):
                self.fired["reset"] += not fault.get("apart")
                connection.abort()

    async def serve(self):
        await asyncio.start_server(self.accept, "127.0.0.1", self.port)

    async def accept(self, reader, writer):
        connection = Connection(self, reader, writer)
        if self.active("reset"):
            self.fired["reset"] += 1
            connection.abort()
            return
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)


class Connection:
    def __init__(self, link, reader, writer):
        self.link, self.reader, self.writer, self.server, self.gone = link, reader, writer, None, False
        self.left = {}  # bytes until it is cut, by way
        self.requests = Requests(link.commits) if link.name.startswith("kafka.") else None

    def abort(self):
        self.gone = True
        for writer in (self.writer, self.server):
            if writer:
                found = writer.get_extra_info("socket")
                if found:
                    try:
                        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    except OSError:
                        pass
                writer.transport.abort()

    async def run(self):
        try:
            server, self.server = await asyncio.open_connection("127.0.0.1", self.link.upstream)
        except OSError:
            self.abort()
            return
        ways = (self.relay(self.reader, self.server, "up"), self.relay(server, self.writer, "down"))
        await asyncio.gather(*ways, return_exceptions=True)
        for writer in (self.writer, self.server):
            writer.close()

    async def relay(self, reader, writer, way):
        try:
            while data := await reader.read(CHUNK):
                await self.forward(writer, data, way)
            writer.write_eof()
        except (OSError, RuntimeError):  # either side is gone: so is the other
            self.abort()

    async def forward(self, writer, data, way):
        link = self.link
        await self.hold(way)
        if fault := link.active("latency"):
            link.fired["latency"] += 1
            await asyncio.sleep((fault["ms"] + link.draw.uniform(0, fault["jitter"])) / 1000)
        if fault := link.active("bandwidth"):
            link.fired["bandwidth"] += 1
            await asyncio.sleep(min(len(data) / fault["bytes"], 5))
        if (fault := link.active("cut")) and fault["way"] == way:
            left = self.left.setdefault((way, fault["until"]), fault["bytes"])
            self.left[(way, fault["until"])] = left - len(data)
            if len(data) >= left:
                self.see(data[:left], way)
                await self.cut(writer, data[:left])
        self.see(data, way)
        if fault := link.active("slice"):
            link.fired["slice"] += 1
            data = await self.slice(writer, data, fault["bytes"])
        writer.write(data)
        await writer.drain()

    def see(self, data, way):
        if self.requests and way == "up":
            self.requests.pass_by(data)

    async def hold(self, way):
        """One way stands still while the connection looks open; afterwards what was on its way arrives late, or never."""
        fault = self.link.active("half-open")
        if not fault or fault["way"] != way:
            return
        self.link.fired["half-open"] += 1
        await asyncio.sleep(fault["until"] - now())
        if fault["then"] == "never" or self.gone:
            self.abort()
            raise OSError("held for ever")

    async def cut(self, writer, data):
        self.link.fired["cut"] += 1
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0.01)  # a reset may overtake what was written before it
        self.abort()
        raise OSError("cut")

    async def slice(self, writer, data, most):
        sliced, at = min(len(data), SLICED_MAX), 0
        while at < sliced:
            size = self.link.draw.randint(1, max(1, 2 * most - 1))
            writer.write(data[at : min(at + size, sliced)])
            await writer.drain()
            await asyncio.sleep(0)
            at += size
        return data[sliced:]


def obey(links, order):
    """{"lay": kind, "link": "redis.*", ...} (with "apart": not counted), {"upstream": port, "link": ...}, {"heal": true} or {};
    answers what has fired, by fault and service."""
    service, _, number = order.get("link", "*.*").partition(".")
    for link in links:
        theirs, _, its = link.name.partition(".")
        if service not in ("*", theirs) or number not in ("*", its):
            continue
        if "lay" in order:
            link.lay(order["lay"], order)
        if "upstream" in order:
            link.upstream = order["upstream"]
            for connection in list(link.connections):
                connection.abort()
        if "heal" in order:
            link.faults.clear()
    fired = collections.Counter()
    for link in links:
        fired.update({f"{kind}.{link.name.partition('.')[0]}": n for kind, n in link.fired.items()})
    return fired


async def main():
    seed, wanted = sys.argv[1], json.loads(sys.argv[2])
    commits = open(sys.argv[3], "w", encoding="utf-8", buffering=1)  # as long as the process
    links = [Link(name, port, upstream, seed, commits) for name, (port, upstream) in wanted.items()]
    for link in links:
        await link.serve()
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    print("{}", flush=True)
    while line := await orders.readline():
        print(json.dumps(obey(links, json.loads(line))), flush=True)


asyncio.run(main())
