"""scenario.py: what is tortured: a handful of records through `alertbridge run`, and the short commands; and how each is judged."""

import collections
import contextlib
import datetime
import http.client
import itertools
import json
import pathlib
import re
import signal
import subprocess
import time

from confluent_kafka import Consumer, Producer, TopicPartition

from events import encode, event, shown_to
from servers import QUIET, Failure, expect, tail
from sites import where
from worker import Worker
from world import World

HANG_S, STICKY_S, GONE_S, READY_S = 40, 2.5, 25, 5  # to finish; under a failure that stays; after SIGTERM; to be ready
POISON = "poison-torture"
BROKEN = (b"AddressSanitizer", b"runtime error:", b"broken invariant", b"LeakSanitizer")
# Exit codes: what ends the process at once; what a start, or a command, is refused says by its code which part it was; a
# descriptor is no setting (78).
ENDS = {"alloc": {71}, "thread": {71}}
REFUSED = {0, 66, 69, 70, 71, 74, 75, 78}
AT_WORK = {70, 75}  # of these, what does not come before there is work
# What fails once does not end a worker that is ready, and answers of others do not end it at any time. But for these, by function
# and file: a group that waits for an assignment would read nothing, and nobody would see; a signal that cannot be handed to the
# loop would be lost.
ANSWERS = ("redis", "curl", "poll")
ENDS_ONCE = {("rd_kafka_assign", "bridge/io/kafka_group.c"): {70}, ("write", "bridge/cmd/run.c"): {75}}
OF_FILES = ("open", "open64", "fopen", "fopen64", "opendir", "access", "fstat", "fstat64")
HIDES = ("curl", "read", "write")  # faults behind which the answer to a call may stand
ALSO = {"kafka": {64}, "redis": {77}}  # short commands: librdkafka refuses what --property said; Redis the credentials


class Fault:
    """One failure to make: of the kind, the n-th of all or of one site. It says itself what it is, to be made again."""

    def __init__(self, kind, n=1, site=None, how=None, sticky=False):
        self.kind, self.n, self.site, self.how, self.sticky = kind, n, site, how, sticky

    def env(self):
        env = {"TORTURE_KIND": self.kind, "TORTURE_N": str(self.n)}
        if self.site:
            env["TORTURE_SITE"] = self.site
        if self.how:
            env["TORTURE_HOW"] = self.how
        if self.sticky:
            env["TORTURE_STICKY"] = "1"
        return env

    def __str__(self):
        return ":".join(
            [self.kind, str(self.n), self.site or "", "sticky" if self.sticky else "once", *([self.how] if self.how else [])]
        )

    @classmethod
    def parse(cls, text):
        kind, n, site, sticky, *how = text.split(":", 4)
        return cls(kind, int(n), site or None, how[0] if how else None, sticky == "sticky")


class Seen:
    """What one start told by TORTURE_REPORT."""

    def __init__(self, path):
        self.sites, self.failed, self.failed_ms, self.totals = set(), None, 0, {}
        for line in path.read_text().splitlines() if path.exists() else ():
            word, kind, function, address = line.split()
            if word == "site":
                self.sites.add((kind, function, address))
            elif word == "failed":
                self.failed = (kind, function, address)
            elif word == "moment":
                self.failed_ms = int(address, 16)
            elif word == "total":
                self.totals[kind] = int(address, 16)


class Start:
    """One start of the program: under a fault, or undisturbed."""

    def __init__(self, fault, label):
        self.fault, self.label, self.code, self.log, self.seen = fault, label, None, b"", Seen(pathlib.Path("/nowhere"))

    def was_ready(self):
        """When it failed."""
        told = re.search(rb'"ts":"([^"]+)"[^\n]*"code":"AB8102"', self.log)
        if not told:
            return False
        ready = datetime.datetime.fromisoformat(told[1].decode().replace("Z", "+00:00"))
        return self.seen.failed_ms > 1000 * ready.timestamp()

    def codes(self):
        """With which a command, or a start that was not ready yet, may end."""
        if not self.seen.failed:
            return {0}
        kind, function, _ = self.seen.failed
        if kind == "fd" and function not in OF_FILES:
            return {0, 69, 71}
        return ENDS.get(kind, REFUSED)

    def codes_of_worker(self, binary):
        if not self.seen.failed or self.fault.sticky or self.fault.kind in ENDS:
            return self.codes()
        _, function, address = self.seen.failed
        _, file, _ = where(binary, [address])[address]
        ends = ENDS_ONCE.get((function, file), set())
        if self.fault.kind in ANSWERS or self.was_ready():
            return {0} | ends
        return self.codes() - AT_WORK | ends

    def judge(self, allowed):
        """No crash, no report of a sanitizer, an exit code that fits; and a word about why, where it is not 0."""
        kind = self.fault.kind if self.fault else None
        what = f"{self.fault or 'undisturbed'}: exit {self.code}"
        for words in BROKEN:
            expect(words not in self.log, f"{what}: {words.decode()}\n{last_lines(self.log)}")
        expect(self.code in allowed, f"{what}, not one of {sorted(allowed)}\n{last_lines(self.log)}")
        if self.code and not (kind == "write" and self.fault.sticky):  # nor can the log be written
            told = re.search(rb'"level":"(error|warning)"|^\S+ (error|warning) |alertbridge[^\n]*: |^\S+:(\d+:\d+:)? ', self.log, re.M)
            expect(told, f"{what}, and nothing says why\n{last_lines(self.log)}")
        if self.code == 71 and kind == "alloc":
            expect(b"out of memory" in self.log, f"{what}, and nothing says that memory was out\n{last_lines(self.log)}")


