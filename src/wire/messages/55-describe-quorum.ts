/** DescribeQuorum, API key 55. Source: the Kafka protocol guide. */
import { array, int16, int32, int64, message, string, uint16, uuid } from '../message.ts';

export const describeQuorumRequest = message(
  'DescribeQuorumRequest',
  { key: 55, versions: [0, 2], flexible: 0 },
  {
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
      }),
    }),
  },
);

const replicaState = {
  replicaId: int32(),
  replicaDirectoryId: uuid({ since: 2 }),
  logEndOffset: int64(),
  lastFetchTimestamp: int64({ since: 1, default: -1n }),
  lastCaughtUpTimestamp: int64({ since: 1, default: -1n }),
};

export const describeQuorumResponse = message(
  'DescribeQuorumResponse',
  { key: 55, versions: [0, 2], flexible: 0 },
  {
    errorCode: int16(),
    errorMessage: string({ since: 2, nullable: 2 }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ since: 2, nullable: 2 }),
        leaderId: int32(),
        leaderEpoch: int32(),
        highWatermark: int64(),
        currentVoters: array(replicaState),
        observers: array(replicaState),
      }),
    }),
    nodes: array(
      {
        nodeId: int32({ since: 2 }),
        listeners: array(
          {
            name: string({ since: 2 }),
            host: string({ since: 2 }),
            port: uint16({ since: 2 }),
          },
          { since: 2 },
        ),
      },
      { since: 2 },
    ),
  },
);
