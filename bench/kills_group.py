"""kills_group.py: what Kafka says of a worker's group: how far it has committed, and its dead letters since the run began."""
import logging

from confluent_kafka import Consumer, KafkaException, TopicPartition

from place import PARTITIONS, fail

QUIET = {"log_level": 3, "logger": logging.getLogger("kafka")}
WAIT_S = 20


class Group:
    def __init__(self, brokers, topic, name):
        self.brokers, self.topic, self.name = brokers, topic, name
        self.ends = self.ends_of(topic, PARTITIONS)
        self.dead_from = self.ends_of(topic + ".dead", 1)[0]

    def consumer(self, name):
        return Consumer({"bootstrap.servers": self.brokers, "group.id": name, "enable.auto.commit": False,
                         "auto.offset.reset": "earliest", **QUIET})

    def ends_of(self, topic, partitions):
        consumer = self.consumer(self.name)
        try:
            return [consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=WAIT_S)[1] for p in range(partitions)]
        finally:
            consumer.close()

    def lag(self):
        """Records that are not committed; those of a partition without a commit are all of them."""
        consumer = self.consumer(self.name)
        try:
            committed = consumer.committed([TopicPartition(self.topic, p) for p in range(PARTITIONS)], timeout=WAIT_S)
            return sum(end - max(at.offset, 0) for end, at in zip(self.ends, committed))
        except KafkaException:      # the coordinator is busy with a rebalance
            return sum(self.ends)
        finally:
            consumer.close()

    def held(self):
        """Ids of the events in the dead-letter topic that came since this was made."""
        end, found, consumer = self.ends_of(self.topic + ".dead", 1)[0], set(), self.consumer(self.name + "-reader")
        at = self.dead_from
        try:
            consumer.assign([TopicPartition(self.topic + ".dead", 0, at)])
            while at < end:
                message = consumer.poll(WAIT_S)
                if message is None or message.error():
                    fail(f"dead letters {at} to {end} cannot be read")
                found.add(dict(message.headers())["alertbridge-id"].decode())
                at = message.offset() + 1
        finally:
            consumer.close()
        return found
