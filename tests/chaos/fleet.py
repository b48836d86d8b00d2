"""fleet.py: three places for workers, each with one life of the binary after another."""

import heapq
import os
import pathlib
import random
import resource
import signal
import subprocess
import threading
import time

from exits import CutShort
from facts import now_ms
from faults import WORKERS
from servers import Failure, catches, tail
from traffic import TARGETS
from worker import Worker

HERE = pathlib.Path(__file__).resolve().parent
RESOLVED = "backends.test"  # the name of both backends, which resolver.c resolves
STDIO = 3  # descriptors that no limit takes away
ACTIVE_WITHIN_S, FIT_WITHIN_S, UP_WITHIN_S = 3, 10, 60
FDS_MAX = 300
EXIT_CUT_SHORT, EXIT_CONFIG, WITHOUT_SECRET_S = 75, 78, 2
RENDERED_S = 1.2  # /metrics is rendered at most once a second: what is asked for then is no older than the wait
REFUSALS = tuple(f'class="{word}"' for word in ("rejected", "too_large", "auth", "config"))  # after which a batch may be halved
# A coordinator request whose connection drops in the moment in which it is sent ends the process within librdkafka, also in its
# newest version: https://github.com/confluentinc/librdkafka/issues/4605. It is one more kill -9, and told.
LIBRARY_BUG = "eonce->refcnt > 0"


class Place:
    def __init__(self, number):
        self.number, self.worker, self.life, self.leaving, self.back_s = number, None, 0, False, 0
        self.frozen, self.started_at, self.next_offset_s = False, 0, 0  # the wall clock of the next life


class Life:
    """What the history needs to know of one process."""

    def __init__(self, number, place, worker, offset_s):
        self.number, self.place, self.worker, self.offset_s = number, place, worker, offset_s


def preload(name, folder):
    library = folder / f"{name}.so"
    subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library, HERE / f"{name}.c"], check=True)
    return str(library)


