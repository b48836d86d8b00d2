"""runner.py: one run of chaos: faults by schedule, rest, and what the checker says of it. See run.sh for its use."""

import argparse
import collections
import json
import logging
import os
import pathlib
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback

logging.getLogger("kafka").addHandler(logging.NullHandler())  # brokers go away all the time here

import coordinator
import evidence
import recovery
from arena import BACK_OFF_MS, LEASE_MS, REVOKE_DRAIN_MS, SESSION_MS, Arena
from broker_requests import sent_commits
from facts import Facts, now_ms
from faults import FLOORS, FLOORS_S, counted
from fleet import Scraper
from judgement import Judgement
from leavings import kept_on_failure
from nemesis import Nemesis
from schedule import REST_S, plan, windows
from servers import Failure, Process, end_on_signals, expect, stay_on_loopback, wait_until
from traffic import TARGETS, Traffic, Transactions, tell_record

CALM_MS = 2 * (LEASE_MS + BACK_OFF_MS) + SESSION_MS + REVOKE_DRAIN_MS
PAUSED_MS = 30_000  # a target that was told to correct its settings tries again so often
TAKEOVER_S, REDIS_BACK_S, LEAVE_S = (SESSION_MS + LEASE_MS + 1000) / 1000, 1, 10  # what recoveries are measured against
OVERTIME_S, LAST_S = 420, 60  # beyond twice its minutes a run is ended; so long after that, by force
INVARIANTS, UNJUDGED = 21, (9, 10, 11, 20)  # docs/reliability.md says why this run cannot tell these
# In this order within one millisecond: what may come late in doubt comes first.
STREAMS = ("targets", "produced", "process", "resends", "letters", "ledger", "journal", "commits", "scrapes", "secrets", "end")


