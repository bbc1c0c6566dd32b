"""boto3 against the rates of Kinesis, with its own retries.

throttled.py ENDPOINT STREAM    puts and reads faster than one shard allows; prints what was seen
"""

import json
import sys

import boto3
from botocore.config import Config

# Two records, one batch, or one read exceed a second's worth, however slow the machine is.
BYTES = 900 * 1024
PUTS = 4
BATCH = 500
ENTRY_BYTES = 3 * 1024
READ_RECORDS = 700


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
    data = [str(n).encode().ljust(ENTRY_BYTES) for n in range(count)]
    left = [{"PartitionKey": "many", "Data": each} for each in data]
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
        answer = kinesis.get_records(ShardIterator=iterator, Limit=READ_RECORDS)
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
    failed, seen["codes"] = put_many(patient, stream, 2 * BATCH)
    records, read_retries = read_all(patient, stream, PUTS + 2 * BATCH)
    numbers = {"patient": [], "many": []}
    for record in records:
        if record["PartitionKey"] in numbers:
            numbers[record["PartitionKey"]].append(int(record["Data"]))
    seen["patient"] = numbers["patient"] == list(range(PUTS))
    seen["many"] = numbers["many"] == list(range(2 * BATCH))
    seen["retried"] = [retries > 0, failed > 0, read_retries > 0]
    print(json.dumps(seen))


main(*sys.argv[1:])
