"""A record processor of amazon_kclpy, run by the MultiLangDaemon once for each shard.

What it is handed goes to a file of its own in the folder KCLPY_SEEN, as JSON lines; its standard
output belongs to the daemon.
"""
import base64
import json
import os

from amazon_kclpy import kcl
from amazon_kclpy.v2 import processor


class Processor(processor.RecordProcessorBase):
    def initialize(self, initialize_input):
        self.shard = initialize_input.shard_id
        name = f"{self.shard}-{os.getpid()}.jsonl"
        self.seen = open(os.path.join(os.environ["KCLPY_SEEN"], name), "w", encoding="utf-8")

    def process_records(self, process_records_input):
        for record in process_records_input.records:
            line = {
                "shard": self.shard,
                "seq": str(record.sequence_number),
                "sub": record.sub_sequence_number,
                "key": record.partition_key,
                "value": base64.b64encode(record.binary_data).decode(),
                "ms": round(record.approximate_arrival_timestamp.timestamp() * 1000),
            }
            self.seen.write(json.dumps(line) + "\n")
        self.seen.flush()
        process_records_input.checkpointer.checkpoint()

    def shutdown(self, shutdown_input):
        if shutdown_input.reason == "TERMINATE":
            shutdown_input.checkpointer.checkpoint()
        self.seen.close()


kcl.KCLProcess(Processor()).run()
