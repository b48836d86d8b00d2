"""harness.py: one scenario's world: its topics, group, Redis prefix, simulator and workers, and how it is judged."""

import collections
import json
import os
import re
import signal
import time
import urllib.error

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from events import shown_to
from servers import Failure, Process, Sim, expect, free_port, tail, urlopen, wait_until

QUIET = {"log_level": 3, "logger": __import__("logging").getLogger("kafka")}
SESSION_MS = 2000


class Ledger:
    """What the backends carried out, read from the simulator's file as it grows.

    Its keys stand in the order of first executions: (message id, user) at the portal, and at SOAR the member `soar_key`."""

    def __init__(self, path, soar_key="subject"):
        self.path, self.soar_key, self.at, self.rest = path, soar_key, 0, b""
        self.times = collections.defaultdict(list)  # key -> times of execution, ms
        self.content = collections.defaultdict(set)

    def read(self):
        with open(self.path, "rb") as file:
            file.seek(self.at)
            new = file.read()
        self.at += len(new)
        *lines, self.rest = (self.rest + new).split(b"\n")
        for line in lines:
            entry = json.loads(line)
            key = (entry["id"], entry["user"]) if entry["api"] == "notice" else entry.get(self.soar_key, "-")
            self.times[key].append(entry["time"])
            self.content[key].add(entry["hash"])
        return self

    def __len__(self):
        return len(self.times)

    def doubled(self, notice):
        return {key: times for key, times in self.times.items() if len(times) > 1 and isinstance(key, tuple) == notice}


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