class Run:
    def __init__(self, options, folder):
        self.options, self.folder, self.failures, self.held = options, folder, [], []
        self.facts = {name: Facts(folder / f"facts-{name}.jsonl") for name in STREAMS}
        self.seconds = seconds_of(options)
        self.plan = plan_of(options)
        self.summary = {"kafka": options.kafka, "seed": options.seed, "seconds": self.seconds}

    # ---- before and during ----

    def begin(self):
        options = self.options
        self.arena = Arena(
            options.binary.absolute(), self.folder, options.kafka, options.seed, self.facts["process"], self.failures
        )
        arena, self.begun_ms = self.arena, now_ms()
        arena.tell_targets(self.facts["targets"])
        for target in TARGETS:
            print(f"{target}: {' '.join(f'{k}={v}' for k, v in arena.policies(target).items())}")
        world = arena.world
        self.traffic, self.transactions = Traffic(world, options.rate, options.seed), Transactions(world, options.seed)
        self.sampler = evidence.Sampler(world)
        self.journal = evidence.Journal(arena.store, f"{world.name}:j", self.facts["journal"])
        self.scraper = Scraper(arena.fleet, self.facts["scrapes"], arena.secrets)
        arena.fleet.start_all()
        for place in arena.fleet.places:
            place.worker.ready(60)
        for thread in (self.traffic, self.transactions, self.sampler, self.journal, self.scraper):
            thread.start()

    def suffer(self):
        self.nemesis = Nemesis(self.plan, windows(self.seconds), self.arena, self.failures)
        self.nemesis.start()
        expect(self.nemesis.quiet.wait(self.seconds * 2 + 120), "the faults do not come to an end")
        self.nemesis.heal()
        left = self.traffic.finish()
        self.transactions.finish()
        expect(left == 0, f"{left} records could not be written: {self.traffic.failed[:2]}")

    # ---- the end ----

    def calm_ms(self):
        """The time of I17, and what it takes to work off what lies behind: at least at the rate at which it came."""
        world = self.arena.world
        behind = sum(end - at for end, at in zip(world.ends(), wait_until("offsets are told", self.offsets, 30)))
        workers = [place.worker for place in self.arena.fleet.places]
        paused = any(worker.metric("alertbridge_target_paused") for worker in workers)
        return CALM_MS + PAUSED_MS * paused + int(1000 * behind / self.options.rate)

    def offsets(self):
        found = self.arena.world.committed()
        return found if all(isinstance(at, int) for at in found) else None

    def rest(self):
        """All that was written is committed and nothing is in flight."""
        begun, calm_ms = time.monotonic(), self.calm_ms()
        self.facts["end"].add("calm", number=calm_ms)
        ends = self.arena.world.ends()
        try:
            wait_until("all is committed", lambda: self.sampler.committed == ends, 120 + calm_ms / 500, self.progress)
        except Failure as failure:
            self.failures.append(str(failure))
            return
        self.facts["end"].add("rested")
        self.held.append(f"at rest {time.monotonic() - begun:.1f} s after the last fault, of {calm_ms / 1000:.1f} s")

    def progress(self):
        return f"({self.sampler.committed} of {self.arena.world.ends()})"

    def leave(self):
        """All drain to exit 0, and whoever comes next finds nothing to read (I18)."""
        arena = self.arena
        self.scraper.count()
        took = arena.fleet.leave()
        self.held.append("the last SIGTERM took " + ", ".join(f"{t:.1f}" for t in took) + " s")
        arena.fleet.start(arena.fleet.places[0])
        idle = arena.fleet.places[0].worker.ready(60)
        wait_until("the idle worker has all partitions", lambda: idle.assigned() == arena.world.partitions, 60)
        time.sleep(2)
        again = int(idle.metric("alertbridge_records_consumed_total"))
        self.facts["scrapes"].add("gauged", worker=arena.fleet.places[0].life, word="again", number=again, limit=0)
        self.held.append(f"{again} records were read again after a complete drain")
        arena.fleet.places[0].worker.leave()
        self.seen, self.idle = self.nemesis.seen(), self.nemesis.idle()
        for thread in (self.sampler, self.journal, self.scraper):
            thread.over.set()
            thread.join()

    def collect(self):
        """The history, stream by stream."""
        world, lives = self.arena.world, self.arena.fleet.lives
        letters = list(coordinator.read_topic(world.kafka.brokers, world.dead))
        for message in coordinator.read_topic(world.kafka.brokers, world.topic):
            tell_record(self.facts["produced"], message)
        reasons = evidence.tell_letters(letters, self.sampler, self.begun_ms, self.facts["letters"])
        evidence.tell_ledger(world.sim.ledger_path, self.facts["ledger"])
        resends, soar = evidence.tell_resends(lives, self.facts["resends"])
        numbers = {life.worker.log.stem: life.number for life in lives}
        sent = sent_commits(self.arena.links.commits, world.group, world.topic)
        commits, unseen = coordinator.tell(
            world.kafka.brokers, world.group, world.topic, lambda label: numbers.get(label, 0), sent, self.facts["commits"]
        )
        if unseen:
            self.failures.append(f"{unseen} of {commits} commits were taken that no worker was seen to send")
        told = " ".join(f"{reason}={n}" for reason, n in sorted(reasons.items()))
        self.held.append(
            f"{self.facts['produced'].n} events, {resends} re-sends in doubt, {commits} commits, {self.journal.n} ends read of "
            f"the journal, {self.scraper.n} scrapes, dead letters: {told or 'none'}"
        )
        self.summary |= {
            "events": self.facts["produced"].n, "announced": soar, "letters": reasons, "commits": commits,
            "lives": len(lives), "inputs": self.inputs(),
        }  # fmt: skip
        paths = [*(life.worker.log for life in lives), self.journal.found.name]
        evidence.tell_secrets(self.arena.secrets(), paths, letters, self.facts["secrets"])
        self.facts["secrets"].add("searched", target=-1, word="metrics", number=self.scraper.searched)
        for facts in self.facts.values():
            facts.close()

    def inputs(self):
        """How often what stood in the topic was out of the ordinary."""
        sources = (self.traffic.source, self.transactions.source)
        spoiled = sources[0].spoiled + sources[1].spoiled
        return {f"record, {how}": n for how, n in spoiled.items()} | {"record, replayed": sum(s.replayed for s in sources)} | {
            f"transaction, {how}": self.transactions.ended[how] for how in ("committed", "aborted")
        }

    # ---- what is to be told ----

    def recover(self):
        """Measured, not judged: a machine that has other things to do takes its time."""
        arena = self.arena
        paths = {name: facts.path for name, facts in self.facts.items()}
        soar = {i for i, target in enumerate(TARGETS) if target.startswith("soar")}
        found = recovery.Recovery(paths, evidence.takeovers(arena.fleet.lives), self.nemesis.times, soar)
        takeovers, redis = found.takeovers_s(), found.redis_s(arena.store.back)
        rows = {
            "takeover after kill -9": (takeovers[0], TAKEOVER_S),
            "takeover after kill -9, nothing else around": (takeovers[1], TAKEOVER_S),
            "Redis back to a worker's first call": (redis[0], REDIS_BACK_S),
            "Redis back to a worker's first call, nothing else around": (redis[1], REDIS_BACK_S),
            "SIGTERM to exit": (arena.fleet.left_s, LEAVE_S),
        }
        self.summary["recovery"] = {name: [round(value, 2) for value in values] for name, (values, _) in rows.items()}
        for name, (values, bound_s) in rows.items():
            print(recovery.row_text(name, recovery.told(values, bound_s)))

    def tell_faults(self):
        wanted = sorted({fault.name for fault in self.plan})
        fired = self.nemesis.fired
        for name in wanted:
            seen = f"{self.seen[name]:8d} times seen" if name in self.seen else ""
            print(f"{name:28s} {fired[name]:5d} {seen}".rstrip())
        for name, n in sorted(self.inputs().items()):
            print(f"{name:28s} {n:5d}")
        if self.idle:
            self.failures.append(f"faults that never took effect: {' '.join(self.idle)}")
        else:
            self.held.append(f"{sum(fired.values())} faults of {len(wanted)} kinds, each took effect")
        counts, share = counted(fired, self.seen), 0 if self.options.only else min(1, self.seconds / FLOORS_S)
        missed = [f"{name} {counts[name]} of {int(n * share)}" for name, n in FLOORS.items() if counts[name] < int(n * share)]
        told = ", ".join(f"{n} {name}" for name, n in counts.items())
        (self.failures if missed else self.held).append(f"too few faults: {', '.join(missed)}" if missed else told)
        self.summary |= {"fired": dict(fired), "seen": {name: self.seen.get(name) for name in wanted}, "counts": counts}

    def tell_exits(self):
        """How workers ended; one that was told once to leave, and did so before all was finished, needs a reason."""
        fleet, why = self.arena.fleet, collections.Counter()
        for one in fleet.cut_short:
            if reason := one.explained(self.nemesis.times):
                why[reason] += 1
            else:
                self.failures.append(f"worker {one.name} ended with 75 after one SIGTERM, {one.took_s:.1f} s, and nothing says why")
        exits = " ".join(f"{code}: {n}" for code, n in sorted(fleet.exits.items())) or "none"
        reasons = "".join(f"; cut short {n} times: {reason}" for reason, n in why.items())
        self.summary["rdkafka_aborts"] = fleet.rdkafka_aborts
        self.held.append(
            f"{len(fleet.lives)} lives of workers; exits after SIGTERM {exits}{reasons}; ended by a known assertion of "
            f"librdkafka: {fleet.rdkafka_aborts}"
        )

    def judge(self):
        judged = Judgement(
            self.options.binary.absolute().parent / "alertbridge_judge",
            self.folder / "history.jsonl",
            [self.facts[name].path for name in STREAMS],
        )
        print(judged.text, end="")
        own_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"the checker took {judged.took_s:.1f} s and {judged.memory_mib} MiB, this run's own process {own_mib} MiB")
        idle = [i for i in range(1, INVARIANTS) if i not in UNJUDGED and not judged.judged.get(i)]
        if idle and not self.options.only:
            self.failures.append(f"the checker found nothing to judge: {' '.join(f'I{i}' for i in idle)}")
        self.summary |= judged.numbers | {
            "judged": {str(i): n for i, n in judged.judged.items()},
            "violations": judged.violations, "judge_s": round(judged.took_s, 1), "judge_mib": judged.memory_mib, "run_mib": own_mib,
        }  # fmt: skip
        return judged.passed, judged.failed

    def go(self):
        for step in (self.begin, self.suffer, self.rest, self.leave, self.collect):
            step()
        self.nemesis.over.set()
        self.tell_faults()
        self.tell_exits()
        passed_and_failed = self.judge()
        self.recover()
        return passed_and_failed

    def stop(self):
        """Nobody is started or missed any more."""
        if hasattr(self, "arena"):
            self.arena.fleet.closed = True
        Process.stop_all()


