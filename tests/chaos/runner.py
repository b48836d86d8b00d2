"""runner.py: one run of chaos: faults by schedule, rest, and what the checker says of it. See run.sh for its use."""

import argparse
import logging
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

for proxy in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
    os.environ.pop(proxy, None)  # the parts of a run meet on loopback

logging.getLogger("kafka").addHandler(logging.NullHandler())  # brokers go away all the time here

import coordinator
import evidence
from arena import BACK_OFF_MS, LEASE_MS, REVOKE_DRAIN_MS, SESSION_MS, Arena
from facts import Facts, now_ms
from fleet import Scraper
from nemesis import Nemesis
from schedule import plan
from servers import Failure, Process, expect, wait_until
from traffic import Traffic, tell_record

REST_S = 60  # of the minutes of a run, for its begin and its end
CALM_MS = 2 * (LEASE_MS + BACK_OFF_MS) + SESSION_MS + REVOKE_DRAIN_MS
# In this order within one millisecond: what may come late in doubt comes first.
STREAMS = ("targets", "produced", "process", "resends", "letters", "ledger", "journal", "commits", "scrapes", "end")


class Run:
    def __init__(self, options, folder):
        self.options, self.folder, self.failures, self.held = options, folder, [], []
        self.facts = {name: Facts(folder / f"facts-{name}.jsonl") for name in STREAMS}
        self.seconds = max(20, options.minutes * 60 - REST_S)
        self.plan = plan(options.seed, self.seconds, options.kills)

    # ---- before and during ----

    def begin(self):
        options = self.options
        self.arena = Arena(
            options.binary.absolute(), self.folder, options.kafka, options.seed, self.facts["process"], self.failures
        )
        arena, self.begun_ms = self.arena, now_ms()
        arena.tell_targets(self.facts["targets"])
        for target in ("soar-a", "soar-b", "portal-a", "portal-b"):
            print(f"{target}: {' '.join(f'{k}={v}' for k, v in arena.policies(target).items())}")
        world = arena.world
        self.traffic = Traffic(world.kafka.brokers, world.topic, world.partitions, options.rate, options.seed)
        self.sampler = evidence.Sampler(world)
        self.journal = evidence.Journal(arena.store, f"{world.name}:j", self.facts["journal"])
        self.scraper = Scraper(arena.fleet, self.facts["scrapes"], arena.secrets, self.failures)
        arena.fleet.start_all()
        for place in arena.fleet.places:
            place.worker.ready()
        for thread in (self.traffic, self.sampler, self.journal, self.scraper):
            thread.start()

    def suffer(self):
        arena = self.arena
        self.nemesis = Nemesis(
            self.plan, arena.fleet, arena.store, arena.kafka, arena.links, arena.world.sim, self.failures
        )
        self.nemesis.start()
        expect(self.nemesis.quiet.wait(self.seconds * 2 + 120), "the faults do not come to an end")
        self.nemesis.heal()
        left = self.traffic.finish()
        expect(left == 0, f"{left} records could not be written: {self.traffic.failed[:2]}")

    # ---- the end ----

    def rest(self):
        """All that was written is committed and nothing is in flight, within the time of I17."""
        world, begun = self.arena.world, time.monotonic()
        self.facts["end"].add("calm", number=CALM_MS)
        ends = world.ends()
        try:
            wait_until("all is committed", lambda: self.sampler.committed == ends, 120, self.progress)
        except Failure as failure:
            self.failures.append(str(failure))
            return
        self.facts["end"].add("rested")
        self.held.append(f"at rest {time.monotonic() - begun:.1f} s after the last fault")

    def progress(self):
        return f"({self.sampler.committed} of {self.arena.world.ends()})"

    def leave(self):
        """All drain to exit 0, and whoever comes next finds nothing to read (I18)."""
        arena = self.arena
        took = arena.fleet.leave()
        self.held.append("the last SIGTERM took " + ", ".join(f"{t:.1f}" for t in took) + " s")
        arena.fleet.start(arena.fleet.places[0])
        idle = arena.fleet.places[0].worker.ready()
        wait_until("the idle worker has all partitions", lambda: idle.assigned() == arena.world.partitions, 30)
        time.sleep(2)
        again = idle.metric("alertbridge_records_consumed_total")
        text = f"{again:.0f} records were read again after a complete drain"
        (self.failures if again else self.held).append(text)
        arena.fleet.places[0].worker.leave()
        self.effects, self.idle = self.nemesis.effects(), self.nemesis.idle()
        for thread in (self.sampler, self.journal, self.scraper):
            thread.over.set()
            thread.join()

    def collect(self):
        """The history, in one file."""
        world, lives = self.arena.world, self.arena.fleet.lives
        letters = list(coordinator.read_topic(world.kafka.brokers, world.dead))
        for message in coordinator.read_topic(world.kafka.brokers, world.topic):
            tell_record(self.facts["produced"], message)
        reasons = evidence.tell_letters(letters, self.sampler, self.begun_ms, self.facts["letters"])
        evidence.tell_ledger(world.sim.ledger_path, self.facts["ledger"])
        resends = evidence.tell_resends(lives, self.facts["resends"])
        numbers = {life.worker.log.stem: life.number for life in lives}
        commits = coordinator.tell(
            world.kafka.brokers, world.group, world.topic, lambda label: numbers.get(label, 0), self.facts["commits"]
        )
        told = " ".join(f"{reason}={n}" for reason, n in sorted(reasons.items()))
        self.held.append(
            f"{self.traffic.events} events, {resends} re-sends in doubt, {commits} commits, {self.journal.n} ends read of the "
            f"journal, {self.scraper.n} scrapes, dead letters: {told or 'none'}"
        )
        paths = [*(life.worker.log for life in lives), self.journal.found.name]
        found = evidence.find_secrets(self.arena.secrets, paths, letters)
        text = f"planted secrets were found in {len(found)} places of {len(paths)} files and {len(letters)} dead letters"
        (self.failures if found else self.held).append(f"{text} {found[:3] or ''}".rstrip())

    def judge(self):
        """What the checker passed and failed."""
        history = self.folder / "history.jsonl"
        for facts in self.facts.values():
            facts.close()
        with open(history, "wb") as out:
            for facts in self.facts.values():
                with open(facts.path, "rb") as one:
                    shutil.copyfileobj(one, out)
        judge = self.options.binary.absolute().parent / "alertbridge_judge"
        told = subprocess.run([judge, history], capture_output=True, text=True)
        *lines, last = told.stdout.splitlines() or [""]
        print("\n".join(lines) + told.stderr)
        numbers = re.fullmatch(r"(\d+) passed, (\d+) failed", last)
        return (int(numbers[1]), int(numbers[2])) if numbers else (0, 1)

    def tell_fired(self):
        wanted = {fault.name for fault in self.plan}
        for name in sorted(wanted):
            took = f"{self.effects[name]:8d} effects" if name in self.effects else ""
            print(f"{name:28s} {self.nemesis.fired.get(name, 0):5d} {took}".rstrip())
        text = f"{sum(self.nemesis.fired.values())} faults, {len(wanted)} kinds"
        if self.idle:
            self.failures.append(f"faults that never took effect: {' '.join(self.idle)}")
        else:
            self.held.append(text + ", each took effect")

    def go(self):
        for step in (self.begin, self.suffer, self.rest, self.leave, self.collect):
            step()
        self.nemesis.over.set()
        self.tell_fired()
        exits = " ".join(f"{code}: {n}" for code, n in sorted(self.arena.fleet.exits.items()))
        self.held.append(f"{len(self.arena.fleet.lives)} lives of workers; exits after SIGTERM {exits or 'none'}")
        return self.judge()


