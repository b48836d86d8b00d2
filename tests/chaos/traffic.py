"""traffic.py: events at a steady rate: ids that come again, contents that differ, arrays, transactions, what nobody can read.

The content of an event stands in its names and its title as `e<id>~<content>`: whoever carries it out shows what it was. What
should become of it is stated here and nowhere else."""

import collections
import hashlib
import json
import random
import threading
import time

from confluent_kafka import KafkaException, Producer

from facts import now_ms
from servers import QUIET, wait_until

KINDS = ("incident.generated", "alert.generated", "notice")
TARGETS = ("soar-a", "soar-b", "portal-a", "portal-b")  # their numbers in the history
TARGETS_OF = {"incident.generated": ("soar-a", "portal-a"), "alert.generated": ("soar-b",), "notice": ("portal-b",)}
KEYS, REACH, SEVERAL_MAX = 400, 3000, 5
TRANSACTIONS_FIRST, TRANSACTION_EVERY_S, CALL_S = 100_000_000, 0.5, 10
REPLAY, REPLAYED = "alertbridge-replay", 0.2  # a header, and how many of the records that hold an id again have it
AGAIN, CONFLICT, SEVERAL, UNREADABLE, NO_ROUTE, EXPIRES, MUTED = 0.05, 0.004, 0.05, 0.003, 0.003, 0.003, 0.003
PRODUCED_UNREADABLE, PRODUCED_NO_ROUTE, PRODUCED_REPLAY, PRODUCED_EXPIRES, PRODUCED_DROPPED = 1, 2, 4, 8, 16
OURS = "alertbridge-"  # headers that begin so are the worker's own: it reads them, and a dead letter has others in their place
SPOILED = "x-spoiled"  # a header: in which way nobody can read the record
RECORD_BYTES_MAX, DEPTH_MAX = 256 * 1024, 32  # limits of the worker


def kind_of(number):
    """Of an id: a producer in its right mind changes neither kind nor key."""
    return KINDS[number * 7 % 11 % 3]


def key_of(number):
    return number * 5 % KEYS


def bits(kind):
    return sum(1 << TARGETS.index(target) for target in TARGETS_OF[kind])


def hash_of(key, value, headers, timestamp_ms):
    whole = hashlib.blake2b(digest_size=8)
    for part in (key, value, *(part for name, text in headers for part in (name.encode(), text))):
        whole.update(b"-" if part is None else b"%d:" % len(part) + part)
    whole.update(b"@%d" % timestamp_ms)
    return whole.hexdigest()


def is_muted(number):
    """A route drops it."""
    return (number * 17 + 3) % 1000 < 1000 * MUTED


class Event:
    def __init__(self, number, content, no_route, expires_at):
        self.number, self.content, self.no_route, self.expires_at = number, content, no_route, expires_at
        self.kind = kind_of(number)

    def value(self):
        mark, key = f"e{self.number}~{self.content}", f"k{key_of(self.number)}"
        made = {"v": 1, "id": f"e{self.number}", "kind": "incident.updated" if self.no_route else self.kind}
        if self.expires_at:
            made["expiresAt"] = self.expires_at
        if is_muted(self.number):
            made["labels"] = {"muted": "yes"}
        if self.kind == "notice" and not self.no_route:
            made |= {"title": mark, "body": "b", "incidentID": key}
            if self.number % 3 == 0:
                made["targets"] = [f"user-{self.number % 7}", f"user-{self.number % 7 + 1}"]
            return made
        made |= {"aliyunUID": "1467890000733152", "startTime": "2026-01-02 03:04:05"}
        if self.no_route:
            made |= {"incidentName": mark, "incidentID": key, "endTime": "2026-01-02 03:04:06", "status": "s", "level": "3"}
        elif self.kind == "incident.generated":
            made |= {"incidentName": mark, "incidentID": key}
        else:
            made |= {"alertName": mark, "alertID": key}
        return made


def in_depth(value):
    return b'{"a":' + b"[" * DEPTH_MAX + b"]" * DEPTH_MAX + b"," + value[1:]


SPOIL = {
    "cut": lambda value: value[:-2],
    "trailing": lambda value: value + b"{}",
    "key twice": lambda value: b'{"v":1,' + value[1:],
    "deep": in_depth,
    "huge": lambda value: value[:-1] + b" " * RECORD_BYTES_MAX + value[-1:],
    "no UTF-8": lambda value: value.replace(b'"id":"', b'"id":"\xff', 1),
    "empty": lambda value: b"",
    "null": lambda value: None,
}


def tell_event(facts, made, where, flags):
    number, _, content = (made.get("incidentName") or made.get("alertName") or made["title"])[1:].partition("~")
    muted = "labels" in made
    no_route = made["kind"] == "incident.updated" and not muted
    facts.add(
        "produced", **where, id=made["id"], content=int(content), lane=f"k{key_of(int(number))}",
        targets=0 if muted or no_route else bits(made["kind"]),
        flags=flags | PRODUCED_DROPPED * muted | PRODUCED_NO_ROUTE * no_route | PRODUCED_EXPIRES * ("expiresAt" in made),
        number=made.get("expiresAt", 0),
    )  # fmt: skip


def tell_record(facts, message):
    """What a record of the topic asks for. Kafka is asked, not the producer: one that tries again may write a record twice."""
    at = message.timestamp()[1]
    headers = message.headers() or []
    hash_ = hash_of(message.key(), message.value(), [(name, value) for name, value in headers if not name.startswith(OURS)], at)
    where = {"at": at, "partition": message.partition(), "offset": message.offset(), "hash": hash_}
    if SPOILED in dict(headers):
        facts.add("produced", **where, flags=PRODUCED_UNREADABLE)
        return
    replayed = REPLAY in dict(headers)
    whole = json.loads(message.value())
    for i, made in enumerate(whole if isinstance(whole, list) else [whole]):
        tell_event(facts, made, where | {"index": i}, PRODUCED_REPLAY * replayed)


