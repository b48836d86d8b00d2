"""letters.py: the records of the dead-letter topic, against what docs/semantics.md says of them."""

import re

from servers import expect

OURS = "alertbridge-"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def told(letter):
    """The headers of ours, without their prefix."""
    headers = letter.headers() or []
    return {name.removeprefix(OURS): value.decode() for name, value in headers if name.startswith(OURS)}


def by_record(letters):
    """(partition, offset, index) of the event -> its letters."""
    found = {}
    for letter in letters:
        headers = told(letter)
        found.setdefault(tuple(headers.get(name, "") for name in ("partition", "offset", "index")), []).append(letter)
    return found


def check_letters(letters, topic, wanted, starts=1, kills=0):
    """`wanted` as World.dead_letters_are() has it. One letter of each, in that order."""
    left, found = by_record(letters), []
    for record, reason, target, event_id, code, *index in wanted:
        at = (str(record.partition), str(record.offset), str(index[0] if index else 0))
        same = left.pop(at, ())
        most = starts if target == "_none" else 1 + kills
        expect(1 <= len(same) <= most, f"{len(same)} dead letters for {reason} at {at}, not 1 to {most}")
        for letter in same:
            check_letter(letter, topic, record, reason, target, event_id, code)
        found.append(same[0])
    expect(
        not left,
        f"{len(left)} dead letters that nobody asked for: {[dict(same[0].headers()) for same in left.values()][:3]}",
    )
    return found


def check_letter(letter, topic, record, reason, target, event_id, code):
    """The record as it came, and the worker's own headers instead of any it had."""
    where = f"dead letter of {record.partition}/{record.offset} ({reason})"
    check_record(letter, record, where)
    headers = told(letter)
    wanted = {
        "reason": reason,
        "target": target,
        "topic": topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "id": event_id,
    }
    for name, value in wanted.items():
        expect(headers.get(name) == value, f"{where}: {OURS}{name} is {headers.get(name)!r}, not {value!r}")
    expect(re.fullmatch(code, headers.get("code", "")), f"{where}: {OURS}code {headers.get('code')!r}, not {code}")
    expect("message" in headers, f"{where}: no {OURS}message")
    check_calls(headers, target != "_none" and code != "-", where)


def check_record(letter, record, where):
    """Every byte that came, without headers that only we may write."""
    headers = letter.headers() or []
    ours = [name for name, _ in headers if name.startswith(OURS)]
    expect(len(ours) == len(set(ours)), f"{where}: a header of ours appears twice: {headers}")
    theirs = [(name, value) for name, value in headers if not name.startswith(OURS)]
    original = [(name, value) for name, value in record.headers if not name.startswith(OURS)]
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


def check_calls(headers, called, where):
    """How often and when a backend was called; an event that never was has neither time."""
    attempts = headers.get("attempts", "")
    expect(re.fullmatch(r"[1-9]\d*" if called else "0", attempts), f"{where}: {OURS}attempts {attempts!r}")
    for name in ("first", "last"):
        stamp = headers.get(name)
        expect(
            (stamp is not None) == called and (not called or re.fullmatch(TIME, stamp)),
            f"{where}: {OURS}{name} is {stamp!r}",
        )
