/** ShareAcknowledge, API key 79. Source: the Kafka protocol guide. */
import {
  array,
  arrayOf,
  bool,
  int16,
  int32,
  int64,
  int8,
  message,
  string,
  struct,
  uuid,
} from '../message.ts';

export const shareAcknowledgeRequest = message(
  'ShareAcknowledgeRequest',
  { key: 79, versions: [1, 2], flexible: 0 },
  {
    groupId: string({ nullable: 0, default: null }),
    memberId: string({ nullable: 0 }),
    shareSessionEpoch: int32(),
    isRenewAck: bool({ since: 2 }),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partitionIndex: int32(),
        acknowledgementBatches: array({
          firstOffset: int64(),
          lastOffset: int64(),
          acknowledgeTypes: arrayOf(int8()),
        }),
      }),
    }),
  },
);

export const shareAcknowledgeResponse = message(
  'ShareAcknowledgeResponse',
  { key: 79, versions: [1, 2], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0, default: null }),
    acquisitionLockTimeoutMs: int32({ since: 2 }),
    responses: array({
      topicId: uuid(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: 0, default: null }),
        currentLeader: struct({
          leaderId: int32(),
          leaderEpoch: int32(),
        }),
      }),
    }),
    nodeEndpoints: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: 0, default: null }),
    }),
  },
);
