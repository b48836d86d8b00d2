"""events.py: events of a scenario in every form that a record can have, and who is to see them."""

import json
import random

import msgpack

SOURCE = "e2e"  # ids begin with it, so that a CloudEvent of this source can carry any of them
FORMS = ("json", "json", "msgpack", "binary", "structured", "array")
ACCOUNT = "1467890000733152"
PREFIX = "ab-"  # message_id_prefix


def event(name, i, kind=None):
    """Event number i of a scenario. Every id has an incident, alert or message of its own, by which its execution is found."""
    kind = kind or ("notice", "incident.generated", "notice", "alert.generated", "notice", "incident.updated")[i % 6]
    made = {"v": 1, "id": f"{SOURCE}#{name}-{i}", "kind": kind}
    if kind == "notice":
        made |= {"title": f"title {i}", "body": {"default": "body é中 " + "b" * (i % 200), "zh_CN": "正文"}}
        if i % 4 == 0:
            made["targets"] = [f"user-{i % 7}", f"user-{i % 7 + 1}"]
        return made
    noun = "alert" if kind == "alert.generated" else "incident"
    made |= {
        "aliyunUID": ACCOUNT,
        noun + "Name": f"name {i} " + "n" * (i % 100),
        noun + "ID": made["id"],
        "startTime": 1767323045000 + i * 1000,
    }
    if kind == "incident.updated":
        made |= {"endTime": "2026-01-02 04:04:05", "status": "closed", "level": "high"}
    return made


def order_key(made):
    return made.get("incidentID") or made.get("alertID")


def is_notice(made):
    return made["kind"] == "notice"


def shown_to(made):
    """What the ledger says of its one execution: a subject at SOAR, or (message id, user) at the portal."""
    if not is_notice(made):
        return [made["id"]]
    return [(PREFIX + made["id"], user) for user in made.get("targets", ["*"])]


class Record:
    """What is written to a topic; `events` are those that it holds."""

    def __init__(self, value, key=None, headers=(), timestamp_ms=None, events=()):
        self.value, self.key, self.headers, self.timestamp_ms, self.events = (
            value,
            key,
            list(headers),
            timestamp_ms,
            list(events),
        )
        self.partition = self.offset = None


def inner(made):
    """The data of a CloudEvent: what the envelope does not say."""
    return {name: value for name, value in made.items() if name not in ("v", "id")}


def encode(events, form):
    first = events[0]
    key = (order_key(first) or first["id"]).encode()
    ce_id = first["id"].partition("#")[2]
    if form == "array":
        return Record(json.dumps(events).encode(), key, [("content-type", b"application/json")], events=events)
    if form == "msgpack":
        return Record(msgpack.packb(first), key, [("content-type", b"application/msgpack")], events=events)
    if form == "binary":
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", ce_id.encode()),
            ("ce_source", SOURCE.encode()),
            ("ce_type", b"t"),
            ("content-type", b"application/json"),
        ]
        return Record(json.dumps(inner(first)).encode(), key, headers, events=events)
    if form == "structured":
        envelope = {
            "specversion": "1.0",
            "id": ce_id,
            "source": SOURCE,
            "type": "t",
            "time": "2026-01-02T03:04:05Z",
            "datacontenttype": "application/json",
            "data": inner(first),
        }
        return Record(
            json.dumps(envelope).encode(), key, [("content-type", b"application/cloudevents+json")], events=events
        )
    return Record(json.dumps(first, ensure_ascii=first["id"].endswith("1")).encode(), key, events=events)


def stream(name, count, seed=1, repeats=0.1, reach=20000, first=0):
    """`count` events as records: every form, and repeats of ids among the last `reach`, often in another form than before."""
    draw = random.Random(seed)
    made, left, i = [], count, first
    while left > 0:
        form = draw.choice(FORMS)
        group = []
        for _ in range(min(left, draw.randint(2, 5) if form == "array" else 1)):
            if made and draw.random() < repeats:
                again = made[draw.randrange(max(0, len(made) - reach), len(made))]
                if again not in group:
                    group.append(again)
                    left -= 1
                continue
            made.append(event(name, i))
            group.append(made[-1])
            i += 1
            left -= 1
        if group:
            yield encode(group, form)
