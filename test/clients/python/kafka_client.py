"""confluent-kafka-python (librdkafka) as its users run it; records as JSON lines.

kafka_client.py produce BOOTSTRAP TOPIC COUNT CODEC,…       record-0 … under 97 keys, by every codec
kafka_client.py transactions BOOTSTRAP TOPIC COUNT          COUNT committed, COUNT aborted records
kafka_client.py consume BOOTSTRAP TOPIC COUNT PROTOCOL      a group (classic or consumer) reads COUNT
kafka_client.py follow BOOTSTRAP TOPIC GROUP PROTOCOL [ID]  a member that reads and commits until its input ends
kafka_client.py members BOOTSTRAP TOPIC PROTOCOL            two members share 4 partitions; one leaves
kafka_client.py transform BOOTSTRAP SOURCE COUNT TARGET     copies in transactions, the first aborted
kafka_client.py copy BOOTSTRAP SOURCE COUNT TARGET          copies in many, each begun again where it failed
"""

import base64
import json
import sys
import threading
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition

KEYS = 97
DEADLINE_S = 60


def check(error, _message):
    assert error is None, error


def send(producer, topic, count, prefix="record"):
    for n in range(int(count)):
        while True:
            try:
                producer.produce(topic, key=f"key-{n % KEYS}", value=f"{prefix}-{n}", on_delivery=check)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(DEADLINE_S) == 0


def produce(bootstrap, topic, count, codecs):
    for codec in codecs.split(","):
        settings = {"bootstrap.servers": bootstrap, "compression.type": codec, "enable.idempotence": True}
        send(Producer(settings), topic, count)


def transactions(bootstrap, topic, count):
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": f"python-{topic}"})
    producer.init_transactions(DEADLINE_S)
    producer.begin_transaction()
    send(producer, topic, count, "aborted")
    producer.abort_transaction(DEADLINE_S)
    producer.begin_transaction()
    send(producer, topic, count)
    producer.commit_transaction(DEADLINE_S)


def member(bootstrap, group, protocol, **settings):
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "group.protocol": protocol,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            **settings,
        }
    )


def members(bootstrap, topic, protocol):
    group = f"python-members-{protocol}-{topic}"
    stays, leaves = member(bootstrap, group, protocol), member(bootstrap, group, protocol)
    for consumer in (stays, leaves):
        consumer.subscribe([topic])
    give_up = time.monotonic() + DEADLINE_S
    while [len(stays.assignment()), len(leaves.assignment())] != [2, 2]:
        assert time.monotonic() < give_up, "the partitions were not shared"
        for consumer in (stays, leaves):
            consumer.poll(0.1)
    leaves.close()
    while len(stays.assignment()) != 4:
        assert time.monotonic() < give_up, "the partitions were not taken over"
        stays.poll(0.1)
    stays.close()


def transform(bootstrap, source, count, target):
    """Offsets and records of a transaction that aborts must both be as if it had never been."""
    group = f"python-transform-{source}"
    for commit in (False, True):
        consumer = member(bootstrap, group, "classic")
        consumer.subscribe([source])
        producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": group})
        producer.init_transactions(DEADLINE_S)
        producer.begin_transaction()
        positions = {}
        give_up = time.monotonic() + DEADLINE_S
        for _ in range(int(count)):
            message = None
            while message is None:
                assert time.monotonic() < give_up, "records missing"
                message = consumer.poll(1)
            assert message.error() is None, message.error()
            producer.produce(target, key=message.key(), value=message.value(), on_delivery=check)
            producer.poll(0)
            positions[message.partition()] = message.offset() + 1
        offsets = [TopicPartition(source, partition, offset) for partition, offset in positions.items()]
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
        if commit:
            producer.commit_transaction(DEADLINE_S)
        else:
            assert producer.flush(DEADLINE_S) == 0
            producer.abort_transaction(DEADLINE_S)
        consumer.close()


def commit_copy(producer, consumer, batch, target):
    producer.begin_transaction()
    for message in batch:
        producer.produce(target, key=message.key(), value=message.value())
    offsets = consumer.position(consumer.assignment())
    give_up = time.monotonic() + DEADLINE_S
    steps = [
        lambda: producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata()),
        producer.commit_transaction,
    ]
    while steps:
        try:
            steps[0]()
            steps.pop(0)
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > give_up:
                raise


