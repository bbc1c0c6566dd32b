"""boto3 as its users run it: put and read, records as JSON lines.

kinesis.py put ENDPOINT STREAM COUNT       puts record-0 … under 97 keys, prints what was answered
kinesis.py read ENDPOINT STREAM            prints every record of every shard, from the start to the tip
kinesis.py actions ENDPOINT STREAM [CA]    every core action once; prints what was seen as one line
"""

import base64
import json
import sys
import time
from datetime import timedelta

import boto3
from botocore.config import Config

KEYS = 97
BATCH = 500


def client(endpoint, ca=False):
    return boto3.client(
        "kinesis",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        verify=ca,
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


def actions(kinesis, stream):
    """The same scenario as in test/clients/node/actions.ts, with the same words for what was seen."""
    seen = {}
    kinesis.create_stream(StreamName=stream, ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName=stream)
    seen["listed"] = stream in kinesis.list_streams()["StreamNames"]
    described = kinesis.describe_stream(StreamName=stream)["StreamDescription"]
    seen["status"] = described["StreamStatus"]
    seen["shards"] = len(described["Shards"])
    seen["retention"] = described["RetentionPeriodHours"]
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"team": "a", "cost": "b"})
    kinesis.remove_tags_from_stream(StreamName=stream, TagKeys=["cost"])
    tags = kinesis.list_tags_for_stream(StreamName=stream)["Tags"]
    seen["tags"] = [f"{tag['Key']}={tag['Value']}" for tag in tags]
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    kinesis.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=36)
    summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    seen["retentionNow"] = summary["RetentionPeriodHours"]
    seen["open"] = summary["OpenShardCount"]
    seen.update(records_seen(kinesis, stream))
    try:
        kinesis.put_record(StreamName=f"{stream}-none", PartitionKey="k", Data=b"x")
    except kinesis.exceptions.ResourceNotFoundException as error:
        seen["missing"] = error.response["Error"]["Code"]
    kinesis.delete_stream(StreamName=stream)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=stream)
    seen["listedAfterDelete"] = stream in kinesis.list_streams()["StreamNames"]
    print(json.dumps(seen))


def records_seen(kinesis, stream):
    first = kinesis.put_record(StreamName=stream, PartitionKey="k", Data=b"first")
    shard = first["ShardId"]
    entries = [{"PartitionKey": "k", "Data": value} for value in (b"a", b"b", b"c")]
    put = kinesis.put_records(StreamName=stream, Records=entries)
    a = put["Records"][0]["SequenceNumber"]
    shards = kinesis.list_shards(StreamName=stream)["Shards"]

    def iterator(kind, **where):
        answer = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard, ShardIteratorType=kind, **where
        )
        return answer["ShardIterator"]

    def records(from_iterator):
        return kinesis.get_records(ShardIterator=from_iterator)["Records"]

    def values(from_iterator):
        return [record["Data"].decode() for record in records(from_iterator)]

    horizon = records(iterator("TRIM_HORIZON"))
    at = horizon[0]["ApproximateArrivalTimestamp"]
    latest = iterator("LATEST")
    seen = {
        "failed": put["FailedRecordCount"],
        "oneShard": all(each["ShardId"] == shard for each in put["Records"]),
        "shardIds": [each["ShardId"] for each in shards],
        "trimHorizon": [record["Data"].decode() for record in horizon],
        "sameSequence": [each["SequenceNumber"] for each in horizon[:2]] == [first["SequenceNumber"], a],
        "fresh": abs(time.time() - at.timestamp()) < 600,
        "atSequence": values(iterator("AT_SEQUENCE_NUMBER", StartingSequenceNumber=a)),
        "afterSequence": values(iterator("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=a)),
        "atTimestamp": values(iterator("AT_TIMESTAMP", Timestamp=at)),
    }
    try:
        iterator("AT_TIMESTAMP", Timestamp=at + timedelta(hours=1))
    except kinesis.exceptions.InvalidArgumentException as error:
        seen["atFutureTimestamp"] = error.response["Error"]["Code"]
    kinesis.put_record(StreamName=stream, PartitionKey="k", Data=b"last")
    seen["latest"] = values(latest)
    return seen


if __name__ == "__main__":
    command, endpoint, stream, *rest = sys.argv[1:]
    if command == "actions":
        actions(client(endpoint, *rest), stream)
    else:
        {"put": put, "read": read}[command](client(endpoint), stream, *rest)