class Fleet:
    """`configure(place)` gives a configuration; `facts` is where process facts go; `failures` collects what must not happen."""

    def __init__(self, world, configure, facts, failures):
        self.world, self.configure, self.facts, self.failures = world, configure, facts, failures
        self.wall_clock, self.resolver = preload("wall_clock", world.folder), preload("resolver", world.folder)
        self.unresolved = world.folder / "unresolved"
        self.places = [Place(i + 1) for i in range(WORKERS)]
        self.lives, self.later, self.lock, self.closed = [], [], threading.RLock(), False
        self.secret_cut = (0, 0)  # when a secret file was empty the last time: who starts then says so and ends
        self.rdkafka_aborts = self.without_secret = 0
        self.exits, self.left_s = {}, []  # after SIGTERM: codes, and the seconds until then
        self.cut_short = []  # those that one signal did not bring to the end of their drain

    # ---- lives ----

    def start(self, place):
        offset_s, place.next_offset_s = place.next_offset_s, 0
        life = len(self.lives) + 1
        label = f"w{place.number}-{life}"
        config = self.configure(place.number, label)
        env = dict(os.environ) | {"RESOLVER_NAME": RESOLVED, "RESOLVER_FAULT": str(self.unresolved), "LD_PRELOAD": self.resolver}
        if offset_s:
            env |= {"LD_PRELOAD": f"{self.wall_clock}:{self.resolver}", "WALL_CLOCK_OFFSET_S": str(offset_s)}
        self.facts.add("started", worker=life)
        self.facts.add("clock", worker=life, target=-1, number=1000 * offset_s)
        place.started_at = time.monotonic()
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
        if place.leaving:
            self.exits[code] = self.exits.get(code, 0) + 1
        if code == -signal.SIGABRT and LIBRARY_BUG in tail(place.worker.log):
            self.rdkafka_aborts += 1
        elif self.met_no_secret(place, code):
            self.without_secret += 1
            place.back_s = WITHOUT_SECRET_S
        elif place.leaving and code == EXIT_CUT_SHORT:
            self.note_cut_short(place.worker)
        elif not (place.leaving and code == 0):
            why = " after SIGTERM" if place.leaving else ""
            self.failures.append(f"worker {place.worker.log.name} ended with {code}{why}")
        self.stopped(place, "drained" if code == 0 else "forced", place.back_s)

    def note_cut_short(self, worker):
        if worker.signals == 1:
            log = worker.log.read_bytes()
            self.cut_short.append(CutShort(worker.log.name, worker.told_at_ms, now_ms(), log, worker.drain_s))

    def met_no_secret(self, place, code):
        begun, ended = self.secret_cut
        return code == EXIT_CONFIG and place.started_at <= ended and time.monotonic() >= begun > 0

    # ---- what can happen ----

    def some_place(self, number, fit):
        """The place of the schedule, else the next one in which a worker is fit for it."""
        for i in range(WORKERS):
            place = self.places[(number - 1 + i) % WORKERS]
            if place.worker and place.worker.runs() and fit(place):
                return place
        return None

    @staticmethod
    def goes_on(place):
        """Nobody else takes a place that is frozen: it is to stand still to its end."""
        return not place.frozen

    def kill(self, worker, back_s, busy=lambda: True, fit=None):
        """As soon as calls are going out: a worker that has nothing under way has nothing to lose."""
        deadline = time.monotonic() + ACTIVE_WITHIN_S
        while time.monotonic() < deadline and not busy():
            self.tick()
            time.sleep(0.005)
        try:
            place = self.wait_for(worker, fit or self.goes_on, FIT_WITHIN_S)
        except Failure:
            place = self.wait_for(worker, self.goes_on)
        with self.lock:
            place.worker.kill()
            self.stopped(place, "killed", back_s)
        return place

    @staticmethod
    def has_work(place):
        try:
            return not place.frozen and not place.leaving and place.worker.assigned() > 0
        except (Failure, OSError):
            return False

    def wait_for(self, worker, fit, seconds=UP_WITHIN_S):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.tick()
            place = self.some_place(worker, fit)
            if place:
                return place
            time.sleep(0.01)
        raise Failure(f"no worker is up and fit for it for {seconds} s")

    def term(self, worker, back_s):
        """Not before its first lines have run: until then a signal does what the system says."""
        place = self.wait_for(
            worker, lambda place: not place.leaving and not place.frozen and catches(place.worker.pid, signal.SIGTERM)
        )
        place.leaving, place.back_s, place.worker.signals, place.worker.told_at_ms = True, back_s, 1, now_ms()
        threading.Thread(target=self.time_end, args=(place.worker, time.monotonic()), daemon=True).start()
        place.worker.send(signal.SIGTERM)
        return place

    def time_end(self, worker, begun):
        """Of one signal, and nothing else that ends it."""
        if worker.child.wait() >= 0 and worker.signals == 1:
            self.left_s.append(time.monotonic() - begun)

    def term_twice(self, worker, back_s):
        """The second comes while the first is at work."""
        place = self.term(worker, back_s)
        process = place.worker
        time.sleep(random.uniform(0, 0.03))
        with self.lock:
            if place.worker is process and process.runs():
                process.signals = 2
                process.send(signal.SIGTERM)
        return place

    def descriptors(self, worker, for_s, reset):
        """It can open nothing more, and what it had is reset: how often it said so."""
        place = self.wait_for(worker, lambda place: not place.leaving and not place.frozen)
        mark, pid = self.mark(), place.worker.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (STDIO, before[1]))
        reset(place.number)
        time.sleep(for_s)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        return self.said("Too many open files", mark)

    def clock(self, worker, offset_s):
        """Killed, and back with a wall clock that is off."""
        place = self.wait_for(worker, self.goes_on)
        with self.lock:
            place.worker.kill()
            self.stopped(place, "killed", 0.1)
            place.next_offset_s = offset_s
        return place

    def freeze(self, worker, for_s, lasted):
        """`lasted()` once it stood still to the end."""
        place = self.wait_for(worker, lambda place: not place.frozen and not place.leaving)
        process = place.worker
        place.frozen = True
        self.facts.add("frozen", worker=place.life, number=int(for_s * 1000))
        process.send(signal.SIGSTOP)

        def thaw():
            process.send(signal.SIGCONT)
            if place.worker is process:
                place.frozen = False
                lasted()

        self.call(for_s, thaw)
        return place

    # ---- what they say ----

    def mark(self):
        """Where their logs end now."""
        with self.lock:
            return len(self.lives), {place.life: place.worker.log.stat().st_size for place in self.places if place.worker}

    def said(self, text, mark):
        """How often a text was logged since then."""
        n, ends = mark
        with self.lock:
            logs = {life.worker.log: ends.get(life.number, 0) for life in self.lives if life.number > n or life.number in ends}
        found = 0
        for log, at in logs.items():
            with open(log, "rb") as file:
                file.seek(at)
                found += file.read().count(text.encode())
        return found

    def totals(self, metric, holding=""):
        """Life -> value, of those that answer."""
        found = {}
        for place in self.places:
            worker, life = place.worker, place.life
            if worker and not place.frozen:
                try:
                    found[life] = worker.metric(metric, holding)
                except (Failure, OSError):
                    continue
        return found

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
                self.left_s.append(took[-1])
                self.facts.add("stopped", worker=place.life, word="drained", flags=1)
            except Failure as failure:
                self.failures.append(str(failure))
            place.worker = None
        return took


def by_target(told, name, target, words=("",)):
    """The sum of a metric over the labels that hold that target and one of these words."""
    values = told["alertbridge_" + name]
    return int(sum(v for labels, v in values if f'target="{target}"' in labels and any(word in labels for word in words)))


class Scraper(threading.Thread):
    """Reads /metrics of whoever is up, and says what must add up."""

    def __init__(self, fleet, facts, secrets):
        """`secrets()`: all of them so far."""
        super().__init__(daemon=True)
        self.fleet, self.facts, self.secrets = fleet, facts, secrets
        self.over, self.n, self.searched = threading.Event(), 0, 0

    def run(self):
        while not self.over.wait(0.5):
            for place in self.fleet.places:
                worker, life = place.worker, place.life
                if worker and not place.frozen:
                    try:
                        self.scrape(worker, life)
                    except (Failure, OSError, ValueError):
                        continue

    def count(self):
        """Of whoever is up, when nothing is under way: as many re-sends are counted as the log announces, all of them to backends
        that do not filter repeats."""
        time.sleep(RENDERED_S)
        for place in self.fleet.places:
            told = place.worker.metrics()
            for i, target in enumerate(TARGETS):
                if target.startswith("soar"):
                    number = by_target(told, "possible_duplicates_total", target)
                    self.facts.add("counted", worker=place.life, target=i, word="resend", number=number)

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
        for target in TARGETS:
            splits, refusals = by_target(told, "batch_splits_total", target), by_target(told, "calls_total", target, REFUSALS)
            self.facts.add("gauged", at, worker=life, word="halved", number=splits, limit=refusals)
        text = repr(told)
        self.searched += len(text)
        for name, secret in self.secrets().items():
            if secret in text:
                self.facts.add("spilt", at, worker=life, target=-1, word=name, other="metrics")
