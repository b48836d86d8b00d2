"""traffic.py: events at a steady rate: ids that come again, contents that differ, arrays, what nobody can read.

The content of an event stands in its names and its title as `e<id>~<content>`: whoever carries it out shows what it was. What
should become of it is stated here and nowhere else."""

import hashlib
import json
import random
import threading
import time

from confluent_kafka import Producer

from facts import now_ms
from harness import QUIET

KINDS = ("incident.generated", "alert.generated", "notice")
TARGETS = ("soar-a", "soar-b", "portal-a", "portal-b")  # their numbers in the history
TARGETS_OF = {"incident.generated": ("soar-a", "portal-a"), "alert.generated": ("soar-b",), "notice": ("portal-b",)}
KEYS, REACH, SEVERAL_MAX = 400, 3000, 5
AGAIN, CONFLICT, SEVERAL, UNREADABLE, NO_ROUTE, EXPIRES = 0.05, 0.004, 0.05, 0.003, 0.003, 0.003
PRODUCED_UNREADABLE, PRODUCED_NO_ROUTE = 1, 2


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


class Event:
    def __init__(self, number, content, no_route, expires_at):
        self.number, self.content, self.no_route, self.expires_at = number, content, no_route, expires_at
        self.kind = kind_of(number)

    def value(self):
        mark, key = f"e{self.number}~{self.content}", f"k{key_of(self.number)}"
        made = {"v": 1, "id": f"e{self.number}", "kind": "incident.updated" if self.no_route else self.kind}
        if self.expires_at:
            made["expiresAt"] = self.expires_at
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


def tell_event(facts, made, where):
    number, _, content = (made.get("incidentName") or made.get("alertName") or made["title"])[1:].partition("~")
    no_route = made["kind"] == "incident.updated"
    facts.add(
        "produced", **where, id=made["id"], content=int(content), lane=f"k{key_of(int(number))}",
        targets=0 if no_route else bits(made["kind"]), flags=PRODUCED_NO_ROUTE if no_route else 0,
    )  # fmt: skip


def tell_record(facts, message):
    """What a record of the topic asks for. Kafka is asked, not the producer: one that tries again may write a record twice."""
    at = message.timestamp()[1]
    hash_ = hash_of(message.key(), message.value(), message.headers() or [], at)
    where = {"at": at, "partition": message.partition(), "offset": message.offset(), "hash": hash_}
    try:
        whole = json.loads(message.value())
    except ValueError:
        facts.add("produced", **where, flags=PRODUCED_UNREADABLE)
        return
    for i, made in enumerate(whole if isinstance(whole, list) else [whole]):
        tell_event(facts, made, where | {"index": i})


class Traffic(threading.Thread):
    def __init__(self, brokers, topic, partitions, rate, seed):
        super().__init__(daemon=True)
        self.topic, self.partitions, self.rate = topic, partitions, rate
        self.draw, self.ids, self.events, self.failed, self.over = random.Random(f"{seed} traffic"), 0, 0, [], threading.Event()
        self.producer = Producer(
            {
                "bootstrap.servers": brokers,
                "acks": "all",
                "linger.ms": 5,
                "message.timeout.ms": 300000,
                "queue.buffering.max.messages": 1000000,
                **QUIET,
            }
        )

    def draw_event(self):
        draw, again, content = self.draw, self.ids > 0 and self.draw.random() < AGAIN, 0
        number = draw.randrange(max(0, self.ids - REACH), self.ids) if again else self.ids
        if again and draw.random() < CONFLICT / AGAIN and kind_of(number) == "alert.generated":
            content = draw.randint(1, 2)  # of alerts only: the portal shows what came first and says yes to all
        self.ids += not again
        no_route = (number * 13 + 5) % 1000 < 1000 * NO_ROUTE
        expires = now_ms() + 3000 if draw.random() < EXPIRES else 0
        return Event(number, content, no_route, expires)

    def produce_one(self):
        draw = self.draw
        group = [self.draw_event()]
        while draw.random() < SEVERAL and len(group) < SEVERAL_MAX:
            group += [self.draw_event() for _ in range(draw.randint(1, 3))]
        group = list({event.number: event for event in group}.values())
        whole = group[0].value() if len(group) == 1 else [event.value() for event in group]
        value = json.dumps(whole, separators=(",", ":")).encode()
        value = value[:-2] if draw.random() < UNREADABLE else value
        number, at = key_of(group[0].number), now_ms()  # the record's own time is the earliest at which it can be there
        key, headers = b"k%d" % number, [("x-trace", b"t%d" % self.events), ("empty", b"")][: draw.randint(0, 2)]
        self.events += len(group)
        self.producer.produce(
            self.topic, value, key, number % self.partitions, headers=headers, timestamp=at, on_delivery=self.told
        )

    def told(self, error, message):
        if error:
            self.failed.append(str(error))

    def run(self):
        begun = time.monotonic()
        while not self.over.wait(0.02):
            while self.events < (time.monotonic() - begun) * self.rate:
                self.produce_one()
            self.producer.poll(0)

    def finish(self):
        """Nothing more; answers how many could not be written, which must be none."""
        self.over.set()
        self.join()
        return self.producer.flush(120) + len(self.failed)
