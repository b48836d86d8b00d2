"""worker.py: one process of `alertbridge run`: its log, its admin port, its end."""

import collections
import json
import re
import signal
import time
import urllib.error

from servers import Failure, Process, expect, tail, urlopen, wait_until


class Worker(Process):
    """`alertbridge run` with its log as JSON lines and its admin port."""

    def __init__(self, binary, folder, label, config, env=None):
        self.path = folder / f"{label}.yaml"
        self.path.write_text(json.dumps(config, indent=1))  # JSON is YAML
        self.admin = config["admin"]["listen"]
        self.drain_s = float(config["shutdown"]["drain"].removesuffix("s"))
        super().__init__([binary, "run", "-c", self.path], folder / f"{label}.log", env=env)

    def lines(self, code=None):
        found = []
        for line in self.log.read_bytes().split(b"\n"):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if code is None or entry.get("code") == code:
                found.append(entry)
        return found

    def count(self, code):
        return self.log.read_bytes().count(b'"code":"%s"' % code.encode())

    def get(self, path):
        """Status and body; None where nobody answers."""
        try:
            with urlopen(f"http://{self.admin}{path}", timeout=5) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return None

    def metrics(self):
        """Name -> list of (labels, value)."""
        told = self.get("/metrics")
        expect(told and told[0] == 200, f"/metrics answered {told}")
        found = collections.defaultdict(list)
        for name, labels, value in re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", told[1], re.M):
            found[name].append((labels, float(value)))
        return found

    def metric(self, name, holding=""):
        return sum(value for labels, value in self.metrics()[name] if holding in labels)

    def ready(self, seconds=30):
        wait_until(
            "the worker is ready",
            lambda: (self.get("/readyz") or (0,))[0] == 200,
            seconds,
            lambda: f"(answer {self.get('/readyz?verbose=1')})\n{tail(self.log)}",
        )
        return self

    def snapshot(self):
        """The gauges that tell where a worker stands, for a failure's text."""
        if not self.runs():
            return f"exit {self.child.returncode}"
        try:
            metrics = self.metrics()
        except Failure as failure:
            return str(failure)
        names = (
            "state",
            "deliveries_inflight",
            "target_circuit_state",
            "target_paused",
            "calls_inflight",
            "redis_up",
            "kafka_paused_partitions",
            "window_records",
            "window_finished_records",
            "deliveries_terminal_total",
            "calls_total",
            "claims_total",
            "lanes",
            "window_bytes",
        )
        return "\n".join(
            f"  {name} " + " ".join(f"{labels}={value:g}" for labels, value in metrics["alertbridge_" + name] if value)
            for name in names
        )

    def assigned(self):
        """How many partitions it has; 0 while nobody answers."""
        return len(self.metrics()["alertbridge_window_records"]) if self.get("/livez") else 0

    def leave(self, code=0, seconds=None):
        """SIGTERM, and the seconds until its end with that code."""
        begun = time.monotonic()
        self.send(signal.SIGTERM)
        ended = self.wait((seconds or self.drain_s) + 10)
        took = time.monotonic() - begun
        expect(ended == code, f"SIGTERM: exit {ended}, not {code}, after {took:.1f} s\n{tail(self.log)}")
        return took