def interrupted(number, frame):
    sys.exit(128 + number)


def parse():
    parser = argparse.ArgumentParser(prog="run.sh")
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=0, help="instead of as many as fit the minutes")
    parser.add_argument("--rate", type=float, default=270, help="events a second")
    parser.add_argument("--kafka", default="3.9.1")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("binary", type=pathlib.Path)
    return parser.parse_args()


def main():
    options = parse()
    if options.plan:
        print(*plan(options.seed, max(20, options.minutes * 60 - REST_S), options.kills), sep="\n")
        return 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    folder = options.keep.absolute() if options.keep else pathlib.Path(tempfile.mkdtemp(prefix="alertbridge-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    run, passed, failed = Run(options, folder), 0, 0
    print(f"seed {options.seed}, Kafka {options.kafka}, {run.seconds:.0f} s of faults, {options.rate:g} events/s", flush=True)
    try:
        passed, failed = run.go()
    except Exception as error:  # a run that breaks off has proved nothing
        run.failures.append(str(error) if isinstance(error, Failure) else traceback.format_exc())
        passed, failed = 0, 0
    finally:
        Process.stop_all()
    for text in run.held:
        print("ok", text)
    for text in run.failures:
        print("FAIL", text)
    passed, failed = passed + len(run.held), failed + len(run.failures)
    if failed or options.keep:
        print(f"what it left behind: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
