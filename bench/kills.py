"""kills.py: the work of bench/kills; that file says how to call it."""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import time

from kills_group import Group
from kills_report import table
from place import KAFKA_VERSION, ROOT, TITLES, Place, fail, say
from report import commit_of_tree, libraries, machine, write_between, write_json
from workers import WORKERS, chosen, peers_of

RUN_SECONDS_MAX = 900
QUIET_SECONDS_MAX = 150     # more than a session with Kafka (45 s where it cannot be set) and a lease
IDS_A_QUESTION = 20000
MARKS = "<!-- peer-kills -->", "<!-- /peer-kills -->"


def moments(seed, kills):
    """Shares of the events that have come when the worker is killed: one in each of equal parts of the middle of the run."""
    dice = random.Random(seed)
    return [round(0.1 + 0.8 * (i + dice.random()) / kills, 4) for i in range(kills)]


def id_at_backend(worker, job, event_id):
    """The SOAR call carries the number of the incident or alert in place of the event's id; `produce` numbers them alike."""
    if job == "j1" and worker.announces:
        return event_id.replace("inc-", "incident-", 1).replace("alr-", "alert-", 1)
    return event_id


class Running:
    """A worker that is killed and started again; its logs are one file."""

    def __init__(self, place, worker, job, topic, group):
        self.command = [str(part) for part in worker.command(place, job, topic, group)]
        self.log = place.folder / f"{group}.log"
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def expect_running(self):
        if self.process.poll() is not None:
            fail(f"it ended by itself with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()

    def announced(self):
        """Ids that it said it would send again in doubt: code AB5107."""
        found = set()
        for line in self.log.read_bytes().split(b"\n"):
            if b'"AB5107"' in line:
                found.add(json.loads(line)["message_id"])
        return found


def times_of(place, ids):
    """How many of the ids never reached the backend, and how many more than once."""
    ids, never, again = sorted(ids), 0, 0
    for at in range(0, len(ids), IDS_A_QUESTION):
        told = place.sink_says("/times", "".join(f"{i}\n" for i in ids[at:at + IDS_A_QUESTION]).encode())
        never, again = never + told["never"], again + told["again"]
    return never, again


def kill_at(place, running, shares, distinct):
    """Kills and starts it again each time that so many events have come. The moments, in seconds from the first call on."""
    at_s = []
    for share in shares:
        until = time.monotonic() + RUN_SECONDS_MAX
        while (stats := place.sink_says())["distinct"] < share * distinct:
            running.expect_running()
            if time.monotonic() > until:
                fail(f"only {stats['distinct']} of {distinct} events came in {RUN_SECONDS_MAX} s")
            time.sleep(0.005)
        running.kill()
        at_s.append(round((stats["last_us"] - stats["first_us"]) / 1e6, 2))
        running.start()
    return at_s


def wait_for_the_end(place, running, group):
    """Until all is committed, or nothing moves any more; returns the lag."""
    until, last, moved = time.monotonic() + RUN_SECONDS_MAX, time.monotonic(), None
    while True:
        running.expect_running()
        now = group.lag(), place.sink_says()["calls"]
        if now != moved:
            last, moved = time.monotonic(), now
        if now[0] == 0 or time.monotonic() > until or time.monotonic() - last > QUIET_SECONDS_MAX:
            return now[0]
        time.sleep(0.25)


def one_run(place, worker, job, topic, ids, shares, name):
    place.redis.begin()
    place.sink_says("/reset")
    group = Group(place.brokers, topic, name)
    began = time.monotonic()
    running = Running(place, worker, job, topic, name)
    try:
        at_s = kill_at(place, running, shares, len(ids))
        lag = wait_for_the_end(place, running, group)
        seconds = time.monotonic() - began
        running.stop()
    finally:
        running.kill()
    at_backend = {i: id_at_backend(worker, job, i) for i in ids}
    never, again = times_of(place, at_backend.values())
    held = group.held() if worker.announces else set()
    held_never, _ = times_of(place, [at_backend[i] for i in held])
    announced = running.announced() if worker.announces else set()
    unannounced = again - times_of(place, [at_backend[i] for i in announced])[1]    # came twice, and nothing had said so
    if place.sink_says()["distinct"] != len(ids) - never:
        fail(f"{worker.name}: the backend saw ids that nobody produced")
    return {
        "events": OPTIONS.events, "distinct": len(ids), "kills": len(shares), "killed_at_s": at_s,
        "lost": never - held_never, "doubled": again, "held": len(held), "announced": len(announced),
        "unannounced": unannounced, "lag": lag, "seconds": round(seconds, 1),
    }


def measure(place, worker, job, topic, ids):
    shares = moments(OPTIONS.seed, OPTIONS.kills)
    name = "".join(c if c.isalnum() else "-" for c in f"{worker.name}-{job}").lower()
    result = {"worker": worker.name, "job": job}
    if not OPTIONS.smoke:
        result["calm"] = one_run(place, worker, job, topic, ids, [], name + "-calm")
    result["killed"] = one_run(place, worker, job, topic, ids, shares, name + "-killed")
    for kind in ("calm", "killed"):
        if kind in result:
            say(f"  {job} {worker.name:18} " + ", ".join(f"{name} {value}" for name, value in result[kind].items()))
    return result


def faults(result):
    """Of this worker only; how others fare is told, not judged."""
    ours = {worker.name for worker in WORKERS if worker.announces}
    if not result["rows"]:
        yield "nothing was measured"
    for row in result["rows"]:
        for kind in ("calm", "killed") if row["worker"] in ours else ():
            for what in ("lost", "unannounced", "lag"):
                if kind in row and row[kind][what]:
                    yield f"{row['job']} {row['worker']}, {kind}: {what} {row[kind][what]}"


def read_options():
    parser = argparse.ArgumentParser(prog="bench/kills", description=__doc__.splitlines()[0])
    release = ROOT / "build" / "release"
    parser.add_argument("--events", type=int)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=lambda text: text.split(","), help="names of workers")
    parser.add_argument("--jobs", type=lambda text: text.split(","), default=["j1", "j2"])
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--binary", type=pathlib.Path, default=release / "alertbridge")
    parser.add_argument("--sink", type=pathlib.Path, default=release / "sink")
    parser.add_argument("--json", type=pathlib.Path, default=ROOT / "build" / "bench" / "kills.json")
    parser.add_argument("--markdown", type=pathlib.Path, help="document whose table is written anew")
    parser.add_argument("--from", dest="source", type=pathlib.Path, help="measure nothing, take this JSON")
    options = parser.parse_args()
    options.events = options.events or (20000 if options.smoke else 200000)
    if options.smoke and options.only is None:
        options.only = ["alertbridge"]
    if not options.source and not options.list:
        for program in (options.binary, options.sink):
            if not os.access(program, os.X_OK):
                parser.error(f"{program} is not there; build it first")
    return options


