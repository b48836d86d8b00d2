"""inputs.py: records that nobody meant: each is parked with its reason and bytes, the good ones between are delivered."""

import json
import time

import msgpack

from events import Record, encode, event
from servers import expect
from world import World

KIB = 1024


def notice(**changes):
    """A notice's fields; None takes one away."""
    made = {"v": 1, "id": "bad", "kind": "notice", "title": "t"} | changes
    return {name: value for name, value in made.items() if value is not None}


def as_json(made):
    return json.dumps(made).encode()


def text(raw):
    """A notice with `raw` as JSON of its data."""
    return b'{"v":1,"id":"bad","kind":"notice","title":"t","data":' + raw + b"}"


def packed(raw):
    """The same in MessagePack: a map of five with the bytes `raw` as the value of data."""
    return b"\x85" + b"".join(map(msgpack.packb, ("v", 1, "id", "bad", "kind", "notice", "title", "t", "data"))) + raw


def nested(depth):
    return b"[" * depth + b"]" * depth


def cloud(**attributes):
    return as_json(
        {"specversion": "1.0", "id": "bad", "source": "s", "type": "t", "data": {"kind": "notice", "title": "t"}}
        | attributes
    )


CE_JSON = [("content-type", b"application/cloudevents+json")]
CE_BATCH = [("content-type", b"application/cloudevents-batch+json")]
MSGPACK = [("content-type", b"application/msgpack")]
CE = [("ce_specversion", b"1.0"), ("ce_id", b"bad"), ("ce_source", b"s"), ("ce_type", b"t")]
INCIDENT = {
    "v": 1,
    "id": "bad",
    "kind": "incident.generated",
    "aliyunUID": "1467890000733152",
    "incidentName": "n",
    "incidentID": "i",
    "startTime": "2026-01-02 03:04:05",
}

