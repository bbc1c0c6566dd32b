"""A member of a share group, with confluent-kafka; one JSON line for each record that it accepted.

share_member.py BOOTSTRAP TOPIC GROUP      until its input ends
"""

import json
import sys
import threading

from confluent_kafka import AcknowledgeType, ShareConsumer

POLL_S = 0.2


def main(bootstrap, topic, group):
    consumer = ShareConsumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "share.acknowledgement.mode": "explicit",
            "max.poll.records": 20,
        }
    )
    consumer.subscribe([topic])
    reading = threading.Thread(target=sys.stdin.read, daemon=True)
    reading.start()
    while reading.is_alive():
        accepted = []
        for message in consumer.poll(POLL_S):
            if message.error() is not None:
                raise RuntimeError(message.error())
            consumer.acknowledge(message, AcknowledgeType.ACCEPT)
            accepted.append({"value": message.value().decode(), "count": message.delivery_count()})
        for failure in consumer.commit_sync().values():
            if failure is not None:
                raise failure
        for line in accepted:
            print(json.dumps(line), flush=True)
    consumer.close()


main(*sys.argv[1:])