# ---- the program ---------------------------------------------------------------------------------------------------------------


def seconds_of(options):
    return max(20, options.minutes * 60 - REST_S)


def plan_of(options):
    return [fault for fault in plan(options.seed, seconds_of(options)) if not options.only or fault.kind in options.only]


def end_by_force():
    """Whoever was started ends with this process."""
    print("FAIL the run did not end in its time, not even when told to\n0 passed, 1 failed", flush=True)
    for process in list(Process.living):
        process.send(signal.SIGKILL)
    os._exit(1)


def limit(seconds):
    def late(number, frame):
        raise Failure(f"the run is not at its end after {seconds:.0f} s")

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    force = threading.Timer(seconds + LAST_S, end_by_force)
    force.daemon = True
    force.start()


def parse():
    parser = argparse.ArgumentParser(prog="run.sh")
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=270, help="events a second")
    parser.add_argument("--kafka", default="3.9.1")
    parser.add_argument("--folder", type=pathlib.Path, help="where it works; gone when all is well")
    parser.add_argument("--keep", type=pathlib.Path, help="the same, and it stays")
    parser.add_argument("--summary", type=pathlib.Path, help="the figures as JSON")
    parser.add_argument("--only", type=lambda text: text.split(","), help="faults of these kinds only: no proof, but a way to look")
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("binary", type=pathlib.Path)
    return parser.parse_args()