def measure_all():
    result = {"events": OPTIONS.events, "seed": OPTIONS.seed, "kills": OPTIONS.kills, "commit": commit_of_tree(),
              "moments": moments(OPTIONS.seed, OPTIONS.kills), "machine": machine(), "kafka": KAFKA_VERSION,
              "libraries": libraries(OPTIONS.binary), "peers": peers_of(chosen(OPTIONS.only)), "rows": []}
    say(f"seed {OPTIONS.seed}: killed when these shares of the events have come: {result['moments']}")
    with Place(OPTIONS.binary, OPTIONS.sink) as place:
        result["redis"] = place.redis.version()
        for job in OPTIONS.jobs:
            say(TITLES[job])
            topic, distinct = place.fill(job, OPTIONS.events, OPTIONS.seed, "--ids", place.folder / f"{job}.ids")
            ids = [line.split("\t")[0] for line in (place.folder / f"{job}.ids").read_text().splitlines()]
            if len(set(ids)) != distinct:
                fail(f"produce wrote {len(set(ids))} ids and says {distinct}")
            for worker in chosen(OPTIONS.only):
                if job in worker.jobs:
                    result["rows"].append(measure(place, worker, job, topic, ids))
    return result


def main():
    if OPTIONS.list:
        print("\n".join(f"{worker.name} ({', '.join(worker.jobs)}): {worker.setup}" for worker in WORKERS))
        return 0
    result = json.loads(OPTIONS.source.read_text()) if OPTIONS.source else measure_all()
    text = table(result)
    print(text)
    if not OPTIONS.source:
        write_json(OPTIONS.json, result)
    if OPTIONS.markdown:
        write_between(OPTIONS.markdown, *MARKS, text)
    found = list(faults(result))
    for fault in found:
        say("bench/kills: " + fault)
    return 1 if found else 0


OPTIONS = read_options()
sys.exit(main())
