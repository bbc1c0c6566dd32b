/** WriteTxnMarkers, API key 27. Source: the Kafka protocol guide. */
import { array, arrayOf, bool, int16, int32, int64, int8, message, string } from '../message.ts';

export const writeTxnMarkersRequest = message(
  'WriteTxnMarkersRequest',
  { key: 27, versions: [1, 2], flexible: 1 },
  {
    markers: array({
      producerId: int64(),
      producerEpoch: int16(),
      transactionResult: bool(),
      topics: array({
        name: string(),
        partitionIndexes: arrayOf(int32()),
      }),
      coordinatorEpoch: int32(),
      transactionVersion: int8({ since: 2, default: 0 }),
    }),
  },
);

export const writeTxnMarkersResponse = message(
  'WriteTxnMarkersResponse',
  { key: 27, versions: [1, 2], flexible: 1 },
  {
    markers: array({
      producerId: int64(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    }),
  },
);
