"""A producer of librdkafka that writes until its input ends, and tells what was acknowledged.

load.py BOOTSTRAP TOPIC PREFIX KEYS      idempotent; values PREFIX.0 … go round under KEYS keys
"""

import json
import sys
import threading

from confluent_kafka import Producer

PER_S = 300
FLUSH_S = 60


def tell(error, message):
    if error is None:
        print(json.dumps({"acknowledged": message.value().decode()}), flush=True)
    else:
        print(json.dumps({"failed": str(error)}), flush=True)


def main(bootstrap, topic, prefix, keys):
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5})
    n = 0
    while not ended.is_set():
        try:
            producer.produce(topic, key=str(n % int(keys)), value=f"{prefix}.{n}", on_delivery=tell)
            n += 1
        except BufferError:
            producer.poll(0.1)
        producer.poll(1 / PER_S)
    producer.flush(FLUSH_S)


main(*sys.argv[1:])
