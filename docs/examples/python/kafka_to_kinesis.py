"""Writes with confluent-kafka and reads with boto3: a topic is a stream at once."""

import os
import time

import boto3
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

KAFKA = os.environ.get("KAFKA_BOOTSTRAP", "127.0.0.1:9092")
KINESIS = os.environ.get("KINESIS_ENDPOINT", "http://127.0.0.1:4567")
NAME = f"example-python-{time.time_ns()}"

admin = AdminClient({"bootstrap.servers": KAFKA})
admin.create_topics([NewTopic(NAME, num_partitions=1)])[NAME].result()

producer = Producer({"bootstrap.servers": KAFKA})
for position in range(1, 4):
    producer.produce(NAME, key="truck-1", value=f"position {position}")
producer.flush()

kinesis = boto3.client(
    "kinesis",
    endpoint_url=KINESIS,
    region_name="us-east-1",
    aws_access_key_id="any",  # The gateway accepts any credentials.
    aws_secret_access_key="any",
)
iterator = kinesis.get_shard_iterator(
    StreamName=NAME,
    ShardId="shardId-000000000000",
    ShardIteratorType="TRIM_HORIZON",
)["ShardIterator"]
count = 0
while count < 3:
    answer = kinesis.get_records(ShardIterator=iterator)
    iterator = answer["NextShardIterator"]
    for record in answer["Records"]:
        count += 1
        print(f"read by Kinesis: {record['PartitionKey']}, {record['Data'].decode()}")

admin.delete_topics([NAME])[NAME].result()
