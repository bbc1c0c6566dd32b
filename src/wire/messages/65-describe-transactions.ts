/** DescribeTransactions, API key 65. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, int64, message, string } from '../message.ts';

export const describeTransactionsRequest = message(
  'DescribeTransactionsRequest',
  { key: 65, versions: [0, 0], flexible: 0 },
  {
    transactionalIds: arrayOf(string()),
  },
);

export const describeTransactionsResponse = message(
  'DescribeTransactionsResponse',
  { key: 65, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    transactionStates: array({
      errorCode: int16(),
      transactionalId: string(),
      transactionState: string(),
      transactionTimeoutMs: int32(),
      transactionStartTimeMs: int64(),
      producerId: int64(),
      producerEpoch: int16(),
      topics: array({
        topic: string(),
        partitions: arrayOf(int32()),
      }),
    }),
  },
);
