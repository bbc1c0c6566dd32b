"""boto3 as its users run it: put and read, records as JSON lines.

kinesis.py put ENDPOINT STREAM COUNT     puts record-0 … under 97 keys, prints what was answered
kinesis.py read ENDPOINT STREAM          prints every record of every shard, from the start to the tip
"""

import base64
import json
import sys

import boto3
from botocore.config import Config

KEYS = 97
BATCH = 500


def client(endpoint):
    return boto3.client(
        "kinesis",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        verify=False,
        config=Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=30),
    )


def put(kinesis, stream, count):
    for first in range(0, int(count), BATCH):
        numbers = range(first, min(first + BATCH, int(count)))
        records = [{"PartitionKey": f"key-{n % KEYS}", "Data": f"record-{n}".encode()} for n in numbers]
        answer = kinesis.put_records(StreamName=stream, Records=records)
        assert answer["FailedRecordCount"] == 0, answer
        for number, result in zip(numbers, answer["Records"]):
            print(json.dumps({"n": number, "shard": result["ShardId"], "seq": result["SequenceNumber"]}))


def read(kinesis, stream):
    shards = kinesis.list_shards(StreamName=stream)["Shards"]
    for shard in shards:
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            answer = kinesis.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                print(
                    json.dumps(
                        {
                            "shard": shard["ShardId"],
                            "seq": record["SequenceNumber"],
                            "key": record["PartitionKey"],
                            "value": base64.b64encode(record["Data"]).decode(),
                            "ms": record["ApproximateArrivalTimestamp"].timestamp() * 1000,
                        }
                    )
                )
            iterator = answer["NextShardIterator"]
            if answer["MillisBehindLatest"] == 0 and not answer["Records"]:
                break


if __name__ == "__main__":
    command, endpoint, *rest = sys.argv[1:]
    {"put": put, "read": read}[command](client(endpoint), *rest)