# (what, value, headers, reason behind bad_input.)
BAD = (
    ("no bytes", b"", [], "empty"),
    ("null", None, [], "empty"),
    ("an empty array", b"[]", [], "empty"),
    ("above record_bytes", text(b'"' + b"x" * (257 * KIB) + b'"'), [], "too_big"),
    ("far above it", b"x" * (1024 * KIB), [], "too_big"),
    ("no known first byte", b"hello", [], "format"),
    ("cut JSON", b'{"v":1,"id":"bad"', [], "syntax"),
    ("a comment", b'{"v":1 /* one */}', [], "syntax"),
    ("a trailing comma", b'{"v":1,}', [], "syntax"),
    ("JSON with bytes behind it", as_json(notice()) + b"{}", [], "trailing"),
    ("MessagePack with bytes behind it", msgpack.packb(notice()) + b"\xc0", [], "trailing"),
    ("bad UTF-8", text(b'"\xc3\x28"'), [], "utf8"),
    ("a lone surrogate", text(b'"\\ud800"'), [], "utf8"),
    ("bad UTF-8 in MessagePack", packed(b"\xa2\xc3\x28"), [], "utf8"),
    ("U+0000", text(b'"a\\u0000b"'), [], "utf8"),
    ("U+0000 in MessagePack", packed(b"\xa1\x00"), [], "utf8"),
    ("depth 33", text(nested(32)), [], "depth"),
    ("depth 100,000", text(nested(100000)), [], "depth"),
    ("depth 40 in MessagePack", packed(b"\x91" * 40 + b"\xc0"), [], "depth"),
    ("17,000 values", text(b"[" + b"1," * 16999 + b"1]"), [], "nodes"),
    ("1,001 events", b"[" + b",".join([as_json(notice())] * 1001) + b"]", [], "nodes"),
    ("a name of 257 bytes", text(b'{"' + b"k" * 257 + b'":1}'), [], "key"),
    ("an empty name", text(b'{"":1}'), [], "key"),
    ("a number as a name", packed(b"\x81\x01\x01"), [], "key"),
    ("one name twice", b'{"v":1,"id":"bad","kind":"notice","title":"t","title":"u"}', [], "duplicate_key"),
    ("one name twice by escapes", text(b'{"a":1,"\\u0061":2}'), [], "duplicate_key"),
    ("one name twice in MessagePack", packed(b"\x82\xa1a\x01\xa1a\x02"), [], "duplicate_key"),
    ("a text of 64 KiB and one", text(b'"' + b"x" * (64 * KIB + 1) + b'"'), [], "string"),
    ("NaN in MessagePack", packed(b"\xcb\x7f\xf8" + b"\0" * 6), [], "number"),
    ("infinite in MessagePack", packed(b"\xca\x7f\x80\0\0"), [], "number"),
    ("NaN in JSON", text(b"NaN"), [], "number"),
    ("1e400", text(b"1e400"), [], "number"),
    ("an extension type", packed(b"\xd4\x05\x00"), [], "type"),
    ("bytes", packed(b"\xc4\x01x"), [], "type"),
    ("a map that says 50 million", b"\xdf\x03\xff\xff\xff", [], "syntax"),
    ("an array that says 4 billion", packed(b"\xdd\xff\xff\xff\xff"), [], "syntax"),
    ("0xc1", packed(b"\xc1"), [], "syntax"),
    ("a number as the event", b" 5", [], "schema"),
    ("no title and no body", as_json(notice(title=None)), [], "schema"),
    ("a title that is a number", as_json(notice(title=5)), [], "schema"),
    ("severity 9", as_json(notice(severity=9)), [], "schema"),
    ("1,001 targets", as_json(notice(targets=[f"u{i}" for i in range(1001)])), [], "schema"),
    ("one target twice", as_json(notice(targets=["u", "u"])), [], "schema"),
    ("an account that is a number", as_json(INCIDENT | {"aliyunUID": 1467890000733152}), [], "schema"),
    ("an incident without its name", as_json({k: v for k, v in INCIDENT.items() if k != "incidentName"}), [], "schema"),
    ("no id", as_json(notice(id=None)), [], "id"),
    ("an empty id", as_json(notice(id="")), [], "id"),
    ("an id with a blank", as_json(notice(id="a b")), [], "id"),
    ("an id of 129 bytes", as_json(notice(id="i" * 129)), [], "id"),
    ("an id that is no text", as_json(notice(id=5)), [], "id"),
    ("an unknown kind", as_json(notice(kind="party")), [], "kind"),
    ("no kind", as_json(notice(kind=None)), [], "kind"),
    ("v 2", as_json(notice(v=2)), [], "version"),
    ("no v", as_json(notice(v=None)), [], "version"),
    ("a url with a user in it", as_json(notice(url="https://good.example@evil.example/")), [], "url"),
    ("a javascript url", as_json(notice(url="javascript:alert(1)")), [], "url"),
    ("a url that turns its direction", as_json(notice(url="https://a.example/\u202egpj.exe")), [], "url"),
    ("a CloudEvent without id", as_json(notice(v=None, id=None)), CE[:1] + CE[2:], "cloudevent"),
    ("a CloudEvent without source", as_json(notice(v=None, id=None)), CE[:2] + CE[3:], "cloudevent"),
    ("a CloudEvent of version 0.3", as_json(notice()), [("ce_specversion", b"0.3")] + CE[1:], "cloudevent"),
    ("a structured one without id", cloud(id=None), CE_JSON, "cloudevent"),
    ("a structured one with data twice", cloud(data_base64="e30="), CE_JSON, "cloudevent"),
    ("a batch that is none", cloud(), CE_BATCH, "cloudevent"),
    ("two content types", as_json(notice()), MSGPACK + CE_JSON, "headers"),
    ("two versions", as_json(notice()), CE[:1] * 2 + CE[1:], "headers"),
)


def one_bad_in_an_array():
    """All or none: the good first event of such a record is not sent."""
    return as_json([notice(id="never-sent"), notice(id="")])


def bad_inputs(servers, name):
    with World(servers, name, partitions=2) as world:
        made, letters, good = [], [], 0
        rows = BAD + (("an array of which one is bad", one_bad_in_an_array(), [], "id"),)
        for i, (what, value, headers, why) in enumerate(rows):
            bad = Record(
                value,
                f"key {i}".encode() if i % 3 else None,
                headers + [("what", what.encode())],
                int(time.time() * 1000) - i,
            )
            made.append(bad)
            letters.append((bad, f"bad_input.{why}"))
            made.append(encode([event(name, good)], "json"))
            good += 1
        world.produce(made)
        worker = world.worker()
        world.finished(60)
        world.never_doubled()
        check_bad(world, rows, letters)
        failures = worker.metric("alertbridge_decode_failures_total")
        expect(failures == len(rows), f"{failures} decode failures are counted, not {len(rows)}")
        worker.leave()
        return f"{len(rows)} bad records of {len(set(why for *_, why in rows))} kinds parked, {good} good ones delivered"


