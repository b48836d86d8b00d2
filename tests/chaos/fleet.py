"""fleet.py: three places for workers, each with one life of the binary after another."""

import heapq
import os
import pathlib
import random
import signal
import subprocess
import threading
import time

from facts import now_ms
from harness import Worker
from schedule import WORKERS
from servers import Failure

WALL_CLOCK = pathlib.Path(__file__).resolve().parent / "wall_clock.c"
ADMIN_SECONDS = 1.5
ACTIVE_WITHIN_S = 3
FDS_MAX = 300


class Place:
    def __init__(self, number):
        self.number, self.worker, self.life, self.leaving, self.back_s = number, None, 0, False, 0
        self.frozen, self.next_offset_s = False, 0  # the wall clock of the next life


class Life:
    """What the history needs to know of one process."""

    def __init__(self, number, place, worker, offset_s):
        self.number, self.place, self.worker, self.offset_s = number, place, worker, offset_s


class Fleet:
    """`configure(place)` gives a configuration; `facts` is where process facts go; `failures` collects what must not happen."""

    def __init__(self, world, configure, facts, failures):
        self.world, self.configure, self.facts, self.failures = world, configure, facts, failures
        self.wall_clock = world.folder / "wall_clock.so"
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", self.wall_clock, WALL_CLOCK], check=True)
        self.places = [Place(i + 1) for i in range(WORKERS)]
        self.lives, self.later, self.lock, self.exits, self.closed = [], [], threading.RLock(), {}, False

    # ---- lives ----

    def start(self, place):
        offset_s, place.next_offset_s = place.next_offset_s, 0
        life = len(self.lives) + 1
        label = f"w{place.number}-{life}"
        config = self.configure(place.number, label)
        env = dict(os.environ)
        if offset_s:
            env |= {"LD_PRELOAD": str(self.wall_clock), "WALL_CLOCK_OFFSET_S": str(offset_s)}
        self.facts.add("started", worker=life)
        place.worker = Worker(self.world.binary, self.world.folder, label, config, env)
        place.life, place.leaving, place.frozen = life, False, False
        self.lives.append(Life(life, place.number, place.worker, offset_s))

    def start_all(self):
        for place in self.places:
            self.start(place)

    def stopped(self, place, word, back_s):
        self.facts.add("stopped", worker=place.life, word=word)
        place.worker = None
        self.call(back_s, lambda: self.start(place))

    def call(self, after_s, action):
        heapq.heappush(self.later, (time.monotonic() + after_s, random.random(), action))

    def tick(self):
        """Does what is due, and looks who has ended."""
        with self.lock:
            if self.closed:
                return
            while self.later and self.later[0][0] <= time.monotonic():
                heapq.heappop(self.later)[2]()
            for place in self.places:
                if place.worker and not place.worker.runs():
                    self.ended(place)

    def ended(self, place):
        code = place.worker.wait(5)
        self.exits[code] = self.exits.get(code, 0) + 1
        if not (place.leaving and code in (0, 75)):
            why = " after SIGTERM" if place.leaving else ""
            self.failures.append(f"worker {place.worker.log.name} ended with {code}{why}")
        self.stopped(place, "drained" if code == 0 else "forced", place.back_s)

    # ---- what can happen ----

    def some_place(self, number, fit):
        """The place of the schedule, else the next one in which a worker is fit for it."""
        for i in range(WORKERS):
            place = self.places[(number - 1 + i) % WORKERS]
            if place.worker and place.worker.runs() and fit(place):
                return place
        return None

    def kill(self, worker, back_s, busy=lambda: True):
        """As soon as calls are going out: a worker that has nothing under way has nothing to lose."""
        deadline = time.monotonic() + ACTIVE_WITHIN_S
        while time.monotonic() < deadline and not busy():
            self.tick()
            time.sleep(0.005)
        place = self.wait_for(worker, lambda place: True)
        with self.lock:
            place.worker.kill()
            self.stopped(place, "killed", back_s)
        return place

    def wait_for(self, worker, fit):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            self.tick()
            place = self.some_place(worker, fit)
            if place:
                return place
            time.sleep(0.01)
        raise Failure("no worker is up for 30 s")

    def term(self, worker, back_s):
        place = self.wait_for(worker, lambda place: not place.leaving and not place.frozen)
        place.leaving, place.back_s = True, back_s
        place.worker.send(signal.SIGTERM)
        return place

    def clock(self, worker, offset_s):
        """Killed, and back with a wall clock that is off."""
        place = self.wait_for(worker, lambda place: True)
        with self.lock:
            place.worker.kill()
            self.stopped(place, "killed", 0.1)
            place.next_offset_s = offset_s
        return place

    def freeze(self, worker, for_s):
        place = self.wait_for(worker, lambda place: not place.frozen and not place.leaving)
        process = place.worker
        place.frozen = True
        self.facts.add("frozen", worker=place.life, number=int(for_s * 1000))
        process.send(signal.SIGSTOP)

        def thaw():
            process.send(signal.SIGCONT)
            if place.worker is process:
                place.frozen = False

        self.call(for_s, thaw)
        return place

    # ---- the end ----

    def settle(self):
        """All are up again, and nothing is due any more."""
        while self.later or not all(place.worker and place.worker.runs() and not place.leaving for place in self.places):
            self.tick()
            time.sleep(0.02)

    def leave(self):
        """All by SIGTERM; the seconds that each took."""
        took = []
        with self.lock:
            self.closed = True
        for place in self.places:
            try:
                took.append(place.worker.leave())
                self.facts.add("stopped", worker=place.life, word="drained", flags=1)
            except Failure as failure:
                self.failures.append(str(failure))
            place.worker = None
        return took


class Scraper(threading.Thread):
    """Reads /metrics of whoever is up, and says what must add up."""

    def __init__(self, fleet, facts, secrets, failures):
        super().__init__(daemon=True)
        self.fleet, self.facts, self.secrets, self.failures = fleet, facts, secrets, failures
        self.over, self.totals, self.n = threading.Event(), {}, 0

    def run(self):
        while not self.over.wait(0.5):
            for place in self.fleet.places:
                worker, life = place.worker, place.life
                if worker and not place.frozen:
                    try:
                        self.scrape(worker, life)
                    except (Failure, OSError, ValueError):
                        continue

    def scrape(self, worker, life):
        told = worker.metrics()
        self.n += 1
        at, sums = now_ms(), {}
        for name, word in (("opened_total", "opened"), ("terminal_total", "accounted"), ("inflight", "accounted")):
            for labels, value in told["alertbridge_deliveries_" + name]:
                target = next((part[8:-1] for part in labels.split(",") if part.startswith('target="')), "")
                for key in (target, "") if target else ("",):
                    sums.setdefault(key, {"opened": 0, "accounted": 0})[word] += value
        one = sums.get("")
        if one:
            self.facts.add("gauged", at, worker=life, word="opened", number=int(one["opened"]), limit=int(one["accounted"]))
        for word, name, limit in (
            ("bytes", "alertbridge_window_bytes", sum(v for _, v in told["alertbridge_window_limit_bytes"])),
            ("fds", "process_open_fds", FDS_MAX),
        ):
            self.facts.add("gauged", at, worker=life, word=word, number=int(sum(v for _, v in told[name])), limit=int(limit))
        self.totals[life] = {name: sum(v for _, v in values) for name, values in told.items()}
        text = repr(told)
        self.failures += [f"a secret stands in the metrics of life {life}" for secret in self.secrets if secret in text]
