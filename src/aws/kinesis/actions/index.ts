/** The list of actions, from which dispatch, documentation and metrics are derived. */
import type { KinesisAction } from '../action.ts';
import { acknowledgeDeadLetterQueueRecords } from './acknowledge-dead-letter-queue-records.ts';
import { acknowledgeQueueRecords } from './acknowledge-queue-records.ts';
import { addTagsToStream } from './add-tags-to-stream.ts';
import { createQueue } from './create-queue.ts';
import { createStream } from './create-stream.ts';
import { decreaseStreamRetentionPeriod } from './decrease-stream-retention-period.ts';
import { deleteQueue } from './delete-queue.ts';
import { deleteResourcePolicy } from './delete-resource-policy.ts';
import { deleteStream } from './delete-stream.ts';
import { deregisterStreamConsumer } from './deregister-stream-consumer.ts';
import { describeAccountSettings } from './describe-account-settings.ts';
import { describeLimits } from './describe-limits.ts';
import { describeQueue } from './describe-queue.ts';
import { describeStream } from './describe-stream.ts';
import { describeStreamConsumer } from './describe-stream-consumer.ts';
import { describeStreamSummary } from './describe-stream-summary.ts';
import { disableEnhancedMonitoring } from './disable-enhanced-monitoring.ts';
import { enableEnhancedMonitoring } from './enable-enhanced-monitoring.ts';
import { getRecords } from './get-records.ts';
import { getResourcePolicy } from './get-resource-policy.ts';
import { getShardIterator } from './get-shard-iterator.ts';
import { increaseStreamRetentionPeriod } from './increase-stream-retention-period.ts';
import { listQueues } from './list-queues.ts';
import { listShards } from './list-shards.ts';
import { listStreamConsumers } from './list-stream-consumers.ts';
import { listStreams } from './list-streams.ts';
import { listTagsForResource } from './list-tags-for-resource.ts';
import { listTagsForStream } from './list-tags-for-stream.ts';
import { mergeShards } from './merge-shards.ts';
import { putRecord } from './put-record.ts';
import { putRecords } from './put-records.ts';
import { putResourcePolicy } from './put-resource-policy.ts';
import { receiveDeadLetterQueueRecords } from './receive-dead-letter-queue-records.ts';
import { receiveQueueRecords } from './receive-queue-records.ts';
import { registerStreamConsumer } from './register-stream-consumer.ts';
import { removeTagsFromStream } from './remove-tags-from-stream.ts';
import { restoreDeadLetterQueueRecords } from './restore-dead-letter-queue-records.ts';
import { splitShard } from './split-shard.ts';
import { startStreamEncryption } from './start-stream-encryption.ts';
import { stopStreamEncryption } from './stop-stream-encryption.ts';
import { subscribeToShard } from './subscribe-to-shard.ts';
import { tagResource } from './tag-resource.ts';
import { untagResource } from './untag-resource.ts';
import { updateAccountSettings } from './update-account-settings.ts';
import { updateDeadLetterVisibility } from './update-dead-letter-queue-records-visibility.ts';
import { updateMaxRecordSize } from './update-max-record-size.ts';
import { updateQueue } from './update-queue.ts';
import { updateQueueRecordsVisibility } from './update-queue-records-visibility.ts';
import { updateShardCount } from './update-shard-count.ts';
import { updateStreamMode } from './update-stream-mode.ts';
import { updateRecordDistributionStrategy } from './update-stream-record-distribution-strategy.ts';
import { updateStreamWarmThroughput } from './update-stream-warm-throughput.ts';

export const actions: readonly KinesisAction[] = [
  acknowledgeDeadLetterQueueRecords,
  acknowledgeQueueRecords,
  addTagsToStream,
  createQueue,
  createStream,
  decreaseStreamRetentionPeriod,
  deleteQueue,
  deleteResourcePolicy,
  deleteStream,
  deregisterStreamConsumer,
  describeAccountSettings,
  describeLimits,
  describeQueue,
  describeStream,
  describeStreamConsumer,
  describeStreamSummary,
  disableEnhancedMonitoring,
  enableEnhancedMonitoring,
  getRecords,
  getResourcePolicy,
  getShardIterator,
  increaseStreamRetentionPeriod,
  listQueues,
  listShards,
  listStreamConsumers,
  listStreams,
  listTagsForResource,
  listTagsForStream,
  mergeShards,
  putRecord,
  putRecords,
  putResourcePolicy,
  receiveDeadLetterQueueRecords,
  receiveQueueRecords,
  registerStreamConsumer,
  removeTagsFromStream,
  restoreDeadLetterQueueRecords,
  splitShard,
  startStreamEncryption,
  stopStreamEncryption,
  subscribeToShard,
  tagResource,
  untagResource,
  updateAccountSettings,
  updateDeadLetterVisibility,
  updateMaxRecordSize,
  updateQueue,
  updateQueueRecordsVisibility,
  updateShardCount,
  updateStreamMode,
  updateRecordDistributionStrategy,
  updateStreamWarmThroughput,
];
