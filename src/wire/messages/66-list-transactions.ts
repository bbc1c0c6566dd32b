/** ListTransactions, API key 66. Source: the Kafka protocol guide. */
import { array, arrayOf, int16, int32, int64, message, string } from '../message.ts';

export const listTransactionsRequest = message(
  'ListTransactionsRequest',
  { key: 66, versions: [0, 2], flexible: 0 },
  {
    stateFilters: arrayOf(string()),
    producerIdFilters: arrayOf(int64()),
    durationFilter: int64({ since: 1, default: -1n }),
    transactionalIdPattern: string({ since: 2, nullable: 2, default: null }),
  },
);

export const listTransactionsResponse = message(
  'ListTransactionsResponse',
  { key: 66, versions: [0, 2], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    unknownStateFilters: arrayOf(string()),
    transactionStates: array({
      transactionalId: string(),
      producerId: int64(),
      transactionState: string(),
    }),
  },
);
