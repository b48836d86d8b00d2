"""redis_meter.py: what a measurement asks of its redis-server."""
import re
import socket
import sys


class Redis:
    """Its commands and its CPU time, counted from begin() on."""

    def __init__(self, port):
        self.port = port

    def ask(self, *words):
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as s:
            s.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
            file = s.makefile("rb")
            line = file.readline().decode()
            if line.startswith("$"):
                return file.read(int(line[1:])).decode()
            if line.startswith("-"):
                sys.exit(f"bench: Redis: {words[0]}: {line}")
            return line[1:].strip()

    def begin(self):
        self.ask("FLUSHALL")
        self.ask("CONFIG", "RESETSTAT")

    def commands(self):
        calls = re.findall(r"cmdstat_([^:]+):calls=(\d+)", self.ask("INFO", "commandstats"))
        ours = {"info", "config|resetstat", "flushall", "ping"}
        return {name: int(n) for name, n in calls if name not in ours}

    def cpu_s(self):
        return sum(float(n) for n in re.findall(r"used_cpu_(?:user|sys):([\d.]+)", self.ask("INFO", "cpu")))

    def version(self):
        return re.search(r"redis_version:(\S+)", self.ask("INFO", "server"))[1]
