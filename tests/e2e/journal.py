"""journal.py: what the workers say of their deliveries one by one: lines of the log, and the stream `<prefix>:j` in Redis."""

import collections
import datetime
import json
import subprocess

from servers import expect

ENDS = ("delivered", "duplicate", "dropped", "parked")


def entries(world):
    """All entries of the stream, oldest first."""
    said = subprocess.run(
        ["redis-cli", "--json", "-u", world.redis.url, "XRANGE", f"{world.name}:j", "-", "+"],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return [dict(zip(fields[::2], fields[1::2])) for _, fields in json.loads(said)]


def announced(world, target="soar-prod"):
    """Message id -> times, in ms, of the lines that say it is sent again in doubt."""
    times = collections.defaultdict(list)
    for worker in world.workers:
        for line in worker.lines("AB5107"):
            if line["target"] == target:
                stamp = datetime.datetime.fromisoformat(line["ts"].replace("Z", "+00:00"))
                times[line["message_id"]].append(round(stamp.timestamp() * 1000))
    return {key: sorted(stamps) for key, stamps in times.items()}


def second_ones_are_announced(world):
    """Each execution at SOAR but the first has a line of its own, written before it. Returns how many lines there are."""
    told = announced(world)
    for subject, times in world.ledger.read().doubled(notice=False).items():
        lines = told.get(subject, [])
        for nth, time in enumerate(sorted(times)[1:]):
            expect(
                nth < len(lines) and lines[nth] <= time,
                f"{subject} was carried out at {times}, and its lines AB5107 are of {lines}",
            )
    return sum(map(len, told.values()))


def stream_is_whole(world):
    """Whatever was carried out has its end in the stream, and nothing was announced there that no line announced."""
    ended, again = set(), collections.Counter()
    for entry in entries(world):
        expect(entry["outcome"] in ENDS + ("resend",), f"an entry of an unknown outcome: {entry}")
        if entry["outcome"] == "delivered":
            ended.add((entry["target"], entry["id"]))
        elif entry["outcome"] == "resend" and entry["target"] == "soar-prod":
            again[entry["id"]] += 1
    missing = {key for key in world.expected if not isinstance(key, tuple) and ("soar-prod", key) not in ended}
    expect(not missing, f"{len(missing)} were carried out and have no end in the journal: {sorted(missing)[:3]}")
    told = announced(world)
    foreign = {key: n for key, n in again.items() if n > len(told.get(key, []))}
    expect(not foreign, f"announced in the journal and not in the log: {foreign}")
    return sum(again.values())
