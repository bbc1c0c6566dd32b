"""Receivers of a queue that behave as receivers do: most acknowledge, some take more time, give
records back, or forget them. Every call and its outcome is a line of JSON on standard output.

queue_receivers.py URLS QUEUE_ARN THREADS SEED POISON_EVERY [WAIT_S]
    until its input ends; values that end in `.N` with N divisible by POISON_EVERY are never
    acknowledged
"""

import json
import random
import sys
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

lock = threading.Lock()
ended = threading.Event()


def tell(**line):
    with lock:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def client(url):
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=30)
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return boto3.client("kinesis", endpoint_url=url, region_name="us-east-1", config=config, **keys)


def now():
    return time.time() * 1000


class Receiver:
    def __init__(self, urls, arn, seed, poison_every, wait_s):
        self.clients = [client(url) for url in urls]
        self.arn, self.poison_every, self.wait_s = arn, poison_every, wait_s
        self.random = random.Random(seed)
        self.name = seed

    def call(self, operation, note, **given):
        """One call to a gateway that is chosen at random; None where it failed."""
        start = now()
        try:
            chosen = self.random.choice(self.clients)
            answer = getattr(chosen, operation)(QueueARN=self.arn, **given)
        except (BotoCoreError, ClientError) as error:
            tell(op=operation, start=start, end=now(), error=str(error), **note)
            if not ended.is_set():
                time.sleep(0.1)
            return None, start
        return answer, start

    def entries(self, operation, entries):
        if not entries:
            return
        handles = [entry["ReceiptHandle"] for entry in entries]
        times = [entry.get("VisibilityTimeoutSeconds") for entry in entries]
        note = {"handles": handles, "visibility": times}
        answer, start = self.call(operation, note, Entries=entries)
        if answer is None:
            return
        done = [each["ReceiptHandle"] for each in answer["Successful"]]
        failed = {each["ReceiptHandle"]: each["ErrorCode"] for each in answer["Failed"]}
        tell(op=operation, start=start, end=now(), done=done, failed=failed, **note)

    def receive(self):
        given = {"Limit": self.random.choice([1, 5, 10, 10, 10]), "WaitTimeSeconds": self.wait_s}
        visibility = self.random.choice([None, None, None, 2, 5])
        if visibility is not None:
            given["VisibilityTimeoutSeconds"] = visibility
        note = {"visibility": visibility, "limit": given["Limit"]}
        answer, start = self.call("receive_queue_records", note, **given)
        if answer is None:
            return []
        records = [
            {
                "handle": record["ReceiptHandle"],
                "id": record["RecordId"],
                "value": record["Data"].decode(),
                "count": record["ReceiveCount"],
                "first": record["FirstReceiveTimestamp"].timestamp() * 1000,
            }
            for record in answer["QueueRecords"]
        ]
        tell(op="receive_queue_records", start=start, end=now(), records=records, **note)
        return records

    def fate(self, record):
        if int(record["value"].rsplit(".", 1)[1]) % self.poison_every == 0:
            return self.random.choice(["forget", "release", "extend"])
        return self.random.choices(
            ["acknowledge", "forget", "extend, acknowledge", "extend", "release"],
            [88, 3, 5, 2, 2],
        )[0]

    def round(self):
        fates = {record["handle"]: self.fate(record) for record in self.receive()}

        def where(*wanted):
            return [handle for handle, fate in fates.items() if fate in wanted]

        extended = where("extend, acknowledge", "extend")
        self.entries(
            "update_queue_records_visibility",
            [
                {"ReceiptHandle": each, "VisibilityTimeoutSeconds": self.random.choice([2, 4])}
                for each in extended
            ]
            + [{"ReceiptHandle": each, "VisibilityTimeoutSeconds": 0} for each in where("release")],
        )
        self.entries(
            "acknowledge_queue_records",
            [{"ReceiptHandle": each} for each in where("acknowledge", "extend, acknowledge")],
        )

    def run(self):
        while not ended.is_set():
            self.round()


def main(urls, arn, threads, seed, poison_every, wait_s="1"):
    # Everything that is sent is made up before the gateways are in a hurry.
    workers = [
        Receiver(urls.split(","), arn, int(seed) * 1000 + n, int(poison_every), int(wait_s))
        for n in range(int(threads))
    ]
    running = [threading.Thread(target=worker.run) for worker in workers]
    for thread in running:
        thread.start()
    sys.stdin.read()
    ended.set()
    for thread in running:
        thread.join()


main(*sys.argv[1:])
