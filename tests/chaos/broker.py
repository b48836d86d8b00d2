"""broker.py: what can happen to the Kafka node, and to its topics while it runs."""

import socket
import struct
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions

from servers import QUIET, wait_until

ALTER_CLIENT_QUOTAS, BYTES_A_SECOND, CALLS_S, PERSISTS_S = 49, 2000.0, 15, 90
LETTER_WITHIN_S = 45  # somebody has one to write
KNOWN_S = 5  # until the producers have asked again what there is
# How long the node makes a client wait that took too much: at most its windows.
PROPERTIES = "quota.window.num=3\n"


def text(word):
    return struct.pack(">h", -1) if word is None else struct.pack(">h", len(word)) + word.encode()


def persist(what, act):
    """The node may have come back this moment."""

    def tried():
        try:
            act()
            return True
        except (KafkaException, OSError):
            return False

    wait_until(what, tried, PERSISTS_S, every=0.5)


class Broker:
    """The names of its deeds are those of the schedule; each answers how often it was seen to work, or None where it is seen
    by itself."""

    def __init__(self, kafka, world, fleet):
        self.kafka, self.world, self.fleet = kafka, world, fleet

    def stop(self, for_s):
        self.kafka.stop()
        time.sleep(for_s)
        self.kafka.start()

    def kill(self, for_s):
        self.kafka.kill()
        time.sleep(for_s)
        self.kafka.start()

    def client(self):
        return AdminClient({"bootstrap.servers": self.kafka.brokers, **QUIET})

    def partition_added(self, for_s):
        """Once in a run; keys go to other partitions once the producers know of it."""
        wanted, topic = self.world.partitions + 1, self.world.topic

        def grow():
            client = self.client()
            if len(client.list_topics(topic, 10).topics[topic].partitions) < wanted:
                client.create_partitions([NewPartitions(topic, wanted)])[topic].result(CALLS_S)

        persist("the topic has another partition", grow)
        time.sleep(KNOWN_S)
        self.world.partitions = wanted

    # ---- fetches that bring little or nothing ----

    def quota(self, remove):
        """AlterClientQuotas, version 0, for every client id: https://kafka.apache.org/protocol"""
        value = struct.pack(">d?", 0.0 if remove else BYTES_A_SECOND, remove)
        entity = struct.pack(">i", 1) + text("client-id") + text(None)
        body = struct.pack(">i", 1) + entity + struct.pack(">i", 1) + text("consumer_byte_rate") + value + b"\0"
        request = struct.pack(">hhi", ALTER_CLIENT_QUOTAS, 0, 1) + text("chaos") + body
        host, _, port = self.kafka.brokers.rpartition(":")
        with socket.create_connection((host, int(port)), 5) as link:
            link.settimeout(10)
            link.sendall(struct.pack(">i", len(request)) + request)
            if not link.recv(4):
                raise OSError("closed")

    def empty_fetches(self, for_s):
        """Everybody gets the same; it is counted where it can be seen, at a client of our own."""
        seen, tops = [], self.world.tops(self.world.topic)
        consumer = Consumer(
            {"bootstrap.servers": self.kafka.brokers, "group.id": "chaos-slow", "throttle_cb": seen.append, **QUIET}
        )
        persist("there is a quota", lambda: self.quota(remove=False))
        try:
            over = time.monotonic() + for_s
            while time.monotonic() < over:
                consumer.assign([TopicPartition(top.topic, top.partition, 0) for top in tops])  # the same, again and again
                consumer.consume(100, 0.3)
        finally:
            persist("the quota is lifted", lambda: self.quota(remove=True))
            consumer.close()
        return len(seen)

    # ---- dead letters that the topic does not take ----

    def configure_dead(self, operation, value):
        resource = ConfigResource(ConfigResource.Type.TOPIC, self.world.dead)
        entry = ConfigEntry("message.timestamp.before.max.ms", value, incremental_operation=operation)
        resource.add_incremental_config(entry)

        def alter():
            client = self.client()  # its answers come as long as it is there
            for done in client.incremental_alter_configs([resource]).values():
                done.result(CALLS_S)

        persist("the dead-letter topic has its settings", alter)

    def letters_refused(self, for_s):
        """A letter keeps its record's time, so a topic that takes none from the past takes none at all."""
        mark = self.fleet.mark()
        self.configure_dead(AlterConfigOpType.SET, "0")
        deadline = time.monotonic() + LETTER_WITHIN_S
        time.sleep(for_s)
        while time.monotonic() < deadline and not self.fleet.said("AB6102", mark):
            time.sleep(0.2)
        self.configure_dead(AlterConfigOpType.DELETE, None)
        return self.fleet.said("AB6102", mark)