def check_bad(world, rows, letters):
    """Each reason, by the offset; what differs is said for all rows at once."""
    found = {}
    for letter in world.letters():
        told = dict(letter.headers())
        found.setdefault((int(told["alertbridge-partition"]), int(told["alertbridge-offset"])), []).append((letter, told))
    wrong = []
    for (what, value, headers, why), (record, reason) in zip(rows, letters):
        same = found.pop((record.partition, record.offset), [])
        if len(same) != 1:
            wrong.append(f"{what}: {len(same)} letters")
            continue
        letter, told = same[0]
        theirs = [(n, v) for n, v in letter.headers() if not n.startswith("alertbridge-")]
        seen = {
            "reason": told["alertbridge-reason"].decode(),
            "value": letter.value(),
            "key": letter.key(),
            "headers": theirs,
            "time": letter.timestamp()[1],
            "target": told["alertbridge-target"],
            "attempts": told["alertbridge-attempts"],
        }
        was = {
            "reason": reason,
            "value": record.value,
            "key": record.key,
            "headers": record.headers,
            "time": record.timestamp_ms,
            "target": b"_none",
            "attempts": b"0",
        }
        wrong += [
            f"{what}: {name} is {seen[name]!r:.80}, not {was[name]!r:.80}" for name in seen if seen[name] != was[name]
        ]
    expect(
        not wrong and not found,
        f"{len(wrong)} differ:\n  " + "\n  ".join(wrong) + f"\n{len(found)} letters that nobody asked for",
    )


def no_route(servers, name):
    with World(servers, name, partitions=2) as world:
        records = [encode([event(name, i)], "json") for i in range(100)]
        world.produce(records, note=False)
        wanted = []
        for record in records:
            made = record.events[0]
            if made["kind"] == "alert.generated":
                wanted.append((record, "no_route", "_none", made["id"], "-"))
            elif made["kind"] != "incident.updated":
                world.note([made])
        worker = world.worker(
            routes=[
                {"name": "updates", "when": {"kinds": ["incident.updated"]}, "to": "drop", "stop": True},
                {"name": "soar", "when": {"kinds": ["incident.generated"]}, "to": "soar-prod"},
                {"name": "portal", "when": {"kinds": ["notice"]}, "to": "portal"},
            ]
        )
        world.finished(30)
        world.never_doubled()
        world.dead_letters_are(wanted)
        dropped = worker.metric("alertbridge_deliveries_terminal_total", 'outcome="dropped"')
        expect(dropped == 16, f"{dropped} dropped, not 16")
        worker.leave()
        return f"{len(wanted)} without a route parked, {dropped:.0f} dropped by a route, {len(world.expected)} carried out"


def conflicts(servers, name):
    """The same id with another content, two targets for one event, and an array in which only one event is refused."""
    with World(servers, name, partitions=1) as world:
        world.sim.fault("poison", match="poison-")
        first, other = event(name, 0), event(name, 0) | {"title": "another"}
        bad, fine = event("poison-" + name, 2), event(name, 4)
        records = [encode([first], "json"), encode([other], "msgpack"), encode([fine, bad], "array")]
        world.produce(records, note=False)
        world.note([first, fine])
        worker = world.worker(notice={"batch": {"linger": "200ms"}})
        world.finished(30)
        world.never_doubled()
        world.dead_letters_are(
            [
                (records[1], "conflict", "portal", other["id"], "-"),
                (records[2], "rejected", "portal", bad["id"], r"200/\d+", 1),
            ]
        )
        worker.leave()
        return "conflict and one of an array parked alone"


FULL = {"bad-input": bad_inputs, "no-route": no_route, "conflict": conflicts}
QUICK = {}
