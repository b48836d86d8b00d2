"""runner.py: runs the scenarios one after the other and says how each went. See run.sh for its use."""

import argparse
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

import commands
import connect
import contract
import custody
import cut_off
import deliveries
import dependencies
import fairness
import inputs
import kafka_group
import kafka_security
import process
import redis_away
import redis_faults
import tokens
import unheard
import windows
from servers import Failure, Kafka, Process, Redis, end_on_signals, ended_with, stay_on_loopback

MODULES = (
    deliveries,
    contract,
    custody,
    cut_off,
    fairness,
    inputs,
    process,
    dependencies,
    redis_away,
    redis_faults,
    tokens,
    kafka_group,
    kafka_security,
    commands,
    connect,
    unheard,
    windows,
)
KAFKA, KAFKA_NEXT = "3.9.1", "4.1.1"


class Servers:
    """What the scenarios share; begun when first asked for."""

    def __init__(self, binary, folder):
        self.binary, self.folder, self.nodes, self.memory = binary, folder, {}, None

    def node(self, version):
        if version not in self.nodes:
            self.nodes[version] = Kafka(version, self.folder / f"kafka-{version}").start()
        return self.nodes[version]

    @property
    def kafka(self):
        return self.node(KAFKA)

    @property
    def kafka_next(self):
        return self.node(KAFKA_NEXT)

    @property
    def redis(self):
        if not self.memory:
            self.memory = Redis(self.folder / "redis")
        return self.memory


    def shared(self):
        return [*self.nodes.values(), *([self.memory] if self.memory else [])]


def scenarios(quick):
    found = {}
    for module in MODULES:
        found |= module.QUICK if quick else module.FULL
    return found


def run_one(name, scenario, servers):
    begun = time.monotonic()
    try:
        with ended_with(servers.shared):
            measured = scenario(servers, name)
    except Failure as failure:
        print(f"FAIL {name}: {failure}", flush=True)
        return False
    except Exception:  # a scenario that breaks has not passed
        print(f"FAIL {name}: {traceback.format_exc()}", flush=True)
        return False
    print(f"ok {name} ({time.monotonic() - begun:.1f} s) {measured or ''}".rstrip(), flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(prog="run.sh")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("binary", type=pathlib.Path)
    options = parser.parse_args()
    chosen = scenarios(options.quick)
    if options.only:
        known = scenarios(False) | scenarios(True)
        unknown = set(options.only.split(",")) - known.keys()
        if unknown:
            parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {' '.join(known)}")
        chosen = {name: known[name] for name in options.only.split(",")}
    if options.list:
        print("\n".join(chosen))
        return 0
    stay_on_loopback()
    end_on_signals()
    folder = options.keep.absolute() if options.keep else pathlib.Path(tempfile.mkdtemp(prefix="alertbridge-e2e-"))
    folder.mkdir(parents=True, exist_ok=True)
    servers, passed, failed = Servers(options.binary.absolute(), folder), 0, 0
    try:
        for name, scenario in chosen.items():
            good = run_one(name, scenario, servers)
            passed, failed = passed + good, failed + (not good)
    finally:
        Process.stop_all()
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        print(f"{passed} passed, {failed} failed", flush=True)
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
