/** Fetch, API key 1. Source: the Kafka protocol guide. */
import {
  array,
  arrayOf,
  int16,
  int32,
  int64,
  int8,
  message,
  records,
  string,
  struct,
  uuid,
} from '../message.ts';

export const fetchRequest = message(
  'FetchRequest',
  { key: 1, versions: [4, 18], flexible: 12 },
  {
    clusterId: string({ since: 12, nullable: 12, default: null, tag: 0 }),
    replicaId: int32({ until: 14, default: -1 }),
    replicaState: struct(
      {
        replicaId: int32({ since: 15, default: -1 }),
        replicaEpoch: int64({ since: 15, default: -1n }),
      },
      { since: 15, tag: 1 },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ default: 0x7fff_ffff }),
    isolationLevel: int8(),
    sessionId: int32({ since: 7 }),
    sessionEpoch: int32({ since: 7, default: -1 }),
    topics: array({
      topic: string({ until: 12 }),
      topicId: uuid({ since: 13 }),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32({ since: 9, default: -1 }),
        fetchOffset: int64(),
        lastFetchedEpoch: int32({ since: 12, default: -1 }),
        logStartOffset: int64({ since: 5, default: -1n }),
        partitionMaxBytes: int32(),
        replicaDirectoryId: uuid({ since: 17, tag: 0 }),
        highWatermark: int64({ since: 18, default: 0x7fff_ffff_ffff_ffffn, tag: 1 }),
      }),
    }),
    forgottenTopicsData: array(
      {
        topic: string({ since: 7, until: 12 }),
        topicId: uuid({ since: 13 }),
        partitions: arrayOf(int32(), { since: 7 }),
      },
      { since: 7 },
    ),
    rackId: string({ since: 11 }),
  },
);

export const fetchResponse = message(
  'FetchResponse',
  { key: 1, versions: [4, 18], flexible: 12 },
  {
    throttleTimeMs: int32(),
    errorCode: int16({ since: 7 }),
    sessionId: int32({ since: 7 }),
    responses: array({
      topic: string({ until: 12 }),
      topicId: uuid({ since: 13 }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        highWatermark: int64(),
        lastStableOffset: int64({ default: -1n }),
        logStartOffset: int64({ since: 5, default: -1n }),
        divergingEpoch: struct(
          {
            epoch: int32({ since: 12, default: -1 }),
            endOffset: int64({ since: 12, default: -1n }),
          },
          { since: 12, tag: 0 },
        ),
        currentLeader: struct(
          {
            leaderId: int32({ since: 12, default: -1 }),
            leaderEpoch: int32({ since: 12, default: -1 }),
          },
          { since: 12, tag: 1 },
        ),
        snapshotId: struct(
          {
            endOffset: int64({ default: -1n }),
            epoch: int32({ default: -1 }),
          },
          { since: 12, tag: 2 },
        ),
        abortedTransactions: array(
          {
            producerId: int64(),
            firstOffset: int64(),
          },
          { nullable: 4 },
        ),
        preferredReadReplica: int32({ since: 11, default: -1 }),
        records: records({ nullable: 0 }),
      }),
    }),
    nodeEndpoints: array(
      {
        nodeId: int32({ since: 16 }),
        host: string({ since: 16 }),
        port: int32({ since: 16 }),
        rack: string({ since: 16, nullable: 16, default: null }),
      },
      { since: 16, tag: 0 },
    ),
  },
);
