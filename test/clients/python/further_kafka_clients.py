"""aiokafka and kafka-python as their users run them; records as JSON lines.

further_kafka_clients.py CLIENT produce BOOTSTRAP TOPIC COUNT CODEC,…     record-0 … under 97 keys
further_kafka_clients.py CLIENT transactions BOOTSTRAP TOPIC COUNT        aborted, then committed ones
further_kafka_clients.py CLIENT consume BOOTSTRAP TOPIC COUNT             a group reads COUNT records
further_kafka_clients.py CLIENT members BOOTSTRAP TOPIC                   two share 4 partitions; one leaves
"""

import asyncio
import base64
import json
import logging
import sys
import threading
import time
import traceback

import aiokafka
import kafka

KEYS = 97
DEADLINE_S = 60


def records(count, prefix="record"):
    for n in range(int(count)):
        yield f"key-{n % KEYS}".encode(), f"{prefix}-{n}".encode()


def show(record):
    print(
        json.dumps(
            {
                "partition": record.partition,
                "offset": record.offset,
                "key": record.key.decode(),
                "value": base64.b64encode(record.value).decode(),
                "ms": record.timestamp,
            }
        )
    )


def codec_of(name):
    return None if name == "none" else name


class Aiokafka:
    async def send(self, producer, topic, count, prefix="record"):
        sent = [await producer.send(topic, key=key, value=value) for key, value in records(count, prefix)]
        await asyncio.gather(*sent)

    async def produce(self, bootstrap, topic, count, codecs):
        for codec in codecs.split(","):
            settings = {"compression_type": codec_of(codec), "enable_idempotence": True}
            async with aiokafka.AIOKafkaProducer(bootstrap_servers=bootstrap, **settings) as producer:
                await self.send(producer, topic, count)

    async def transactions(self, bootstrap, topic, count):
        name = f"aiokafka-{topic}"
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=name) as producer:
            await producer.begin_transaction()
            await self.send(producer, topic, count, "aborted")
            await producer.abort_transaction()
            async with producer.transaction():
                await self.send(producer, topic, count)

    def member(self, bootstrap, topic, group):
        return aiokafka.AIOKafkaConsumer(
            topic,
            bootstrap_servers=bootstrap,
            group_id=group,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            enable_auto_commit=False,
        )

    async def consume(self, bootstrap, topic, count):
        async with self.member(bootstrap, topic, f"aiokafka-{topic}") as consumer:
            for _ in range(int(count)):
                show(await asyncio.wait_for(consumer.getone(), DEADLINE_S))
            await consumer.commit()

    async def members(self, bootstrap, topic):
        group = f"aiokafka-members-{topic}"
        async with self.member(bootstrap, topic, group) as stays:
            async with self.member(bootstrap, topic, group) as leaves:
                await self.hold([stays, leaves], 2, 2)
            await self.hold([stays], 4)

    async def hold(self, members, *expected):
        give_up = time.monotonic() + DEADLINE_S
        while (held := [len(member.assignment()) for member in members]) != list(expected):
            assert time.monotonic() < give_up, f"expected {expected}, they hold {held}"
            await asyncio.sleep(0.05)


class KafkaPython:
    def send(self, producer, topic, count, prefix="record"):
        sent = [producer.send(topic, key=key, value=value) for key, value in records(count, prefix)]
        producer.flush(DEADLINE_S)
        for future in sent:
            future.get(DEADLINE_S)

    def produce(self, bootstrap, topic, count, codecs):
        for codec in codecs.split(","):
            producer = kafka.KafkaProducer(bootstrap_servers=bootstrap, compression_type=codec_of(codec))
            self.send(producer, topic, count)
            producer.close()

    def transactions(self, bootstrap, topic, count):
        producer = kafka.KafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"kafka-python-{topic}")
        producer.init_transactions()
        producer.begin_transaction()
        self.send(producer, topic, count, "aborted")
        producer.abort_transaction()
        producer.begin_transaction()
        self.send(producer, topic, count)
        producer.commit_transaction()
        producer.close()

    def member(self, bootstrap, topic, group):
        """A consumer that knows the topic's partitions before it joins its group.

        Release 3.0.12 may else never get its partitions, from Kafka itself as well: a leader that joins
        without them joins again as soon as it hears of them, and where a poll times out between the
        answers to that JoinGroup and its SyncGroup, the assignment is thrown away.
        """
        consumer = kafka.KafkaConsumer(
            topic,
            bootstrap_servers=bootstrap,
            group_id=group,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            enable_auto_commit=False,
        )
        give_up = time.monotonic() + DEADLINE_S
        while not consumer.partitions_for_topic(topic):
            assert time.monotonic() < give_up, f"{topic} was never seen"
            time.sleep(0.05)
        return consumer

    def consume(self, bootstrap, topic, count):
        consumer = self.member(bootstrap, topic, f"kafka-python-{topic}")
        left = int(count)
        give_up = time.monotonic() + DEADLINE_S
        while left > 0:
            assert time.monotonic() < give_up, f"{left} records missing"
            for batch in consumer.poll(timeout_ms=500, max_records=left).values():
                left -= len(batch)
                for record in batch:
                    show(record)
        consumer.commit()
        consumer.close()

    def members(self, bootstrap, topic):
        """A member takes part in its group while it is polled: each by a thread of its own."""
        group = f"kafka-python-members-{topic}"
        held, stopped = {}, {name: threading.Event() for name in ("stays", "leaves")}

        failed = {}

        def run(name):
            try:
                consumer = self.member(bootstrap, topic, group)
                while not stopped[name].is_set():
                    consumer.poll(timeout_ms=100)
                    held[name] = len(consumer.assignment())
                consumer.close()
            except Exception:
                failed[name] = traceback.format_exc()

        def hold(**expected):
            give_up = time.monotonic() + DEADLINE_S
            while any(held.get(name) != count for name, count in expected.items()):
                assert not failed, f"members failed: {failed}"
                assert time.monotonic() < give_up, f"expected {expected}, they hold {held}"
                time.sleep(0.05)

        threads = {name: threading.Thread(target=run, args=(name,), daemon=True) for name in stopped}
        for thread in threads.values():
            thread.start()
        hold(stays=2, leaves=2)
        for name, others in (("leaves", {"stays": 4}), ("stays", {})):
            stopped[name].set()
            threads[name].join(DEADLINE_S)
            assert not threads[name].is_alive(), f"{name} did not end"
            assert not failed, f"members failed: {failed}"
            hold(**others)


if __name__ == "__main__":
    client, command, *rest = sys.argv[1:]
    # What a client warns of goes to standard error, which is shown where the program fails.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(threadName)s %(name)s %(message)s")
    made = {"aiokafka": Aiokafka, "kafka-python": KafkaPython}[client]()
    answer = getattr(made, command)(*rest)
    if client == "aiokafka":
        asyncio.run(answer)