class Source:
    """Records one after the other, with numbers of its own. `world.partitions` may grow."""

    def __init__(self, world, seed, first):
        self.world, self.draw, self.first, self.ids = world, random.Random(seed), first, 0
        self.events, self.spoiled, self.replayed, self.again = 0, collections.Counter(), 0, False

    def event(self):
        draw, again, content = self.draw, self.ids > 0 and self.draw.random() < AGAIN, 0
        self.again |= again
        number = self.first + (draw.randrange(max(0, self.ids - REACH), self.ids) if again else self.ids)
        if again and draw.random() < CONFLICT / AGAIN and kind_of(number) == "alert.generated":
            content = draw.randint(1, 2)  # of alerts only: the portal shows what came first and says yes to all
        self.ids += not again
        no_route = (number * 13 + 5) % 1000 < 1000 * NO_ROUTE
        expires = now_ms() + 3000 if draw.random() < EXPIRES else 0
        return Event(number, content, no_route, expires)

    def group(self):
        draw, group = self.draw, [self.event()]
        while draw.random() < SEVERAL and len(group) < SEVERAL_MAX:
            group += [self.event() for _ in range(draw.randint(1, 3))]
        return list({event.number: event for event in group}.values())

    def record(self):
        """What a producer takes."""
        draw, self.again = self.draw, False
        group = self.group()
        whole = group[0].value() if len(group) == 1 else [event.value() for event in group]
        value = json.dumps(whole, separators=(",", ":")).encode()
        key = key_of(group[0].number)
        headers = [("x-trace", b"t%d" % self.events), ("empty", b"")][: draw.randint(0, 2)]
        if draw.random() < UNREADABLE and len(group) == 1:
            how = draw.choice(tuple(SPOIL))
            value, headers = SPOIL[how](value), [*headers, (SPOILED, how.encode())]
            self.spoiled[how] += 1
        elif self.again and draw.random() < REPLAYED:
            headers = [*headers, (REPLAY, b"1")]
            self.replayed += 1
        self.events += len(group)
        return {
            "value": value, "key": b"k%d" % key, "partition": key % self.world.partitions, "headers": headers,
            "timestamp": now_ms(),  # the record's own time is the earliest at which it can be there
        }  # fmt: skip


def producer_of(world, **more):
    return Producer(
        {
            "bootstrap.servers": world.kafka.brokers,
            "acks": "all",
            "linger.ms": 5,
            "message.timeout.ms": 300000,
            "queue.buffering.max.messages": 1000000,
            "topic.metadata.refresh.interval.ms": 1000,
            **QUIET,
            **more,
        }
    )


class Traffic(threading.Thread):
    """At that rate, whatever happens."""

    def __init__(self, world, rate, seed):
        super().__init__(daemon=True)
        self.world, self.rate, self.source = world, rate, Source(world, f"{seed} traffic", 0)
        self.failed, self.over, self.producer = [], threading.Event(), producer_of(world)

    def told(self, error, message):
        if error:
            self.failed.append(str(error))

    def put(self, record):
        """Again while the producer has not heard of the partition."""
        while True:
            try:
                self.producer.produce(self.world.topic, on_delivery=self.told, **record)
                return
            except KafkaException:
                self.producer.poll(0.1)

    def run(self):
        begun = time.monotonic()
        while not self.over.wait(0.02):
            while self.source.events < (time.monotonic() - begun) * self.rate:
                self.put(self.source.record())
            self.producer.poll(0)

    def finish(self):
        """Nothing more; answers how many could not be written, which must be none."""
        self.over.set()
        self.join()
        return self.producer.flush(120) + len(self.failed)


class Transactions(threading.Thread):
    """A few records at once, committed or not: what leaves gaps in the offsets, and records that nobody may see.

    What became of one when the broker went away is not asked: what can be read of the topic is what was produced."""

    def __init__(self, world, seed):
        super().__init__(daemon=True)
        self.world, self.over, self.producer = world, threading.Event(), None
        self.source, self.ended = Source(world, f"{seed} transactions", TRANSACTIONS_FIRST), collections.Counter()

    def connect(self):
        self.producer = producer_of(
            self.world, **{"transactional.id": "chaos", "transaction.timeout.ms": 5000, "message.timeout.ms": 4000}
        )
        self.producer.init_transactions(CALL_S)  # ends what another left open

    def run(self):
        while not self.over.wait(TRANSACTION_EVERY_S):
            try:
                if not self.producer:
                    self.connect()
                self.one()
            except KafkaException:
                self.producer = None

    def one(self):
        self.producer.begin_transaction()
        for _ in range(self.source.draw.randint(1, 6)):
            self.producer.produce(self.world.topic, **self.source.record())
        if self.source.draw.random() < 0.5:
            self.producer.commit_transaction(CALL_S)
            self.ended["committed"] += 1
        else:
            self.producer.flush(CALL_S)
            self.producer.abort_transaction(CALL_S)
            self.ended["aborted"] += 1

    def finish(self):
        """Nothing is left open."""
        self.over.set()
        self.join()
        wait_until("open transactions are ended", self.reconnect, 60)

    def reconnect(self):
        try:
            self.connect()
            return True
        except KafkaException:
            return False