def copy(bootstrap, source, count, target):
    """Where all brokers were away, release 2.16.0 of librdkafka bootstraps again by itself, and may then
    send what is for a group's coordinator to a handle that it has given up: it waits for ever."""
    group = f"python-copy-{source}"
    consumer = member(bootstrap, group, "classic")
    consumer.subscribe([source])
    recovery = {"metadata.recovery.strategy": "none"}
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": group, **recovery})
    producer.init_transactions(DEADLINE_S)
    left = int(count)
    give_up = time.monotonic() + DEADLINE_S
    while left > 0:
        assert time.monotonic() < give_up, f"{left} records missing"
        batch = [message for message in consumer.consume(500, 0.2) if message.error() is None]
        if not batch:
            continue
        try:
            commit_copy(producer, consumer, batch, target)
            left -= len(batch)
        except KafkaException as error:
            print(f"begun again after {error}", file=sys.stderr)
            assert error.args[0].txn_requires_abort(), error
            producer.abort_transaction(DEADLINE_S)
            for committed in consumer.committed(consumer.assignment(), DEADLINE_S):
                if committed.offset < 0:
                    committed.offset = OFFSET_BEGINNING
                consumer.seek(committed)
    consumer.close()


def show(message):
    print(
        json.dumps(
            {
                "partition": message.partition(),
                "offset": message.offset(),
                "key": message.key().decode() if message.key() is not None else None,
                "value": base64.b64encode(message.value() or b"").decode(),
                "ms": message.timestamp()[1],
            }
        )
    )


def consume(bootstrap, topic, count, protocol):
    consumer = member(bootstrap, f"python-{protocol}-{topic}", protocol)
    consumer.subscribe([topic])
    left = int(count)
    give_up = time.monotonic() + DEADLINE_S
    while left > 0:
        assert time.monotonic() < give_up, f"{left} records missing"
        message = consumer.poll(1)
        if message is None:
            continue
        assert message.error() is None, message.error()
        left -= 1
        show(message)
    consumer.commit(asynchronous=False)
    consumer.close()


def commit_told(consumer, offsets):
    """What was acknowledged, and what was not and why, as JSON lines."""
    if not offsets:
        return
    sys.stdout.flush()
    asked = now_ms()
    wanted = [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
    try:
        answered = consumer.commit(offsets=wanted, asynchronous=False)
    except KafkaException as error:
        print(json.dumps({"failed": error.args[0].name()}), flush=True)
        return
    committed = {}
    for each in answered:
        if each.error is None:
            committed[each.partition] = each.offset
            offsets.pop((each.topic, each.partition))
        else:
            print(json.dumps({"failed": each.error.name()}))
    print(json.dumps({"committed": committed, "asked": asked, "at": now_ms()}), flush=True)


def now_ms():
    return time.time_ns() // 1_000_000


def follow(bootstrap, topic, group, protocol, client_id="rdkafka"):
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    # The coordinator says it where the group protocol is the new one.
    settings = {"client.id": client_id, "topic.metadata.refresh.interval.ms": 10_000}
    if protocol != "consumer":
        settings |= {"session.timeout.ms": 10_000, "heartbeat.interval.ms": 1_000}
    if protocol == "cooperative":
        settings |= {"partition.assignment.strategy": "cooperative-sticky"}
    consumer = member(bootstrap, group, protocol.replace("cooperative", "classic"), **settings)
    offsets = {}
    # What a member loses it commits no more.
    consumer.subscribe([topic], on_revoke=lambda *_: (commit_told(consumer, offsets), offsets.clear()))
    uncommitted = polled = 0
    while not ended.is_set():
        message = consumer.poll(0.1)
        if message is not None and message.error() is not None:
            print(json.dumps({"failed": message.error().name()}))
        elif message is not None:
            if now_ms() != polled:
                polled = now_ms()
                print(json.dumps({"polled": polled}))
            show(message)
            offsets[message.topic(), message.partition()] = message.offset() + 1
            uncommitted += 1
        if message is None or uncommitted >= 200:
            commit_told(consumer, offsets)
            uncommitted = 0
    commit_told(consumer, offsets)
    consumer.close()


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    commands = (produce, transactions, consume, follow, members, transform, copy)
    {each.__name__: each for each in commands}[command](*rest)
