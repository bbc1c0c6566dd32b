"""librdkafka at the rates of shards: nothing may fail, and it tells by itself that it had to wait.

limited.py produce BOOTSTRAP TOPIC COUNT BYTES BATCH     idempotent; requests of BATCH records at most
limited.py consume BOOTSTRAP TOPIC COUNT                 a group of one member reads COUNT records
"""

import json
import sys
import time

from confluent_kafka import Consumer, Producer

DEADLINE_S = 120


def watched():
    """What the client tells its user of, and the settings that make it tell."""
    seen = {"errors": [], "waits": 0}

    def on_throttle(_event):
        seen["waits"] += 1

    return seen, {"error_cb": lambda error: seen["errors"].append(str(error)), "throttle_cb": on_throttle}


def produce(bootstrap, topic, count, size, batch):
    seen, settings = watched()
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "linger.ms": 20,
            "batch.num.messages": int(batch),
            **settings,
        }
    )
    done = {"acknowledged": 0, "failed": []}

    def on_delivery(error, _message):
        if error is None:
            done["acknowledged"] += 1
        else:
            done["failed"].append(str(error))

    started = time.monotonic()
    for n in range(int(count)):
        producer.produce(topic, value=str(n).ljust(int(size)), on_delivery=on_delivery)
        producer.poll(0)
    producer.flush(DEADLINE_S)
    print(json.dumps({**seen, **done, "seconds": time.monotonic() - started}))


def consume(bootstrap, topic, count):
    seen, settings = watched()
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"limited-{topic}",
            "auto.offset.reset": "earliest",
            **settings,
        }
    )
    revoked = []
    consumer.subscribe([topic], on_revoke=lambda _consumer, partitions: revoked.extend(partitions))
    offsets, failed, started = [], [], None
    give_up = time.monotonic() + DEADLINE_S
    while len(offsets) < int(count) and time.monotonic() < give_up:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error() is not None:
            failed.append(str(message.error()))
            continue
        started = started or time.monotonic()
        offsets.append(message.offset())
    seconds = time.monotonic() - (started or 0)
    lost = len(revoked)
    consumer.close()
    in_order = offsets == list(range(int(count)))
    print(json.dumps({**seen, "inOrder": in_order, "failed": failed, "revoked": lost, "seconds": seconds}))


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    {"produce": produce, "consume": consume}[command](*rest)
