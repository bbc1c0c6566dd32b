"""Producers that ask for no acknowledgement and close at once: each round a producer of its own.

closing.py CLIENT BOOTSTRAP TOPIC ROUNDS RECORDS BYTES      CLIENT: kafka-python, librdkafka, aiokafka
"""

import asyncio
import sys

import aiokafka
import confluent_kafka
import kafka

DEADLINE_S = 120


def kafka_python(bootstrap, topic, count, value):
    producer = kafka.KafkaProducer(bootstrap_servers=bootstrap, acks=0)
    sent = [producer.send(topic, value) for _ in range(count)]
    producer.flush(DEADLINE_S)
    producer.close()
    failed = [str(each.exception) for each in sent if not each.succeeded()]
    assert not failed, f"{len(failed)} records were not sent: {failed[0]}"


def librdkafka(bootstrap, topic, count, value):
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "acks": 0})
    for _ in range(count):
        producer.produce(topic, value)
    left = producer.flush(DEADLINE_S)
    assert left == 0, f"{left} records were not sent"
    # It is closed where nothing holds it any more.
    del producer


async def send_by_aiokafka(bootstrap, topic, count, value):
    async with aiokafka.AIOKafkaProducer(bootstrap_servers=bootstrap, acks=0) as producer:
        for _ in range(count):
            await producer.send(topic, value)
        await producer.flush()


def by_aiokafka(*given):
    asyncio.run(send_by_aiokafka(*given))


if __name__ == "__main__":
    client, bootstrap, topic, rounds, count, size = sys.argv[1:]
    send = {"kafka-python": kafka_python, "librdkafka": librdkafka, "aiokafka": by_aiokafka}[client]
    for _ in range(int(rounds)):
        send(bootstrap, topic, int(count), b"x" * int(size))
