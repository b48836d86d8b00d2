"""coordinator.py: what the group's coordinator wrote down: every commit it took, and who had which partition in which generation.

The topic __consumer_offsets is the coordinator's log: the records of one group stand in one partition in the order in which it
decided. Layouts: OffsetCommitValue.json, GroupMetadataValue.json and ConsumerProtocolAssignment.json of Apache Kafka."""

import struct
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from servers import Failure

TOPIC, SECONDS, FLEXIBLE_GROUP = "__consumer_offsets", 60, 4


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


def read_topic(brokers, topic):
    """Every record that can be read, partition after partition."""
    consumer = Consumer(
        {"bootstrap.servers": brokers, "group.id": "chaos-reader", "enable.auto.commit": False, "enable.partition.eof": True}
    )
    try:
        for number in consumer.list_topics(topic, 10).topics[topic].partitions:
            consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING)])
            yield from read_partition(consumer, f"{topic}/{number}")
    finally:
        consumer.close()


def read_partition(consumer, name):
    moved = time.monotonic()
    while time.monotonic() - moved < SECONDS:
        for message in consumer.consume(5000, 1):
            moved = time.monotonic()
            if not message.error():
                yield message
            elif message.error().code() == KafkaError._PARTITION_EOF:
                return
    raise Failure(f"the end of {name} is not reached")


class Group:
    """Goes through the log; tells assigned, revoked and committed with worker and generation."""

    def __init__(self, name, topic, life_of, facts):
        self.name, self.topic, self.life_of, self.facts = name, topic, life_of, facts
        self.generation, self.owners, self.at, self.commits = 0, {}, 0, 0

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

    def see_commit(self, partition, offset):
        self.commits += 1
        worker = self.owners.get(partition, 0)
        self.facts.add("committed", self.at, worker=worker, partition=partition, epoch=self.generation, offset=offset)


def tell(brokers, group, topic, life_of, facts):
    """How many commits there were."""
    found = Group(group, topic, life_of, facts)
    for message in read_topic(brokers, TOPIC):
        if message.key():
            found.see(message.timestamp()[1], message.key(), message.value())
    return found.commits
