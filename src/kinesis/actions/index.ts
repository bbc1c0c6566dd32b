/** The list of actions: dispatch, documentation and metrics derive from it. */
import type { Action } from '../action.ts';
import { addTagsToStream } from './add-tags-to-stream.ts';
import { createStream } from './create-stream.ts';
import { decreaseStreamRetentionPeriod } from './decrease-stream-retention-period.ts';
import { deleteStream } from './delete-stream.ts';
import { deregisterStreamConsumer } from './deregister-stream-consumer.ts';
import { describeStreamConsumer } from './describe-stream-consumer.ts';
import { describeStreamSummary } from './describe-stream-summary.ts';
import { describeStream } from './describe-stream.ts';
import { getRecords } from './get-records.ts';
import { getShardIterator } from './get-shard-iterator.ts';
import { increaseStreamRetentionPeriod } from './increase-stream-retention-period.ts';
import { listShards } from './list-shards.ts';
import { listStreamConsumers } from './list-stream-consumers.ts';
import { listStreams } from './list-streams.ts';
import { listTagsForStream } from './list-tags-for-stream.ts';
import { putRecord } from './put-record.ts';
import { putRecords } from './put-records.ts';
import { registerStreamConsumer } from './register-stream-consumer.ts';
import { removeTagsFromStream } from './remove-tags-from-stream.ts';
import { subscribeToShard } from './subscribe-to-shard.ts';

export const actions: readonly Action[] = [
  addTagsToStream,
  createStream,
  decreaseStreamRetentionPeriod,
  deleteStream,
  deregisterStreamConsumer,
  describeStream,
  describeStreamConsumer,
  describeStreamSummary,
  getRecords,
  getShardIterator,
  increaseStreamRetentionPeriod,
  listShards,
  listStreamConsumers,
  listStreams,
  listTagsForStream,
  putRecord,
  putRecords,
  registerStreamConsumer,
  removeTagsFromStream,
  subscribeToShard,
];