class World:
    """All that a scenario owns. Its parts end with it."""

    def __init__(self, servers, name, partitions=4, kafka=None, redis=None, sim=True, sim_arguments=(), dead_letters=True):
        self.binary, self.name = servers.binary, name
        self.kafka, self.redis = kafka or servers.kafka, redis or servers.redis
        self.folder = servers.folder / name
        self.folder.mkdir(parents=True)
        self.topic, self.dead, self.group = f"{name}.events", f"{name}.dead", f"{name}-group"
        self.partitions, self.written, self.workers = partitions, 0, []
        self.make_topic(self.topic, partitions)
        if dead_letters:
            self.make_topic(self.dead, 1)
        self.sim = Sim(self.binary, self.folder, sim_arguments, start=sim)
        self.ledger = Ledger(self.sim.ledger_path)
        self.expected, self.notices, self.soars = set(), 0, 0
        self.secrets = {}
        for secret, text in (("ak", "testid"), ("sk", "testsecret"), ("apk", "appkey"), ("aps", "appsecret")):
            self.secrets[secret] = str(self.folder / secret)
            descriptor = os.open(self.secrets[secret], os.O_WRONLY | os.O_CREAT, 0o600)
            os.write(descriptor, text.encode())
            os.close(descriptor)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Failure) and self.workers:
            tails = "".join(f"--- {w.log.name}\n{tail(w.log)}\n{w.snapshot()}\n" for w in self.workers[-2:])
            error.args = (f"{error.args[0]}\n{tails}",)
        for process in self.workers:
            if process in Process.living:
                process.kill()
        if self.sim.process in Process.living:
            self.sim.stop()

    # ---- Kafka ----

    def make_topic(self, topic, partitions):
        client = AdminClient({"bootstrap.servers": self.kafka.brokers, **QUIET})
        client.create_topics(
            [NewTopic(topic, partitions, 1, config={"retention.ms": "-1", "max.message.bytes": "4000000"})]
        )[topic].result(20)

    def grow(self, partitions):
        """The topic gets more partitions."""
        client = AdminClient({"bootstrap.servers": self.kafka.brokers, **QUIET})
        client.create_partitions([NewPartitions(self.topic, partitions)])[self.topic].result(20)
        self.partitions = partitions

    def produce(self, records, note=True):
        """Writes records; where they went stands in them afterwards. `note`: their events are to be delivered."""
        producer = Producer(
            {
                "bootstrap.servers": self.kafka.brokers,
                "linger.ms": 5,
                "queue.buffering.max.messages": 300000,
                "message.max.bytes": 4000000,
                "acks": "all",
                **QUIET,
            }
        )
        failed = []

        def told(record):
            def on_delivery(error, message):
                if error:
                    failed.append(error)
                else:
                    record.partition, record.offset = message.partition(), message.offset()

            return on_delivery

        n = 0
        for record in records:
            stamp = {} if record.timestamp_ms is None else {"timestamp": record.timestamp_ms}
            producer.produce(
                self.topic, record.value, record.key, headers=record.headers, on_delivery=told(record), **stamp
            )
            producer.poll(0)
            n += 1
            if note:
                self.note(record.events)
        left = producer.flush(60)
        expect(not failed and left == 0, f"producing failed: {failed[:3]}, {left} left")
        self.written += n
        return n

    def note(self, events):
        for made in events:
            self.expected.update(shown_to(made))

    def tops(self, topic):
        return [TopicPartition(topic, p) for p in range(self.partitions if topic == self.topic else 1)]

    def consumer(self, group):
        return Consumer(
            {
                "bootstrap.servers": self.kafka.brokers,
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                **QUIET,
            }
        )

    def ends(self, topic=None):
        consumer = self.consumer(self.group)
        try:
            return [consumer.get_watermark_offsets(t, timeout=10)[1] for t in self.tops(topic or self.topic)]
        finally:
            consumer.close()

    def committed(self):
        consumer = self.consumer(self.group)
        try:
            return [max(t.offset, 0) for t in consumer.committed(self.tops(self.topic), timeout=10)]
        except KafkaException as error:
            return [str(error)]
        finally:
            consumer.close()

    def letters(self):
        """Everything in the dead-letter topic."""
        end, found = self.ends(self.dead)[0], []
        consumer = self.consumer(self.group + "-reader")
        try:
            consumer.assign([TopicPartition(self.dead, 0, 0)])
            deadline = time.monotonic() + 20
            while len(found) < end and time.monotonic() < deadline:
                message = consumer.poll(1)
                if message is not None and not message.error():
                    found.append(message)
        finally:
            consumer.close()
        expect(len(found) == end, f"read {len(found)} of {end} dead letters")
        return found

    # ---- workers ----

    def config(self, soar=None, notice=None, **sections):
        """A configuration for this world; sections are laid over it."""
        endpoint, policies = f"http://{self.sim.listen}", {
            "rate_limit": "100000/s",
            "call_timeout": "2s",
            "claim_lease": "6s",
        }
        config = {
            "kafka": {
                "brokers": self.kafka.brokers,
                "group": self.group,
                "properties": {"session.timeout.ms": str(SESSION_MS), "heartbeat.interval.ms": "500"},
            },
            "redis": {"url": self.redis.url, "prefix": self.name},
            "sources": [{"name": "alerts", "topics": [self.topic]}],
            "targets": [
                {
                    "name": "soar-prod",
                    "kind": "soar",
                    "endpoint": endpoint,
                    "playbook_uuid": "c5c88b5e-97ca-435d-8c20-000000000000",
                    "node_name": "notify_message",
                    "component_name": "NotifyMessage",
                    "action_name": "notifyByMessageCenter",
                    "credentials": {"access_key_id_file": self.secrets["ak"], "access_key_secret_file": self.secrets["sk"]},
                    "concurrency": 16,
                    **policies,
                    **(soar or {}),
                },
                {
                    "name": "portal",
                    "kind": "notice",
                    "endpoint": endpoint,
                    "org_id": "o1",
                    "app_name": {"default": "SOC"},
                    "message_id_prefix": "ab-",
                    "concurrency": 4,
                    "credentials": {"app_key_file": self.secrets["apk"], "app_secret_file": self.secrets["aps"]},
                    **policies,
                    **(notice or {}),
                },
            ],
            "routes": [
                {
                    "name": "soar",
                    "when": {"kinds": ["incident.generated", "alert.generated", "incident.updated"]},
                    "to": "soar-prod",
                },
                {"name": "portal", "when": {"kinds": ["notice"]}, "to": "portal"},
            ],
            "dead_letter": {"topic": self.dead},
            "admin": {"listen": f"127.0.0.1:{free_port()}"},
            "shutdown": {"drain": "10s"},
            "log": {"level": "info", "format": "json"},
        }
        for name, section in sections.items():
            config[name] = (
                config[name] | section if isinstance(config.get(name), dict) and isinstance(section, dict) else section
            )
        return config

    def worker(self, label="a", **changes):
        label = f"{label}{len(self.workers)}"
        self.workers.append(Worker(self.binary, self.folder, label, self.config(**changes)))
        return self.workers[-1]

    # ---- judging ----

    def progress(self):
        missing = self.expected - self.ledger.times.keys()
        return (
            f"({len(self.expected) - len(missing)} of {len(self.expected)} carried out; missing {sorted(map(str, missing))[:3]}; "
            f"committed {self.committed()} of {self.ends()})"
        )

    def executed(self, share, seconds=120):
        """Waits until that share of what is expected was carried out."""
        goal = int(share * len(self.expected))
        wait_until(
            f"{goal} executions", lambda: self.at_work() and len(self.ledger.read()) >= goal, seconds, self.progress
        )

    def at_work(self):
        """True while a worker runs; a failure at once where none does, for nothing more will come."""
        expect(any(worker.runs() for worker in self.workers), "no worker runs any more")
        return True

    def all_committed(self, seconds=5):
        ends = self.ends()
        wait_until(
            "the committed offsets are the log ends",
            lambda: self.committed() == ends,
            seconds,
            lambda: f"(committed {self.committed()}, ends {ends})",
            0.1,
        )

    def finished(self, seconds=120, settle=5):
        """Everything was carried out and nothing else, and Kafka knows it."""
        wait_until(
            "everything is carried out",
            lambda: self.at_work() and self.expected <= self.ledger.read().times.keys(),
            seconds,
            self.progress,
            0.1,
        )
        self.all_committed(settle)
        foreign = self.ledger.read().times.keys() - self.expected
        expect(not foreign, f"carried out without having been asked for: {sorted(map(str, foreign))[:5]}")
        mixed = [key for key, hashes in self.ledger.content.items() if len(hashes) > 1]
        expect(not mixed, f"carried out with several contents: {mixed[:5]}")

    def never_doubled(self, soar=True):
        self.ledger.read()
        twice = self.ledger.doubled(notice=True)
        expect(not twice, f"{len(twice)} notices were shown twice: {list(twice.items())[:3]}")
        if soar:
            twice = self.ledger.doubled(notice=False)
            expect(not twice, f"{len(twice)} SOAR calls were carried out twice: {list(twice.items())[:3]}")

    def dead_letters_are(self, wanted, seconds=15, starts=1, kills=0):
        """wanted: (record, reason, target, id, code[, index]) of every letter; nothing else may be there. Returns them in order.

        A letter without a target owns no key in Redis: a record that is read again at a restart gives it once more. One with
        a target is written a second time only by a kill between its acknowledgement and its mark in Redis."""
        wait_until(
            f"{len(wanted)} dead letters",
            lambda: self.ends(self.dead)[0] >= len(wanted),
            seconds,
            lambda: f"({self.ends(self.dead)[0]} there)",
            0.2,
        )
        letters = {}
        for letter in self.letters():
            told = dict(letter.headers() or [])
            letters.setdefault(
                tuple(told.get(f"alertbridge-{name}", b"").decode() for name in ("partition", "offset", "index")), []
            ).append(letter)
        found = []
        for record, reason, target, event_id, code, *index in wanted:
            at = (str(record.partition), str(record.offset), str(index[0] if index else 0))
            same = letters.pop(at, ())
            most = starts if target == "_none" else 1 + kills
            expect(1 <= len(same) <= most, f"{len(same)} dead letters for {reason} at {at}, not 1 to {most}")
            for letter in same:
                check_letter(letter, self.topic, record, reason, target, event_id, code)
            found.append(same[0])
        expect(
            not letters,
            f"{len(letters)} dead letters that nobody asked for: "
            f"{[dict(same[0].headers()) for same in letters.values()][:3]}",
        )
        return found


