"""torture.py: plans which operation fails in which start, runs them on several lanes, and says what was reached. See run.sh."""

import argparse
import collections
import concurrent.futures
import json
import logging
import pathlib
import queue
import random
import shlex
import shutil
import sys
import tempfile
import threading
import time
import traceback

logging.getLogger("kafka").addHandler(logging.NullHandler())

import sites as sites_of
from bench import Bench
from events import event
from scenario import Command, Fault, Lane
from servers import Failure, Process, end_on_signals, stay_on_loopback

REDIS = (
    "reset",
    "nil",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.",
    "READONLY You can't write against a read only replica.",
    "LOADING Redis is loading the dataset in memory",
    "BUSY Redis is busy running a script.",
    "NOSCRIPT No matching script. Please use EVAL.",
    "MOVED 1234 127.0.0.1:1",
    "ASK 1234 127.0.0.1:1",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "CLUSTERDOWN The cluster is down",
    "NOAUTH Authentication required.",
    "WRONGPASS invalid username-password pair or user is disabled.",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "ERR something else",
)
CURL = tuple(str(code) for code in range(1, 100))
HOWS = {"redis": REDIS, "curl": CURL}
AT_LEAST = 10  # of a kind
MET_SHARE, MET_LEAST = 0.5, 5  # of the faults of a kind: so many must be come by; and each way at least once
STARTS_A_ROUND = 8  # a start that fails early leaves its work to the next; in between nothing is lost, so one judgement does


class Results:
    def __init__(self):
        self.lock = threading.Lock()
        self.made, self.reached, self.seen, self.failures = collections.Counter(), set(), set(), []
        self.missed, self.ways = collections.Counter(), set()

    def add(self, starts):
        with self.lock:
            for start in starts:
                self.seen.update(start.seen.sites)
                if start.fault and start.seen.failed:
                    self.made[start.fault.kind] += 1
                    self.ways.add((start.fault.kind, start.fault.how))
                    self.reached.add(start.seen.failed)
                elif start.fault and start.code is not None:
                    self.missed[start.fault.kind] += 1

    def fail(self, text):
        with self.lock:
            self.failures.append(text)
        print(f"FAIL {text}", flush=True)


def by_site(seen, reached, rng):
    """The first call of each site that did not fail yet."""
    return [
        Fault(kind, 1, f"{function}@{address}", rng.choice(HOWS[kind]) if kind in HOWS else None)
        for kind, function, address in sorted(seen - reached)
    ]