def place_of(options):
    folder = options.keep or options.folder
    if not folder:
        return pathlib.Path(tempfile.mkdtemp(prefix="alertbridge-chaos-"))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder.absolute()


def carry_out(run):
    """Passed and failed invariants; a run that breaks off has proved nothing."""
    try:
        return run.go()
    except Exception as error:
        run.failures.append(str(error) if isinstance(error, Failure) else traceback.format_exc())
        return 0, 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        run.stop()


def conduct(options, folder):
    """The whole run, and what is said of it: passed, failed."""
    run = Run(options, folder)
    limit(2 * 60 * options.minutes + OVERTIME_S)
    print(f"seed {options.seed}, Kafka {options.kafka}, {run.seconds:.0f} s of faults, {options.rate:g} events/s", flush=True)
    passed, failed = carry_out(run)
    for text in run.held:
        print("ok", text)
    for text in run.failures:
        print("FAIL", text)
    passed, failed = passed + len(run.held), failed + len(run.failures)
    if options.summary:
        options.summary.write_text(json.dumps(run.summary | {"passed": passed, "failed": failed}, indent=1))
    return passed, failed


def main():
    options = parse()
    if options.plan:
        print(*plan_of(options), sep="\n")
        return 0
    stay_on_loopback()
    end_on_signals()
    folder = place_of(options)
    with kept_on_failure(folder, always=options.keep) as verdict:
        passed, failed = conduct(options, folder)
        verdict.failed = failed > 0
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
