"""coordinator.py: topics read from their begin to their end, the coordinator's own among them."""

import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from group_log import Group
from servers import Failure

TOPIC, SECONDS = "__consumer_offsets", 60


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


def tell(brokers, group, topic, life_of, sent, facts):
    """How many commits there were, and of how many nobody was seen to send them."""
    found = Group(group, topic, life_of, sent, facts)
    for message in read_topic(brokers, TOPIC):
        if message.key():
            found.see(message.timestamp()[1], message.key(), message.value())
    return found.commits, found.unseen
