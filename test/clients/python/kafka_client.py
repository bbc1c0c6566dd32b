"""confluent-kafka-python (librdkafka) as its users run it; records as JSON lines.

kafka_client.py produce BOOTSTRAP TOPIC COUNT COMPRESSION   record-0 … under 97 keys
kafka_client.py transactions BOOTSTRAP TOPIC COUNT          COUNT committed, COUNT aborted records
kafka_client.py consume BOOTSTRAP TOPIC COUNT PROTOCOL      a group (classic or consumer) reads COUNT
"""

import base64
import json
import sys
import time

from confluent_kafka import Consumer, Producer

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


def produce(bootstrap, topic, count, compression):
    producer = Producer(
        {"bootstrap.servers": bootstrap, "compression.type": compression, "enable.idempotence": True}
    )
    send(producer, topic, count)


def transactions(bootstrap, topic, count):
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": f"python-{topic}"})
    producer.init_transactions(DEADLINE_S)
    producer.begin_transaction()
    send(producer, topic, count, "aborted")
    producer.abort_transaction(DEADLINE_S)
    producer.begin_transaction()
    send(producer, topic, count)
    producer.commit_transaction(DEADLINE_S)


def consume(bootstrap, topic, count, protocol):
    settings = {
        "bootstrap.servers": bootstrap,
        "group.id": f"python-{protocol}-{topic}",
        "group.protocol": protocol,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
    }
    consumer = Consumer(settings)
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
    consumer.commit(asynchronous=False)
    consumer.close()


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    {"produce": produce, "transactions": transactions, "consume": consume}[command](*rest)
