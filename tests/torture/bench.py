"""bench.py: what all lanes share: Kafka, Redis, one simulator and its ledger, the preloaded library, the sites of the program."""

import os
import pathlib
import subprocess
import threading

from ledger import Ledger
from scenario import POISON
from servers import Kafka, Redis, Sim

HERE = pathlib.Path(__file__).resolve().parent


class Servers:
    def __init__(self, binary, folder, version):
        self.binary, self.folder = binary, folder
        self.kafka = Kafka(version, folder / "kafka").start()
        self.redis = Redis(folder / "redis")


class Bench:
    def __init__(self, binary, folder, results, version="3.9.1"):
        self.binary, self.folder, self.results = binary, folder, results
        self.preload = folder / "preload.so"
        subprocess.run(
            [os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-I", HERE.parent.parent, "-o", self.preload]
            + [HERE / "preload.c", HERE / "fails.c"],
            check=True,
        )
        self.servers = Servers(binary, folder, version)
        (folder / "sim").mkdir()
        self.sim = Sim(binary, folder / "sim")
        self.sim.fault("poison", match=POISON)
        self.sim.fault("idle_close", ms=100)
        self.ledger, self.lock = Ledger(self.sim.ledger_path), threading.Lock()

    def env(self, report, fault):
        env = dict(os.environ) | {
            "LD_PRELOAD": str(self.preload),
            "TORTURE_REPORT": str(report),
            "TORTURE_KIND": "none",
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0:abort_on_error=0:exitcode=99",
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        return env | (fault.env() if fault else {})

    def carried_out(self):
        with self.lock:
            return self.ledger.read().times.keys()

    def times(self, key):
        with self.lock:
            return list(self.ledger.read().times.get(key, ()))