def by_number(totals, every, rng):
    """Each n of each kind, in each way that it can fail; of these one in `every`, from a place that the seed says, but some ten of
    a kind at least."""
    found = []
    for kind, total in sorted(totals.items()):
        all_ = [Fault(kind, n, None, how) for n in range(1, total + 1) for how in HOWS.get(kind, (None,))]
        step = max(1, min(every, len(all_) // AT_LEAST))
        found += all_[rng.randrange(step) :: step]
    return found


def by_way(made):
    """The first of its kind, in each way in which none failed yet."""
    return [Fault(kind, 1, None, how) for kind, hows in HOWS.items() for how in hows if (kind, how) not in made]


def too_few(results, totals):
    """Kinds and ways of which less was seen than must be: what was never tried has not been passed."""
    for kind in sorted(kind for kind, total in totals.items() if total):
        made, tried = results.made[kind], results.made[kind] + results.missed[kind]
        if made < min(MET_LEAST, totals[kind]) or made < MET_SHARE * tried:
            yield f"{kind}: {made} of {tried} were come by"
    for fault in by_way(results.ways):
        yield f"{fault.kind}: never failed in this way: {fault.how}"


def sticky(seen):
    """From a site's first call on, for ever; who is interrupted for ever may try for ever."""
    return [
        Fault(kind, 1, f"{function}@{address}", sticky=True)
        for kind, function, address in sorted(seen)
        if kind in ("fd", "read", "write", "kafka") and function != "getrandom"
    ]


class Lanes:
    """Rounds of one store, on several lanes at once."""

    def __init__(self, bench, store, n, results):
        self.bench, self.store, self.n, self.results = bench, store, n, results
        self.made = 0

    def first(self):
        """One undisturbed round: what there is to fail."""
        lane = self.lane()
        lane.round([])
        self.results.add(lane.starts)
        return lane.starts[0].seen

    def lane(self):
        self.made += 1
        return Lane(self.bench, self.made, self.store)

    def run(self, faults):
        todo = queue.Queue()
        for fault in faults:
            todo.put(fault)
        threads = [threading.Thread(target=self.work, args=(todo, self.lane()), daemon=True) for _ in range(self.n)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def work(self, todo, lane):
        faults = []
        while True:
            while len(faults) < STARTS_A_ROUND and not todo.empty():
                try:
                    faults.append(todo.get_nowait())
                except queue.Empty:
                    break
            if not faults:
                return
            try:
                faults = lane.round(faults)
                self.results.add(lane.starts)
            except Failure as failure:
                self.failed(lane, str(failure))
                faults, lane = faults[max(1, len(lane.starts)) :], self.lane()
            except Exception:
                self.failed(lane, traceback.format_exc())
                return

    def failed(self, lane, text):
        self.results.add(lane.starts)
        faults = " ".join(f"--fault {shlex.quote(str(start.fault))}" for start in lane.starts if start.fault)
        self.results.fail(f"{text}\nto repeat it: --store {self.store} {faults}")


def commands(bench, n, results, plan, only=None):
    """The short commands, each under the faults of `plan(what an undisturbed one told)`."""
    lane = Lane(bench, 99, "redis")
    path = lane.world.folder / "check.yaml"
    path.write_text(json.dumps(lane.config()))
    brokers, given = lane.world.kafka.brokers, lane.world.folder / "event.json"
    given.write_text(json.dumps(event("explained", 2)))
    for name, words in (
        ("check", ["check", "-c", path]),
        ("connect", ["check", "--connect", "-c", path]),
        ("explain", ["explain", "-c", path, given]),
        ("schema", ["config", "schema"]),
        ("produce", ["produce", "--brokers", brokers, "--topic", lane.world.topic, "--events", "3"]),
    ):
        if only not in (None, name):
            continue
        command = Command(bench, name, words)
        faults = plan(command.start(None).seen)
        with concurrent.futures.ThreadPoolExecutor(n) as pool:
            for fault, told in zip(faults, pool.map(command.tried, faults)):
                if told:
                    results.fail(f"{name}: {told}\nto repeat it: --command {name} --fault {shlex.quote(str(fault))}")


def tell_reached(binary, results):
    """The sites of our own code, and those of the demanded rooms that nothing reached and no line excuses."""
    known, rules, missing = sites_of.Sites(binary), sites_of.excuses(), []
    table = collections.defaultdict(lambda: [0, 0])
    for site, copies in sorted(known.copies.items(), key=lambda item: (item[0].file, item[0].line)):
        hit = any(key in results.reached for key in copies)
        table[site.room, site.kind][0] += hit
        table[site.room, site.kind][1] += 1
        if hit:
            continue
        rule = sites_of.excused(site, rules)
        wanted = site.room in sites_of.DEMANDED and not rule
        print(f"not reached: {site.kind} {site.function} at {site.file}:{site.line} ({site.caller})"
              f"{': ' + rule[3] if rule else '' if wanted else ' (not demanded)'}")
        if wanted:
            missing.append(site)
    for (room, kind), (hit, all_) in sorted(table.items()):
        print(f"sites of {room or '(headers)'}, {kind}: {hit} of {all_} made to fail")
    through = [key for key in results.reached if key not in known.known]
    unseen = sorted(results.seen - results.reached)
    print(f"sites that lead into a library: {len(through)} made to fail; {len(unseen)} come by in passing and not made to fail")
    for key in unseen:
        print(f"  {known.text(*key)}")
    return missing


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    parser.add_argument("--every", type=int)
    parser.add_argument("--lanes", type=int, default=6)
    parser.add_argument("--fault", action="append", default=[])
    parser.add_argument("--store", choices=("redis", "memory"), default="redis")
    parser.add_argument("--command", help="--fault is for this short command")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    stay_on_loopback()
    end_on_signals()
    every = options.every or (200 if options.quick else 1)
    folder = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="alertbridge-torture-"))
    folder.mkdir(parents=True, exist_ok=True)
    results, rng, begun = Results(), random.Random(options.seed), time.monotonic()
    print(f"seed {options.seed}, one in {every}", flush=True)
    try:
        bench = Bench(options.binary.absolute(), folder, results)
        lanes = Lanes(bench, options.store, 1 if options.fault else options.lanes, results)
        seen = lanes.first()
        print(f"in one run: {' '.join(f'{kind} {n}' for kind, n in sorted(seen.totals.items()) if n)}; {len(seen.sites)} sites")
        faults = [Fault.parse(text) for text in options.fault]
        if options.command:
            commands(bench, 1, results, lambda seen: faults, options.command)
        elif faults:
            lanes.run(faults)
        else:
            lanes.run(by_site(seen.sites, results.reached, rng))
            lanes.run(by_number(seen.totals, every, rng) + ([] if options.quick else sticky(seen.sites)))
            lanes.run(by_way(results.ways))
            memory = Lanes(bench, "memory", options.lanes, results)
            memory.run(by_site(memory.first().sites, results.reached, rng))
            commands(
                bench, options.lanes, results,
                lambda told: by_site(told.sites, results.reached, rng)
                + ([] if options.quick else by_number(told.totals, every, rng)),
            )  # fmt: skip
            for text in too_few(results, seen.totals):
                results.fail(f"too few: {text}")
            for site in tell_reached(options.binary, results):
                results.fail(f"never made to fail, and not in unreached.txt: {site.kind} {site.function} at {site.file}:{site.line}")
    except Failure as failure:
        results.fail(str(failure))
    finally:
        Process.stop_all()
        if not options.keep and not results.failures:
            shutil.rmtree(folder, ignore_errors=True)
        elif results.failures:
            print(f"files are in {folder}")
    for kind, n in sorted(results.made.items()):
        print(f"{kind}: {n} made to fail, {sum(key[0] == kind for key in results.reached)} sites")
    print(f"{sum(results.missed.values())} were not come by in their start; {time.monotonic() - begun:.0f} s")
    print(f"{sum(results.made.values())} passed, {len(results.failures)} failed")
    return 1 if results.failures or not results.made else 0


if __name__ == "__main__":
    sys.exit(main())
