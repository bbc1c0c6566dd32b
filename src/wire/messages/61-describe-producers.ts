/** DescribeProducers, API key 61. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, int64, message, string } from '../message.ts';

export const describeProducersRequest = message(
  'DescribeProducersRequest',
  { key: 61, versions: [0, 0], flexible: 0 },
  {
    topics: array({
      name: string(),
      partitionIndexes: arrayOf(int32()),
    }),
  },
);

export const describeProducersResponse = message(
  'DescribeProducersResponse',
  { key: 61, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: 0, default: null }),
        activeProducers: array({
          producerId: int64(),
          producerEpoch: int32(),
          lastSequence: int32({ default: -1 }),
          lastTimestamp: int64({ default: -1n }),
          coordinatorEpoch: int32(),
          currentTxnStartOffset: int64({ default: -1n }),
        }),
      }),
    }),
  },
);
