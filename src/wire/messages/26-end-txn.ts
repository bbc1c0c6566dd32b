/** EndTxn, API key 26. Source: the Kafka protocol guide. */
import { bool, int16, int32, int64, message, string } from '../message.ts';

export const endTxnRequest = message(
  'EndTxnRequest',
  { key: 26, versions: [0, 5], flexible: 3 },
  {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    committed: bool(),
  },
);

export const endTxnResponse = message(
  'EndTxnResponse',
  { key: 26, versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerId: int64({ since: 5, default: -1n }),
    producerEpoch: int16({ since: 5, default: -1 }),
  },
);
