"""world.py: one scenario's world: its topics, group, Redis prefix, simulator and workers, and how it is judged."""

import os
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from configuration import configuration, laid_over
from events import shown_to
from ledger import Ledger
from letters import check_letters
from servers import QUIET, Failure, Process, Sim, expect, tail, wait_until
from worker import Worker


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
        """Of a worker of this world; sections are laid over it."""
        return laid_over(configuration(self, soar or {}, notice or {}), sections)

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
        return check_letters(self.letters(), self.topic, wanted, starts, kills)
