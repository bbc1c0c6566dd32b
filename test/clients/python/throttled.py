"""boto3 against the rates of Kinesis, with its own retries.

throttled.py ENDPOINT STREAM    puts and reads faster than one shard allows; prints what was seen
"""

import json
import sys

import boto3
from botocore.config import Config

BYTES = 200 * 1024
PUTS = 12
BATCH = 500


def client(endpoint, attempts):
    return boto3.client(
        "kinesis",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}),
    )


def put_many(kinesis, stream, count):
    """The usual loop: what failed is put again. Answers how many entries failed on the way."""
    left = [{"PartitionKey": "many", "Data": str(n).encode()} for n in range(count)]
    failed, codes = 0, set()
    while left:
        batch = left[:BATCH]
        results = kinesis.put_records(StreamName=stream, Records=batch)["Records"]
        again = [entry for entry, result in zip(batch, results) if "ErrorCode" in result]
        codes.update(result["ErrorCode"] for result in results if "ErrorCode" in result)
        failed += len(again)
        left = again + left[BATCH:]
    return failed, sorted(codes)


def read_all(kinesis, stream, wanted):
    shard = kinesis.list_shards(StreamName=stream)["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records, retries = [], 0
    while len(records) < wanted:
        answer = kinesis.get_records(ShardIterator=iterator, Limit=300)
        retries += answer["ResponseMetadata"]["RetryAttempts"]
        records += answer["Records"]
        iterator = answer["NextShardIterator"]
    return records, retries


def main(endpoint, stream):
    patient, hasty = client(endpoint, 20), client(endpoint, 1)
    seen = {"refused": None}
    try:
        for _ in range(PUTS):
            hasty.put_record(StreamName=stream, PartitionKey="hasty", Data=b"x" * BYTES)
    except hasty.exceptions.ProvisionedThroughputExceededException as error:
        seen["refused"] = str(error)
    retries = 0
    for n in range(PUTS):
        data = str(n).encode().ljust(BYTES)
        answer = patient.put_record(StreamName=stream, PartitionKey="patient", Data=data)
        retries += answer["ResponseMetadata"]["RetryAttempts"]
    failed, seen["codes"] = put_many(patient, stream, 4 * BATCH)
    records, read_retries = read_all(patient, stream, PUTS + 4 * BATCH)
    numbers = {"patient": [], "many": []}
    for record in records:
        if record["PartitionKey"] in numbers:
            numbers[record["PartitionKey"]].append(int(record["Data"]))
    seen["patient"] = numbers["patient"] == list(range(PUTS))
    seen["many"] = numbers["many"] == list(range(4 * BATCH))
    seen["retried"] = [retries > 0, failed > 0, read_retries > 0]
    print(json.dumps(seen))


main(*sys.argv[1:])