def check_letter(letter, topic, record, reason, target, event_id, code):
    """docs/semantics.md, dead letters: the record as it came, and the worker's own headers instead of any it had."""
    headers = letter.headers() or []
    told = {name: value.decode() for name, value in headers if name.startswith("alertbridge-")}
    where = f"dead letter of {record.partition}/{record.offset} ({reason})"
    expect(
        len(told) == sum(name.startswith("alertbridge-") for name, _ in headers),
        f"{where}: a header of ours appears twice: {headers}",
    )
    theirs = [(name, value) for name, value in headers if not name.startswith("alertbridge-")]
    original = [(name, value) for name, value in record.headers if not name.startswith("alertbridge-")]
    for what, is_, was in (
        ("key", letter.key(), record.key),
        ("value", letter.value(), record.value),
        ("headers", theirs, original),
    ):
        expect(is_ == was, f"{where}: {what} is {is_!r:.300}, was {was!r:.300}")
    if record.timestamp_ms is not None:
        expect(
            letter.timestamp()[1] == record.timestamp_ms,
            f"{where}: timestamp {letter.timestamp()}, was {record.timestamp_ms}",
        )
    wanted = {
        "reason": reason,
        "target": target,
        "topic": topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
    }
    for name, value in wanted.items():
        expect(
            told.get("alertbridge-" + name) == value,
            f"{where}: alertbridge-{name} is {told.get('alertbridge-' + name)!r}, not {value!r}",
        )
    expect(
        told.get("alertbridge-id") == event_id,
        f"{where}: alertbridge-id is {told.get('alertbridge-id')!r}, not {event_id!r}",
    )
    expect(
        re.fullmatch(code, told.get("alertbridge-code", "")),
        f"{where}: alertbridge-code {told.get('alertbridge-code')!r}, not {code}",
    )
    called = target != "_none" and code != "-"
    expect(
        re.fullmatch(r"[1-9]\d*" if called else "0", told.get("alertbridge-attempts", "")),
        f"{where}: alertbridge-attempts {told.get('alertbridge-attempts')!r}",
    )
    expect("alertbridge-message" in told, f"{where}: no alertbridge-message")
    for name in ("first", "last"):
        stamp = told.get("alertbridge-" + name)
        expect(
            (stamp is not None) == called
            and (not called or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", stamp)),
            f"{where}: alertbridge-{name} is {stamp!r}",
        )
