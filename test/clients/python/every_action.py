"""Every action of the API through boto3, in an order in which each finds what it needs.

every_action.py ENDPOINT STREAM ACTION,ACTION,…   the last are those that the gateway has

Prints one line of JSON: the actions that were answered, and what was seen of them.
"""

import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

DEADLINE_SECONDS = 60


class Scenario:
    def __init__(self, endpoint, stream, supported):
        self.kinesis = boto3.client(
            "kinesis",
            endpoint_url=endpoint,
            region_name="eu-west-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"mode": "standard", "max_attempts": 8}, read_timeout=30),
        )
        self.kinesis.meta.events.register("after-call.kinesis", self.note)
        self.stream = stream
        self.arn = f"arn:aws:kinesis:eu-west-1:000000000000:stream/{stream}"
        self.supported = set(supported)
        self.answered = set()
        self.seen = {}

    def note(self, model, parsed, **rest):
        if "Error" not in parsed:
            self.answered.add(model.name)

    def summary(self):
        return self.kinesis.describe_stream_summary(StreamName=self.stream)["StreamDescriptionSummary"]

    def settled(self):
        """As a program waits that changes one thing after another."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.summary()["StreamStatus"] != "ACTIVE":
            assert time.monotonic() < deadline, self.summary()
            time.sleep(0.05)

    def refused(self, call, **given):
        try:
            call(**given)
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "nothing"

    def run(self):
        self.account()
        self.streams()
        self.retention_and_tags()
        self.records()
        self.consumer()
        self.settings()
        self.policies()
        self.resharding()
        self.queue()
        self.queue_records()
        self.kinesis.delete_stream(StreamARN=self.arn)
        self.kinesis.get_waiter("stream_not_exists").wait(StreamName=self.stream)
        self.seen["gone"] = self.refused(self.kinesis.describe_stream, StreamName=self.stream)
        print(json.dumps({"answered": sorted(self.answered), "seen": self.seen}))

    def account(self):
        wanted = {"Status": "ENABLED"}
        told = self.kinesis.update_account_settings(MinimumThroughputBillingCommitment=wanted)
        again = self.kinesis.describe_account_settings()
        commitment = again["MinimumThroughputBillingCommitment"]
        self.seen["sameSettings"] = told["MinimumThroughputBillingCommitment"] == commitment
        self.seen["commitment"] = commitment["Status"]
        least = commitment["EarliestAllowedEndAt"] - commitment["StartedAt"]
        self.seen["commitmentHours"] = least.total_seconds() / 3600

    def streams(self):
        limits = self.kinesis.describe_limits()
        before = limits["OpenShardCount"]
        self.kinesis.create_stream(
            StreamName=self.stream, ShardCount=2, Tags={"team": "a"}, MaxRecordSizeInKiB=2048
        )
        self.kinesis.get_waiter("stream_exists").wait(StreamName=self.stream)
        self.seen["moreShards"] = self.kinesis.describe_limits()["OpenShardCount"] - before
        described = self.kinesis.describe_stream(StreamName=self.stream)["StreamDescription"]
        self.seen["arn"] = described["StreamARN"] == self.arn
        pages = self.kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 1})
        self.seen["listed"] = self.stream in [name for page in pages for name in page["StreamNames"]]
        # Not by its paginator: it sends the name with every token, which Kinesis refuses.
        page = self.kinesis.list_shards(StreamName=self.stream, MaxResults=1)
        shards = page["Shards"]
        while "NextToken" in page:
            page = self.kinesis.list_shards(NextToken=page["NextToken"], MaxResults=1)
            shards += page["Shards"]
        self.seen["shards"] = [shard["ShardId"][-1] for shard in shards]

    def retention_and_tags(self):
        named = {"StreamARN": self.arn}
        self.kinesis.increase_stream_retention_period(RetentionPeriodHours=48, **named)
        self.settled()
        self.kinesis.decrease_stream_retention_period(RetentionPeriodHours=24, **named)
        self.settled()
        self.kinesis.add_tags_to_stream(Tags={"cost": "b"}, **named)
        self.kinesis.tag_resource(ResourceARN=self.arn, Tags={"by:who": "me"})
        self.kinesis.untag_resource(ResourceARN=self.arn, TagKeys=["team"])
        self.kinesis.remove_tags_from_stream(TagKeys=["cost"], **named)
        one = self.kinesis.list_tags_for_stream(**named)["Tags"]
        other = self.kinesis.list_tags_for_resource(ResourceARN=self.arn)["Tags"]
        self.seen["tags"] = one
        self.seen["sameTags"] = one == other

    def records(self):
        named = {"StreamARN": self.arn}
        one = self.kinesis.put_record(PartitionKey="k", Data=b"one", **named)
        entries = [{"PartitionKey": "k", "Data": data} for data in (b"two", b"\x00\xff")]
        self.kinesis.put_records(Records=entries, **named)
        iterator = self.kinesis.get_shard_iterator(
            ShardId=one["ShardId"], ShardIteratorType="TRIM_HORIZON", **named
        )["ShardIterator"]
        records = self.kinesis.get_records(ShardIterator=iterator, **named)["Records"]
        self.seen["data"] = [record["Data"].hex() for record in records]
        self.seen["encryption"] = [one.get("EncryptionType"), records[0].get("EncryptionType")]
        tried = {"PartitionKey": "k", "Data": b"x", "DryRun": True}
        self.seen["dryRun"] = self.refused(self.kinesis.put_record, **tried, **named)
        self.shard = one["ShardId"]

    def consumer(self):
        named = {"StreamARN": self.arn, "ConsumerName": "app"}
        made = self.kinesis.register_stream_consumer(**named, Tags={"of": "app"})["Consumer"]
        self.consumer_arn = made["ConsumerARN"]
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            described = self.kinesis.describe_stream_consumer(**named)["ConsumerDescription"]
            if described["ConsumerStatus"] == "ACTIVE":
                break
            assert time.monotonic() < deadline, described
            time.sleep(0.05)
        listed = self.kinesis.list_stream_consumers(StreamARN=self.arn)["Consumers"]
        self.seen["consumers"] = [each["ConsumerName"] for each in listed]
        tags = self.kinesis.list_tags_for_resource(ResourceARN=self.consumer_arn)["Tags"]
        self.seen["consumerTags"] = tags
        answer = self.kinesis.subscribe_to_shard(
            ConsumerARN=self.consumer_arn,
            ShardId=self.shard,
            StartingPosition={"Type": "TRIM_HORIZON"},
        )
        events = answer["EventStream"]
        records = next(iter(events))["SubscribeToShardEvent"]["Records"]
        events.close()
        self.seen["subscribed"] = [record["Data"].hex() for record in records]

    def settings(self):
        named = {"StreamARN": self.arn}
        key = {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
        self.kinesis.start_stream_encryption(**named, **key)
        self.seen["updating"] = self.summary()["StreamStatus"]
        self.settled()
        shown = self.summary()
        self.seen["encrypted"] = [shown["EncryptionType"], shown["KeyId"]]
        put = self.kinesis.put_record(PartitionKey="k", Data=b"kept", **named)
        self.seen["encryptedPut"] = put["EncryptionType"]
        self.kinesis.stop_stream_encryption(**named, **key)
        self.settled()
        metrics = self.kinesis.enable_enhanced_monitoring(ShardLevelMetrics=["ALL"], **named)
        self.seen["metrics"] = len(metrics["DesiredShardLevelMetrics"])
        self.settled()
        metrics = self.kinesis.disable_enhanced_monitoring(ShardLevelMetrics=["ALL"], **named)
        self.seen["metricsLeft"] = metrics["DesiredShardLevelMetrics"]
        self.settled()
        self.kinesis.update_max_record_size(MaxRecordSizeInKiB=4096, **named)
        self.settled()
        self.seen["recordKiB"] = self.summary()["MaxRecordSizeInKiB"]
        self.kinesis.put_record(PartitionKey="k", Data=bytes(3 * 1024 * 1024), **named)

    def policies(self):
        policy = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": "123456789012"},
                        "Action": "kinesis:PutRecord",
                        "Resource": self.arn,
                    }
                ],
            },
            indent=3,
        )
        self.kinesis.put_resource_policy(ResourceARN=self.arn, Policy=policy)
        got = self.kinesis.get_resource_policy(ResourceARN=self.arn)["Policy"]
        self.seen["samePolicy"] = json.loads(got) == json.loads(policy)
        self.kinesis.delete_resource_policy(ResourceARN=self.arn)
        self.seen["noPolicy"] = self.kinesis.get_resource_policy(ResourceARN=self.arn)["Policy"]
        self.kinesis.deregister_stream_consumer(ConsumerARN=self.consumer_arn)

    def open_shards(self):
        listed = self.kinesis.list_shards(StreamARN=self.arn, ShardFilter={"Type": "AT_LATEST"})
        return listed["Shards"]

    def resharding(self):
        """Each where the gateway has it; at the end the mode that reshards by itself."""
        if "SplitShard" in self.supported:
            shard = self.open_shards()[0]
            hash_range = shard["HashKeyRange"]
            middle = (int(hash_range["StartingHashKey"]) + int(hash_range["EndingHashKey"])) // 2
            self.kinesis.split_shard(
                StreamARN=self.arn, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(middle)
            )
            self.settled()
        if "MergeShards" in self.supported:
            shards = sorted(self.open_shards(), key=lambda s: int(s["HashKeyRange"]["StartingHashKey"]))
            self.kinesis.merge_shards(
                StreamARN=self.arn,
                ShardToMerge=shards[0]["ShardId"],
                AdjacentShardToMerge=shards[1]["ShardId"],
            )
            self.settled()
        if "UpdateShardCount" in self.supported:
            count = len(self.open_shards())
            self.kinesis.update_shard_count(
                StreamARN=self.arn, TargetShardCount=count * 2, ScalingType="UNIFORM_SCALING"
            )
            self.settled()
        mode = {"StreamMode": "ON_DEMAND"}
        self.kinesis.update_stream_mode(StreamARN=self.arn, StreamModeDetails=mode)
        self.settled()
        shown = self.summary()
        self.seen["mode"] = shown["StreamModeDetails"]["StreamMode"]
        self.seen["openShards"] = shown["OpenShardCount"] == len(self.open_shards())
        warm = self.kinesis.update_stream_warm_throughput(StreamARN=self.arn, WarmThroughputMiBps=2)
        self.seen["warm"] = warm["WarmThroughput"]["TargetMiBps"]
        self.settled()
        self.distribution()

    def distribution(self):
        """The strategy of on-demand streams: keys are optional."""
        named = {"StreamARN": self.arn}
        self.kinesis.update_stream_record_distribution_strategy(
            RecordDistributionStrategy="AUTO", **named
        )
        put = self.kinesis.put_record(Data=b"keyless", **named)
        iterator = self.kinesis.get_shard_iterator(
            ShardId=put["ShardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber=put["SequenceNumber"],
            **named,
        )["ShardIterator"]
        record = self.kinesis.get_records(ShardIterator=iterator, **named)["Records"][0]
        shown = self.summary()["RecordDistributionStrategy"]
        self.seen["distribution"] = [shown, record["Data"].decode(), record.get("PartitionKey")]

    def queue_settled(self, arn):
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            described = self.kinesis.describe_queue(QueueARN=arn)["QueueDescription"]
            if described["QueueStatus"] == "ACTIVE":
                return described
            assert time.monotonic() < deadline, described
            time.sleep(0.05)

    def queue(self):
        """On the stream as it is now: on-demand."""
        name = f"queue-of-{self.stream}"
        made = self.kinesis.create_queue(
            QueueName=name,
            StreamConfigurationList=[
                {"StreamARN": self.arn, "StartingPosition": {"Type": "TRIM_HORIZON"}}
            ],
            Tags={"of": "queue"},
        )["QueueDescription"]
        arn = made["QueueARN"]
        described = self.queue_settled(arn)
        self.seen["queue"] = [made["QueueStatus"], described["QueueAttributes"]]
        attributes = {"VisibilityTimeoutSeconds": 60, "DeadLetterConfiguration": {"TargetType": "NONE"}}
        changed = self.kinesis.update_queue(QueueARN=arn, QueueAttributes=attributes)
        described = self.queue_settled(arn)
        status = changed["QueueDescription"]["QueueStatus"]
        self.seen["queueChanged"] = [status, described["QueueAttributes"] == attributes]
        tags = self.kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"]
        self.seen["queueTags"] = tags
        pages = self.kinesis.get_paginator("list_queues").paginate(
            StreamFilter=[{"StreamARN": self.arn}], PaginationConfig={"PageSize": 1}
        )
        listed = [each for page in pages for each in page["QueueSummaries"]]
        self.seen["queues"] = [each["QueueARN"] == arn for each in listed]
        self.seen["queueCount"] = self.summary()["QueueCount"]
        delete = {"StreamARN": self.arn, "EnforceConsumerDeletion": True}
        self.seen["keepsQueues"] = self.refused(self.kinesis.delete_stream, **delete)
        self.kinesis.delete_queue(QueueARN=arn)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.summary()["QueueCount"] > 0:
            assert time.monotonic() < deadline, self.summary()
            time.sleep(0.05)

    def queue_records(self):
        """A record becomes a dead letter, is restored, and acknowledged; another one stays dead."""
        dead = {"TargetType": "BUILT_IN", "MaxReceiveCount": 1}
        start = {"StreamARN": self.arn, "StartingPosition": {"Type": "LATEST"}}
        arn = self.kinesis.create_queue(
            QueueName=f"records-of-{self.stream}",
            StreamConfigurationList=[start],
            QueueAttributes={"DeadLetterConfiguration": dead},
        )["QueueDescription"]["QueueARN"]
        self.queue_settled(arn)
        restored = self.dead_letter(arn, b"restored")
        later = {"ReceiptHandle": restored["ReceiptHandle"], "VisibilityTimeoutSeconds": 60}
        calls = [
            self.kinesis.update_dead_letter_queue_records_visibility(QueueARN=arn, Entries=[later]),
            self.on_one(self.kinesis.restore_dead_letter_queue_records, arn, restored),
        ]
        again = self.kinesis.receive_queue_records(QueueARN=arn)["QueueRecords"][0]
        calls.append(self.on_one(self.kinesis.acknowledge_queue_records, arn, again))
        letter = self.dead_letter(arn, b"dead")
        acknowledge = self.kinesis.acknowledge_dead_letter_queue_records
        calls.append(self.on_one(acknowledge, arn, letter))
        self.seen["queueRecords"] = [
            *[each["Data"].decode() for each in (restored, again, letter)],
            again["ReceiveCount"],
            [each["Failed"] for each in calls],
        ]
        self.kinesis.delete_queue(QueueARN=arn)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.summary()["QueueCount"] > 0:
            assert time.monotonic() < deadline, self.summary()
            time.sleep(0.05)

    def on_one(self, operation, arn, record):
        return operation(QueueARN=arn, Entries=[{"ReceiptHandle": record["ReceiptHandle"]}])

    def dead_letter(self, arn, data):
        self.kinesis.put_record(StreamARN=self.arn, PartitionKey="a", Data=data)
        record = self.kinesis.receive_queue_records(QueueARN=arn)["QueueRecords"][0]
        at_once = {"ReceiptHandle": record["ReceiptHandle"], "VisibilityTimeoutSeconds": 0}
        self.kinesis.update_queue_records_visibility(QueueARN=arn, Entries=[at_once])
        return self.kinesis.receive_dead_letter_queue_records(QueueARN=arn)["QueueRecords"][0]


if __name__ == "__main__":
    endpoint, stream, supported = sys.argv[1:]
    Scenario(endpoint, stream, supported.split(",")).run()
