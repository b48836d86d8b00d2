"""broker_requests.py: what a worker asks of the broker, as it passes by: its commits, with who it is and in which generation.

Layouts: RequestHeader.json and OffsetCommitRequest.json of Apache Kafka, versions 2 to 9."""

import json
import struct

OFFSET_COMMIT, FLEXIBLE, VERSIONS = 8, 8, range(2, 10)


class Frame:
    """Big endian; from version 8 on texts and lists are compact, and tagged fields end each level."""

    def __init__(self, data):
        self.data, self.at, self.flexible = data, 0, False

    def number(self, form):
        found = struct.unpack_from(">" + form, self.data, self.at)[0]
        self.at += struct.calcsize(form)
        return found

    def varint(self):
        found, shift = 0, 0
        while True:
            byte = self.number("B")
            found |= (byte & 0x7F) << shift
            if byte < 0x80:
                return found
            shift += 7

    def plain_text(self):
        return self.take(self.number("h"))

    def text(self):
        return self.take(self.varint() - 1) if self.flexible else self.plain_text()

    def take(self, size):
        self.at += max(size, 0)
        return self.data[self.at - size : self.at].decode() if size >= 0 else None

    def count(self):
        return self.varint() - 1 if self.flexible else self.number("i")

    def tags(self):
        for _ in range(self.varint() if self.flexible else 0):
            self.varint()
            self.at += self.varint()


def read_commits(data):
    """[{client, generation, group, topic, partition, offset}] of one request; nothing of one of another kind."""
    frame, found = Frame(data), []
    kind, version, _, client = frame.number("h"), frame.number("h"), frame.number("i"), frame.plain_text()
    if kind != OFFSET_COMMIT:
        return found
    if version not in VERSIONS:
        raise ValueError(f"OffsetCommit of version {version}")
    frame.flexible = version >= FLEXIBLE
    frame.tags()
    who = {"client": client, "group": frame.text(), "generation": frame.number("i")}
    frame.text()  # the member's id
    if version >= 7:
        frame.text()  # of its instance
    if version <= 4:
        frame.number("q")  # retention
    for _ in range(frame.count()):
        topic = frame.text()
        for _ in range(frame.count()):
            found.append(who | {"topic": topic, "partition": frame.number("i"), "offset": frame.number("q")})
            if version >= 6:
                frame.number("i")  # the leader's epoch
            frame.text()  # metadata
            frame.tags()
        frame.tags()
    return found


class Requests:
    """One connection to the broker, in pieces as they come."""

    def __init__(self, out):
        self.data, self.out = bytearray(), out

    def pass_by(self, piece):
        self.data += piece
        while len(self.data) >= 4:
            end = 4 + struct.unpack_from(">I", self.data)[0]
            if len(self.data) < end:
                return
            for commit in read_commits(bytes(self.data[4:end])):
                self.out.write(json.dumps(commit) + "\n")
            del self.data[:end]


def sent_commits(path, group, topic):
    """(partition, offset) -> [(generation, client id)] of all that was written there."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for commit in map(json.loads, file):
            if (commit["group"], commit["topic"]) == (group, topic):
                found.setdefault((commit["partition"], commit["offset"]), []).append((commit["generation"], commit["client"]))
    return found