def last_lines(log, n=12):
    return b"\n".join(log.splitlines()[-n:]).decode(errors="replace")


class Lane:
    """One worker after another on topics of their own: records are written, a start fails somewhere, a later one ends the work."""

    def __init__(self, bench, number, store):
        self.bench, self.store = bench, store
        self.world = World(bench.servers, f"lane{number}-{store}", partitions=1, sim=False)
        self.world.sim = bench.sim
        self.topic = TopicPartition(self.world.topic, 0)
        self.producer = Producer({"bootstrap.servers": self.world.kafka.brokers, "linger.ms": 0, **QUIET})
        self.consumer = Consumer(
            {
                "bootstrap.servers": self.world.kafka.brokers,
                "group.id": self.world.group,
                "enable.auto.commit": False,
                **QUIET,
            }
        )
        self.rounds, self.starts, self.expected, self.letters, self.letters_at = 0, [], set(), [], 0
        self.label = 0

    # ---- the scenario ----

    def write(self):
        """A handful: a batch of notices, incidents for SOAR, a repeat, one that cannot be read, one that is refused."""
        self.rounds += 1
        name = f"{self.world.name}-{self.rounds}"
        incident, large, refused = event(name, 1), event(name, 4), event(f"{POISON}-{name}", 6, "notice")
        large["data"] = {"text": "x" * 20000}
        good = [
            encode([event(name, 2), large], "array"),
            encode([event(name, 8)], "binary"),
            encode([incident], "json"),
            encode([incident], "msgpack"),
            encode([event(name, 3)], "structured"),
        ]
        bad = [encode([refused], "json"), encode([event(name, 14)], "json")]
        bad[1].value = b'{"v":1,"id":"broken'
        self.expected = {key for record in good for made in record.events for key in shown_to(made)}
        self.letters, failed = [], []
        for record in (good[0], bad[0], good[1], good[2], bad[1], good[3], good[4]):
            self.producer.produce(
                self.topic.topic, record.value, record.key, headers=record.headers, partition=0, on_delivery=self.told(record, failed)
            )
        expect(self.producer.flush(30) == 0 and not failed, f"producing failed: {failed}")
        self.letters = [record.offset for record in bad]
        self.letters_at = self.end(self.world.dead)

    @staticmethod
    def told(record, failed):
        def on_delivery(error, message):
            failed.extend([error] if error else [])
            record.offset = message.offset()

        return on_delivery

    def end(self, topic):
        return self.consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10, cached=False)[1]

    def committed(self):
        return self.consumer.committed([self.topic], timeout=10)[0].offset

    def config(self):
        quick = {
            "retry": {"base": "20ms", "max": "200ms"},
            "breaker": {"failures": 5, "every": "200ms"},
            "call_timeout": "1s",
            "claim_lease": "3s",
            "connect_timeout": "500ms",
        }
        config = self.world.config(soar=quick | {"concurrency": 4}, notice=quick)
        config["kafka"]["instance_id"] = self.world.name
        config["redis"]["timeout"] = "300ms"
        config["shutdown"] = {"drain": "5s"}
        config["limits"] = {"window_records": 1000, "window_bytes": "4MiB"}
        if self.store == "memory":
            config["redis"]["url"] = "memory:"
        else:
            config["redis"]["url"] = config["redis"]["url"].replace("127.0.0.1", "localhost")
        return config

    # ---- a start ----

    def start(self, fault):
        """Runs until the work is done, or the program ended by itself, or too long. True when the work is done.

        Carried out is not yet done where a fault hid the answer to a call: whoever comes next has to ask again."""
        self.label += 1
        start = Start(fault, f"s{self.label}")
        self.starts.append(start)
        report = self.world.folder / f"{start.label}.report"
        env = self.bench.env(report, fault) if fault or self.label == 1 else None
        worker = Worker(self.world.binary, self.world.folder, start.label, self.config(), env)
        begun = time.monotonic()
        stays = fault is not None and fault.sticky
        bound, done, left = STICKY_S if stays else HANG_S, False, False
        while worker.runs():
            done = done or self.is_done()
            late = time.monotonic() - begun > bound
            if (done and (worker.count("AB8102") or time.monotonic() - begun > READY_S) or late) and not left:
                left = self.look(worker)
                worker.send(signal.SIGTERM)
                begun, bound = time.monotonic(), GONE_S
            elif late:
                worker.kill()
                raise Failure(f"{fault}: the program hangs\n{tail(worker.log)}")
            time.sleep(0.02)
        start.code, start.log, start.seen = worker.wait(1), worker.log.read_bytes(), Seen(report)
        start.judge(start.codes_of_worker(self.bench.binary))
        expect(done or not left or stays, f"{fault or 'undisturbed'}: not done within {HANG_S} s\n{last_lines(start.log, 30)}")
        hidden = fault is not None and fault.kind in HIDES and self.committed() < self.end(self.topic.topic)
        return done and start.code == 0 and not hidden

    def is_done(self):
        """What a first start carries out it commits as it leaves; a later one may find all carried out and must read it first."""
        if len(self.starts) > 1:
            return self.committed() == self.end(self.topic.topic)
        return self.expected <= self.bench.carried_out() and self.end(self.world.dead) >= self.letters_at + len(self.letters)

    def look(self, worker):
        """Somebody asks how it is; an answer is not owed under a fault."""
        for path in ("/metrics", "/readyz", "/none"):
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                worker.get(path)
        return True

    # ---- a round ----

    def round(self, faults):
        """Records, then starts under these faults until one of them finishes the work, else an undisturbed one. Returns the rest."""
        self.starts = []
        self.write()
        faults = list(faults)
        done = False
        while faults and not done:
            done = self.start(faults.pop(0))
        if not done:
            expect(self.start(None), "an undisturbed start does not finish the work")
        self.judge()
        return faults

    def judge(self):
        """Nothing lost, no notice twice, second executions at SOAR announced, dead letters there, offsets at the end.

        A reply "nil" that is not true says of one key that it is free: of one claim, and so of one execution, nobody can know better."""
        expect(self.committed() == self.end(self.topic.topic), f"committed {self.committed()} of {self.end(self.topic.topic)}")
        letters = self.read_letters()
        held = {event_id for _, reason, event_id in letters if reason == "unconfirmed" and self.is_sticky()}
        lies = sum(start.fault is not None and start.fault.how == "nil" and start.seen.failed is not None for start in self.starts)
        for key in self.expected:
            times = self.bench.times(key)
            if isinstance(key, tuple):
                expect(len(times) == 1, f"{key} was shown {len(times)} times")
                continue
            expect(times or key in held, f"{key} was never carried out")
            if self.store != "memory":
                told = sum(self.announced(start.log, key) for start in self.starts)
                lies -= max(0, len(times) - 1 - told)
                expect(lies >= 0, f"{key} was carried out {len(times)} times, and {told} were announced")
        found = collections.Counter(offset for offset, _, event_id in letters if event_id not in held)
        expect(set(found) == set(self.letters), f"dead letters of the offsets {dict(found)}, not of {self.letters}")
        expect(max(found.values()) <= len(self.starts), f"dead letters {dict(found)} in {len(self.starts)} starts")

    def is_sticky(self):
        """A call that is in doubt again and again is held in the end: max_ambiguous."""
        return any(start.fault and start.fault.sticky for start in self.starts)

    @staticmethod
    def announced(log, key):
        return sum(b'"AB5107"' in line and json.dumps(key).encode() in line for line in log.splitlines())

    def read_letters(self):
        end = self.end(self.world.dead)
        self.consumer.assign([TopicPartition(self.world.dead, 0, self.letters_at)])
        found, deadline = [], time.monotonic() + 10
        while len(found) < end - self.letters_at and time.monotonic() < deadline:
            message = self.consumer.poll(0.2)
            if message is not None and not message.error():
                told = {name: value.decode() for name, value in message.headers() if name.startswith("alertbridge-")}
                found.append((int(told["alertbridge-offset"]), told["alertbridge-reason"], told.get("alertbridge-id")))
        self.consumer.unassign()
        return found


class Command:
    """A short command under a fault: an exit code that fits and a word why; undisturbed it ends with 0."""

    def __init__(self, bench, name, words, feed=b""):
        self.bench, self.name, self.words, self.feed = bench, name, words, feed
        self.folder = bench.folder / f"command-{name}"
        self.folder.mkdir()
        self.labels = itertools.count(1)

    def tried(self, fault):
        """What was wrong with it, or None."""
        try:
            self.start(fault)
        except Failure as failure:
            return str(failure)

    def start(self, fault):
        start = Start(fault, f"s{next(self.labels)}")
        report = self.folder / f"{start.label}.report"
        try:
            ended = subprocess.run(
                [self.bench.binary, *self.words],
                input=self.feed,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self.bench.env(report, fault),
                timeout=HANG_S,
            )
        except subprocess.TimeoutExpired as hangs:
            raise Failure(f"{self.name} {fault}: the program hangs\n{last_lines(hangs.stdout or b'')}") from None
        start.code, start.log, start.seen = ended.returncode, ended.stdout, Seen(report)
        self.bench.results.add([start])
        start.judge(start.codes() | (ALSO.get(fault.kind, set()) if fault else set()))
        return start
