"""evidence.py: what the outside saw, as facts: the backends' ledger, the dead letters, the workers' logs and journal."""

import datetime
import json
import pathlib
import re
import threading

from confluent_kafka import KafkaException

from facts import now_ms
from servers import Failure
from store import Line
from traffic import TARGETS, TARGETS_OF, hash_of, kind_of

PREFIX = "ab-"  # message_id_prefix
PARKED_STUB = 1
RESEND, TAKEOVER = "AB5107", "AB4203"
SAMPLE_S, JOURNAL_S, JOURNAL_COUNT = 0.2, 0.3, 5000


def target_at(number, notice):
    """An id's target at that kind of backend, by the routes of the run."""
    return next(TARGETS.index(target) for target in TARGETS_OF[kind_of(number)] if target.startswith("portal") == notice)


def mark_of(text):
    found = re.fullmatch(r"e(\d+)~(\d)", text or "")
    if not found:
        raise Failure(f"the ledger holds {text!r}, which nobody asked for")
    return int(found[1]), int(found[2])


def tell_ledger(path, facts):
    """Executions in the order of the ledger. A notice is carried out when the first user sees it."""
    shown, carried_out = {}, set()
    with open(path, encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            number, content = mark_of(entry["name"])
            notice = entry["api"] == "notice"
            fact = {"target": target_at(number, notice), "id": f"e{number}", "content": content}
            if notice:
                if entry["id"] != f"{PREFIX}e{number}":
                    raise Failure(f"message {entry['id']} shows {entry['name']}")
                key = (number, entry["user"])
                shown[key] = shown.get(key, 0) + 1
                facts.add("shown", entry["time"], user=entry["user"], number=shown[key], **fact)
            if not notice or number not in carried_out:
                facts.add("executed", entry["time"], **fact)
                carried_out |= {number} if notice else set()


class Sampler(threading.Thread):
    """Looks at the end of the dead-letter topic and at the committed offsets. A letter keeps its record's time, so when it was
    written is known only as after the last look that did not see it, and after its record; and before the first look that saw it
    was over."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.over, self.looks, self.committed, self.ends = world, threading.Event(), [(0, 0, 0)], [], None
        self.consumer = world.consumer(world.group)

    def run(self):
        while not self.over.wait(SAMPLE_S):
            try:
                before = now_ms()
                end = self.consumer.get_watermark_offsets(self.world.tops(self.world.dead)[0], timeout=2)[1]
                self.looks.append((before, now_ms(), end))
                self.committed = [max(t.offset, 0) for t in self.consumer.committed(self.world.tops(self.world.topic), timeout=2)]
            except KafkaException:  # the broker is away: nothing is seen, and an old client may be slow to see it come back
                self.consumer.close()
                self.consumer = self.world.consumer(self.world.group)
        self.consumer.close()

    def written_within(self):
        """offset -> the first and the last ms that are possible, for all offsets in ascending order."""
        at, look = 0, 0

        def of(offset):
            nonlocal at, look
            while look < len(self.looks) and self.looks[look][2] <= offset:
                at = self.looks[look][0]
                look += 1
            return at, self.looks[look][1] if look < len(self.looks) else now_ms()

        return of


def tell_letters(letters, sampler, begun_ms, facts):
    reasons, written_within = {}, sampler.written_within()
    for letter in letters:
        headers = letter.headers() or []
        told = {name[12:]: value.decode() for name, value in headers if name.startswith("alertbridge-")}
        theirs = [(name, value) for name, value in headers if not name.startswith("alertbridge-")]
        target = TARGETS.index(told["target"]) if told["target"] in TARGETS else -1
        reasons[told["reason"]] = reasons.get(told["reason"], 0) + 1
        earliest, latest = written_within(letter.offset())
        at = max(earliest, begun_ms, letter.timestamp()[1])
        facts.add(
            "parked", at, number=latest - at, partition=int(told["partition"]), offset=int(told["offset"]),
            index=int(told.get("index", 0)), target=target, id=told.get("id", ""), word=told["reason"],
            hash=hash_of(letter.key(), letter.value(), theirs, letter.timestamp()[1]),
            flags=PARKED_STUB if "stub" in told else 0,
        )  # fmt: skip
    return reasons


def ms_of(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def lines(life, *codes):
    """Lines of a log by their codes, their clock brought back to ours."""
    marks = [b'"code":"%s"' % code.encode() for code in codes]
    with open(life.worker.log, "rb") as file:
        for line in file:
            if not any(mark in line for mark in marks):
                continue
            try:
                entry = json.loads(line)
            except ValueError:  # its process was killed while it wrote: then it has not sent either
                continue
            yield entry, ms_of(entry["ts"]) - 1000 * life.offset_s


def tell_resends(lives, facts):
    """Of the logs only the lines that nothing holds back. How many there were, and how many of them for SOAR."""
    n, soar = 0, 0
    for life in lives:
        for entry, at in lines(life, RESEND):
            n, soar = n + 1, soar + entry["target"].startswith("soar")
            facts.add(
                "journaled", at, worker=life.number, target=TARGETS.index(entry["target"]), id=entry["message_id"],
                partition=entry["partition"], offset=entry["offset"], word="resend", number=entry.get("doubt", 0),
                limit=entry.get("attempt", 0),
            )  # fmt: skip
    return n, soar


def takeovers(lives):
    """(ms, number of the id) of claims that were taken over, as far as the log tells each."""
    return [(at, int(entry["message_id"][1:])) for life in lives for entry, at in lines(life, TAKEOVER)]


class Journal(threading.Thread):
    """Follows the stream in Redis while it lasts; what is flushed between two looks is not seen."""

    def __init__(self, store, key, facts):
        super().__init__(daemon=True)
        self.store, self.key, self.facts, self.over, self.n, self.last = store, key, facts, threading.Event(), 0, "0-0"
        self.found = pathlib.Path(facts.path).with_suffix(".txt").open("wb")

    def run(self):
        line = None
        while not self.over.wait(JOURNAL_S):
            try:
                line = line or Line(self.store.first.port, self.store.password)
                while self.look(line):
                    pass
                line.close()  # the next look goes to whoever is the master then
                line = None
            except OSError:
                line = None
        self.found.close()

    def look(self, line):
        told = line.ask("XREAD", "COUNT", JOURNAL_COUNT, "STREAMS", self.key, self.last)
        entries = told[0][1] if told else []
        for number, fields in entries:
            self.last = number.decode()
            entry = {fields[i].decode(): fields[i + 1].decode() for i in range(0, len(fields), 2)}
            self.found.write(b" ".join(fields) + b"\n")
            if entry["outcome"] == "delivered":
                self.n += 1
                topic, partition, offset = entry["tpo"].rsplit("/", 2)
                self.facts.add(
                    "journaled", int(self.last.partition("-")[0]), target=TARGETS.index(entry["target"]), id=entry["id"],
                    partition=int(partition), offset=int(offset), word="delivered",
                )  # fmt: skip
        return len(entries) == JOURNAL_COUNT


def tell_secrets(secrets, paths, letters, facts):
    """What was searched for planted secrets, and where one stands: never the secret itself."""
    places = [(pathlib.Path(path).name, pathlib.Path(path).read_bytes()) for path in paths]
    letters = [repr((letter.key(), letter.value(), letter.headers())) for letter in letters]
    places.append(("dead letters", "\n".join(letters).encode()))
    for place, data in places:
        facts.add("searched", target=-1, word=place, number=len(data))
        for name, secret in secrets.items():
            if secret.encode() in data:
                facts.add("spilt", target=-1, word=name, other=place)
