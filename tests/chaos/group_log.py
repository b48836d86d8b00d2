"""group_log.py: what the group's coordinator wrote down: every commit it took, and who had which partition in which generation.

The topic __consumer_offsets is the coordinator's log: the records of one group stand in one partition in the order in which it
decided. Layouts: OffsetCommitValue.json, GroupMetadataValue.json and ConsumerProtocolAssignment.json of Apache Kafka."""

import struct

FLEXIBLE_GROUP = 4


class Reader:
    """Kafka's older encoding: big endian, sizes of two or four bytes."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, form):
        found = struct.unpack_from(">" + form, self.data, self.at)[0]
        self.at += struct.calcsize(form)
        return found

    def text(self):
        size = self.number("h")
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size : self.at].decode()

    def bytes(self):
        size = self.number("i")
        self.at += max(size, 0)
        return self.data[self.at - size : self.at] if size > 0 else b""


def read_assignment(data):
    """[(topic, partition)]; a member that has nothing has no bytes."""
    reader, found = Reader(data), []
    if not data:
        return found
    reader.number("h")
    for _ in range(reader.number("i")):
        topic = reader.text()
        found += [(topic, reader.number("i")) for _ in range(reader.number("i"))]
    return found


def read_group(data):
    """Generation, and client id -> [(topic, partition)]."""
    reader = Reader(data)
    version = reader.number("h")
    if version >= FLEXIBLE_GROUP:
        raise ValueError(f"group metadata of version {version}")
    reader.text()
    generation, _, _ = reader.number("i"), reader.text(), reader.text()
    if version >= 2:
        reader.number("q")
    members = {}
    for _ in range(reader.number("i")):
        reader.text()
        if version >= 3:
            reader.text()
        client, _ = reader.text(), reader.text()
        reader.number("i")
        if version >= 1:
            reader.number("i")
        reader.bytes()
        members[client] = read_assignment(reader.bytes())
    return generation, members


def read_commit(data):
    """The offset stands first in all versions, 4.1's flexible one included."""
    reader = Reader(data)
    reader.number("h")
    return reader.number("q")


class Group:
    """Goes through the log; tells assigned and revoked by it, and who committed by what the workers were seen to send: the log
    itself does not name who commits. `sent`: (partition, offset) -> [(generation, client id)]."""

    def __init__(self, name, topic, life_of, sent, facts):
        self.name, self.topic, self.life_of, self.sent, self.facts = name, topic, life_of, sent, facts
        self.generation, self.owners, self.at, self.commits, self.unseen = 0, {}, 0, 0, 0

    def see(self, at, key, value):
        reader = Reader(key)
        version, group = reader.number("h"), reader.text()
        if group != self.name or value is None:
            return
        self.at = max(self.at, at)
        if version == 2:
            self.see_group(*read_group(value))
        elif version in (0, 1) and reader.text() == self.topic:
            self.see_commit(reader.number("i"), read_commit(value))

    def see_group(self, generation, members):
        owners = {
            partition: self.life_of(client)
            for client, parts in members.items()
            for topic, partition in parts
            if topic == self.topic
        }
        for partition, worker in self.owners.items():
            self.facts.add("revoked", self.at, worker=worker, partition=partition, epoch=self.generation)
        for partition, worker in owners.items():
            self.facts.add("assigned", self.at, worker=worker, partition=partition, epoch=generation)
        self.generation, self.owners = generation, owners

    def senders(self, partition, offset):
        """(generation, worker) of each who asked for it in the generation in which it was taken; else of whoever did."""
        sent = {(generation, self.life_of(client)) for generation, client in self.sent.get((partition, offset), ())}
        return {one for one in sent if one[0] == self.generation} or sent

    def see_commit(self, partition, offset):
        senders = self.senders(partition, offset)
        self.commits += 1
        self.unseen += not senders
        for generation, worker in sorted(senders) or [(self.generation, 0)]:
            self.facts.add("committed", self.at, worker=worker, partition=partition, epoch=generation, offset=offset)
